"""Choices that look at nothing: which layers they keep."""

from collections import Counter
from itertools import combinations
from typing import get_args

import pytest
import torch

from pipeline.selection.budget import enforce_budget
from pipeline.selection.controls import Control, control_scores


def kept(control: Control, max_layers: int, layers: int = 3, seed: int = 1) -> list[int]:
    gates = torch.ones(2 * layers)
    enforce_budget(gates, control_scores(control, layers, seed), max_layers)
    return gates.nonzero().flatten().tolist()


@pytest.mark.parametrize(
    ("max_layers", "first", "last"),
    [(0, [], []), (1, [3], [5]), (2, [0, 3], [2, 5]), (3, [0, 3, 4], [2, 4, 5]), (6, [0, 1, 2, 3, 4, 5], None)],
)
def test_first_and_last_alternate_between_the_directions(
    max_layers: int, first: list[int], last: list[int] | None
) -> None:
    """Three layers a direction, the backward ones from 3 on."""
    assert kept("first", max_layers) == first
    assert kept("last", max_layers) == (first if last is None else last)


def test_all_sets_of_random_layers_are_drawn_about_as_often() -> None:
    counts = Counter(tuple(kept("random", 2, layers=2, seed=seed)) for seed in range(600))
    assert set(counts) == set(combinations(range(4), 2))
    assert all(60 <= count <= 140 for count in counts.values())  # 100 expected, with a standard deviation of 9


def test_draws_leave_the_other_random_numbers_of_the_process_alone() -> None:
    before = torch.get_rng_state()
    control_scores("random", 3, 1)
    assert torch.equal(torch.get_rng_state(), before)


def test_random_layers_repeat_themselves_and_grow_with_the_budget() -> None:
    for seed in range(20):
        assert kept("random", 4, seed=seed) == kept("random", 4, seed=seed)
        assert set(kept("random", 2, seed=seed)) < set(kept("random", 4, seed=seed))


@pytest.mark.parametrize("control", get_args(Control))
def test_every_layer_counts_more_than_a_closed_one(control: Control) -> None:
    assert control_scores(control, 3, 1).min() > 0
