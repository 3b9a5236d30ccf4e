"""The compiled recursions of the CRF against those of torch, step by step, and against all of them at once."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ldnet.crf.recursions import log_sums, viterbi
from ldnet.crf.transitions import sums_from_left, sums_from_right

LENGTHS = [1, 30, 7, 2]
TAGS, START, END = 9, 7, 8


def scores(seed: int, spread: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Emissions (B, T, K) and transitions (K, K)."""
    random = torch.Generator().manual_seed(seed)
    emissions = torch.randn(len(LENGTHS), max(LENGTHS), TAGS, generator=random) * spread
    return emissions, torch.randn(TAGS, TAGS, generator=random) * spread


@pytest.mark.parametrize("spread", [0.0, 1.0, 300.0, 1e5])
def test_log_sums_are_those_of_torch(spread: float) -> None:
    """Scores that differ by thousands have exponentials that are 0."""
    emissions, transitions = (values.double() for values in scores(0, spread))
    lengths = torch.tensor(LENGTHS)
    before, after = torch.empty_like(emissions), torch.empty_like(emissions)
    log_sums(emissions.numpy(), transitions.numpy(), lengths.numpy(), START, END, before.numpy(), after.numpy())
    expected_before = sums_from_left(emissions, transitions, START)
    expected_after = sums_from_right(emissions, transitions, END, lengths)
    for row, length in enumerate(LENGTHS):
        torch.testing.assert_close(before[row, :length], expected_before[row, :length], rtol=1e-12, atol=1e-10)
        torch.testing.assert_close(after[row, :length], expected_after[row, :length], rtol=1e-12, atol=1e-10)


def test_tags_that_nothing_leads_to_have_no_sum() -> None:
    emissions, transitions = (values.double() for values in scores(1, 1.0))
    transitions[:, 3] = -torch.inf
    before, after = torch.empty_like(emissions), torch.empty_like(emissions)
    lengths = np.array(LENGTHS)
    log_sums(emissions.numpy(), transitions.numpy(), lengths, START, END, before.numpy(), after.numpy())
    assert (before[1, :30, 3] == -torch.inf).all() and before[1, :30, 4].isfinite().all()


def test_where_no_path_begins_there_is_no_sum() -> None:
    """Not NaN, which the difference of two infinities is."""
    emissions, transitions = (values.double() for values in scores(1, 1.0))
    transitions[START] = -torch.inf
    before, after = torch.empty_like(emissions), torch.empty_like(emissions)
    log_sums(emissions.numpy(), transitions.numpy(), np.array(LENGTHS), START, END, before.numpy(), after.numpy())
    assert (before[1, :30] == -torch.inf).all() and after[1, 0, 0].isfinite()


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_the_best_path_is_that_of_slow_loops(spread: float) -> None:
    """Of equally good tags the first: with a spread of 0, all are."""
    emissions, transitions = (values.numpy() for values in scores(2, spread))
    paths = np.full(emissions.shape[:2], -1, np.int32)
    viterbi(emissions, transitions, np.array(LENGTHS), START, END, paths)
    for row, length in enumerate(LENGTHS):
        assert paths[row, :length].tolist() == slow_path(emissions[row, :length], transitions)
        assert (paths[row, length:] == -1).all()


def slow_path(emissions: NDArray[np.float32], transitions: NDArray[np.float32]) -> list[int]:
    best = [transitions[START] + emissions[0]]
    for emission in emissions[1:]:
        best.append((best[-1][:, None] + transitions).max(0) + emission)
    path = [END]
    for earlier in best[-2::-1]:
        path.append(int((earlier + transitions[:, path[-1]]).argmax()))
    return path[::-1]
