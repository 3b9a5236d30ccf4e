"""The CRF against the sum and the maximum over all tag sequences."""

import itertools

import pytest
import torch
from torch import Tensor

from pipeline.tagger.crf import CRF

TAGS, START, END = 4, 2, 3
LENGTHS = [1, 3, 4, 2]


def make_crf() -> CRF:
    torch.manual_seed(0)
    crf = CRF(5, TAGS, START, END)
    torch.nn.init.normal_(crf.transitions, std=2.0)
    return crf


def make_emissions() -> Tensor:
    return 2 * torch.randn(len(LENGTHS), max(LENGTHS), TAGS, generator=torch.Generator().manual_seed(1))


def path_score(crf: CRF, emissions: Tensor, path: tuple[int, ...]) -> Tensor:
    steps = zip((START, *path), path, strict=False)
    scores = [crf.transitions[before, tag] + emissions[step, tag] for step, (before, tag) in enumerate(steps)]
    return torch.stack(scores).sum()


def all_paths(length: int) -> list[tuple[int, ...]]:
    """Every sequence of tags, closed by the end tag."""
    return [(*path, END) for path in itertools.product(range(TAGS), repeat=length - 1)]


def test_likelihood_equals_the_sum_over_all_paths() -> None:
    crf, emissions = make_crf(), make_emissions()
    tags = torch.tensor([[3, 0, 0, 0], [1, 0, 3, 0], [0, 1, 1, 3], [2, 3, 0, 0]])
    losses = crf.negative_log_likelihood(emissions, tags, torch.tensor(LENGTHS))
    for row, length in enumerate(LENGTHS):
        scores = torch.stack([path_score(crf, emissions[row], path) for path in all_paths(length)])
        gold = path_score(crf, emissions[row], tuple(tags[row, :length].tolist()))
        torch.testing.assert_close(losses[row], scores.logsumexp(0) - gold)


def test_viterbi_equals_the_best_of_all_paths() -> None:
    crf, emissions = make_crf(), make_emissions()
    decoded = crf.decode(emissions, torch.tensor(LENGTHS))
    for row, length in enumerate(LENGTHS):
        best = max(all_paths(length), key=lambda path: path_score(crf, emissions[row], path).item())
        assert decoded[row] == list(best[:-1])


def test_padding_has_no_effect() -> None:
    crf, emissions = make_crf(), make_emissions()
    tags = torch.full((len(LENGTHS), max(LENGTHS)), END)
    lengths = torch.tensor(LENGTHS)
    garbage = emissions.clone()
    for row, length in enumerate(LENGTHS):
        garbage[row, length:] = 1e4
    assert crf.decode(garbage, lengths) == crf.decode(emissions, lengths)
    torch.testing.assert_close(
        crf.negative_log_likelihood(garbage, tags, lengths), crf.negative_log_likelihood(emissions, tags, lengths)
    )


@pytest.mark.parametrize("scale", [30.0, 100.0])
def test_large_scores_stay_finite(scale: float) -> None:
    crf, emissions = make_crf(), scale * make_emissions()
    tags = torch.full((len(LENGTHS), max(LENGTHS)), END)
    losses = crf.negative_log_likelihood(emissions, tags, torch.tensor(LENGTHS))
    assert torch.isfinite(losses).all() and (losses > -1e-3).all()
    losses.sum().backward()
    assert crf.transitions.grad is not None and torch.isfinite(crf.transitions.grad).all()
