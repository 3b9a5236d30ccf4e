"""One call makes everything that follows repeatable."""

import random

import numpy as np
import pytest
import torch

from pipeline.execution.reproducible import set_up


def draws() -> tuple[float, float, float]:
    """A number from each generator."""
    return random.random(), float(np.random.rand()), float(torch.rand(()))


def test_the_seed_decides_every_draw() -> None:
    set_up(3, 1)
    first, later = draws(), draws()
    set_up(3, 1)
    assert draws() == first and first != later
    set_up(4, 1)
    assert all(one != other for one, other in zip(draws(), first, strict=True))


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_and_deterministic_kernels_are_set(threads: int) -> None:
    set_up(0, threads)
    assert torch.get_num_threads() == threads
    assert torch.are_deterministic_algorithms_enabled()
