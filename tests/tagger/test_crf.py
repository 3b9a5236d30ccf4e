"""The CRF against the sum and the maximum over all tag sequences."""

import itertools

import pytest
import torch
from torch import Tensor

from ldnet.crf.transitions import Transitions
from pipeline.execution.finite import NotFiniteError
from pipeline.tagger.crf import CRF

TAGS, START, END = 4, 2, 3
LENGTHS = [1, 3, 5, 2]  # the longest has another number of steps than there are tags


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
    tags = torch.tensor([[3, 0, 0, 0, 0], [1, 0, 3, 0, 0], [0, 1, 1, 2, 3], [2, 3, 0, 0, 0]])
    losses = crf.negative_log_likelihood(emissions, tags, torch.tensor(LENGTHS))
    for row, length in enumerate(LENGTHS):
        scores = torch.stack([path_score(crf, emissions[row], path) for path in all_paths(length)])
        gold = path_score(crf, emissions[row], tuple(tags[row, :length].tolist()))
        torch.testing.assert_close(losses[row], scores.logsumexp(0) - gold)


def test_sentences_without_words_have_one_path() -> None:
    crf, emissions = make_crf(), make_emissions()[:, :1]
    lengths = torch.ones(len(LENGTHS), dtype=torch.int64)
    losses = crf.negative_log_likelihood(emissions, torch.full((len(LENGTHS), 1), END), lengths)
    torch.testing.assert_close(losses, torch.zeros(len(LENGTHS)), atol=1e-5, rtol=0)
    assert crf.decode(emissions, lengths) == [[]] * len(LENGTHS)
    tags, counts = crf.marginals(emissions, lengths)
    assert tags[:, 0].tolist() == [[0.0, 0.0, 0.0, 1.0]] * len(LENGTHS)
    assert (counts[:, START, END] == 1).all() and (counts.sum((1, 2)) == 1).all()


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


def expected(crf: CRF, emissions: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Tag probabilities (length, K) and transition counts (K, K), from the probability of every path."""
    paths = all_paths(length)
    probabilities = torch.stack([path_score(crf, emissions, path) for path in paths]).softmax(0)
    tags, counts = torch.zeros(length, TAGS), torch.zeros(TAGS, TAGS)
    for path, probability in zip(paths, probabilities, strict=True):
        for step, (before, tag) in enumerate(zip((START, *path), path, strict=False)):
            tags[step, tag] += probability
            counts[before, tag] += probability
    return tags, counts


def test_marginals_equal_those_of_all_paths() -> None:
    crf, emissions = make_crf().requires_grad_(False), make_emissions()
    garbage = emissions.clone()
    for row, length in enumerate(LENGTHS):
        garbage[row, length:] = 1e4
    tags, counts = crf.marginals(garbage, torch.tensor(LENGTHS))
    for row, length in enumerate(LENGTHS):
        of_tags, of_transitions = expected(crf, emissions[row], length)
        torch.testing.assert_close(tags[row, :length], of_tags, atol=1e-5, rtol=0)
        torch.testing.assert_close(counts[row], of_transitions, atol=1e-5, rtol=0)
        assert not tags[row, length:].any()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_scores_that_are_not_finite_have_neither_marginals_nor_a_best_path(value: float) -> None:
    crf, emissions = make_crf(), make_emissions()
    emissions[1, 2, 0] = value
    for compute in (crf.decode, crf.marginals):
        with pytest.raises(NotFiniteError, match=r"^the tagger's scores are not finite"):
            compute(emissions, torch.tensor(LENGTHS))


def test_features_of_low_precision_have_emissions_of_full_precision() -> None:
    crf, features = make_crf(), torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(1)).bfloat16()
    expected = features.float() @ crf.hidden2tag.weight.T + crf.hidden2tag.bias
    torch.testing.assert_close(crf.emissions(features), expected)


def test_a_new_crf_prefers_no_transition() -> None:
    crf = CRF(5, TAGS, START, END)
    assert crf.transitions.tolist() == [[0.0] * TAGS] * TAGS and crf.transitions.requires_grad
    assert (crf.finished().start, crf.finished().end) == (START, END)


def test_cross_entropy_equals_the_sum_over_all_paths() -> None:
    teacher, crf, emissions = make_crf().requires_grad_(False), make_crf().requires_grad_(False), make_emissions()
    torch.nn.init.normal_(crf.transitions, std=1.0)
    of_teacher = 0.5 * emissions.flip(2)
    losses = crf.cross_entropy(emissions, *teacher.marginals(of_teacher, torch.tensor(LENGTHS)), torch.tensor(LENGTHS))
    for row, length in enumerate(LENGTHS):
        paths = all_paths(length)
        theirs, ours = (
            torch.stack([path_score(model, scores, path) for path in paths]).log_softmax(0)
            for model, scores in ((teacher, of_teacher[row]), (crf, emissions[row]))
        )
        torch.testing.assert_close(losses[row], -(theirs.exp() * ours).sum(), atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("scale", [30.0, 100.0])
def test_large_scores_have_marginals(scale: float) -> None:
    tags, counts = make_crf().marginals(scale * make_emissions(), torch.tensor(LENGTHS))
    torch.testing.assert_close(tags.sum((1, 2)), torch.tensor(LENGTHS).float())
    torch.testing.assert_close(counts.sum((1, 2)), torch.tensor(LENGTHS).float())


@pytest.mark.parametrize("scale", [30.0, 100.0])
def test_large_scores_stay_finite(scale: float) -> None:
    crf, emissions = make_crf(), scale * make_emissions()
    tags = torch.full((len(LENGTHS), max(LENGTHS)), END)
    losses = crf.negative_log_likelihood(emissions, tags, torch.tensor(LENGTHS))
    assert torch.isfinite(losses).all() and (losses > -1e-3).all()
    losses.sum().backward()
    assert crf.transitions.grad is not None and torch.isfinite(crf.transitions.grad).all()


def test_what_ships_finds_the_same_best_paths() -> None:
    crf, emissions, lengths = make_crf(), make_emissions(), torch.tensor(LENGTHS)
    shipped = Transitions(crf.transitions.detach(), START, END)
    assert shipped.decode(emissions, lengths) == crf.decode(emissions, lengths)
    assert not crf.finished().scores.requires_grad
    coarse = emissions.bfloat16()
    exact = Transitions(shipped.scores.double(), START, END)
    assert exact.decode(coarse, lengths) == shipped.decode(coarse.float(), lengths), "in any precision"
