"""Packed places against a plain loop over steps."""

import numpy as np
import pytest

from ldnet.decoding.packing import Packing, places_within


@pytest.mark.parametrize("lengths", [[1], [3, 1, 2], [2, 2, 5, 1, 5], [4, 4, 4]])
def test_places_are_those_of_a_loop_over_steps(lengths: list[int]) -> None:
    order = sorted(range(len(lengths)), key=lambda index: -lengths[index])
    steps = [[(index, step) for index in order if step < lengths[index]] for step in range(max(lengths))]
    packed = [place for step in steps for place in step]
    places = [(index, place) for index, length in enumerate(lengths) for place in range(length)]

    packing = Packing.of(np.array(lengths))
    assert packing.running.tolist() == [len(step) for step in steps]
    assert packing.from_left.tolist() == [packed.index(place) for place in places]
    mirrored = [(index, lengths[index] - 1 - place) for index, place in places]
    assert packing.from_right.tolist() == [packed.index(place) for place in mirrored]


def test_places_within_count_from_zero() -> None:
    assert places_within(np.array([3, 1, 2])).tolist() == [0, 1, 2, 0, 0, 1]
