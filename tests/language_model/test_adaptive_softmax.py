"""The adaptive softmax against the full distribution over all words."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from pipeline.language_model.adaptive_softmax import AdaptiveSoftmax, linear_cross_entropy, rows_computed

WIDTH, WORDS = 16, 50


@pytest.mark.parametrize("cutoffs", [[10], [10, 20], [5, 10, 30]])
def test_loss_is_minus_the_log_probability_of_the_target(cutoffs: list[int]) -> None:
    torch.manual_seed(0)
    softmax = AdaptiveSoftmax(WIDTH, WORDS, cutoffs)
    hidden, targets = torch.randn(80, WIDTH), torch.arange(80) % WORDS
    log_probabilities = softmax.log_probabilities(hidden)
    torch.testing.assert_close(log_probabilities.exp().sum(1), torch.ones(80))
    picked = log_probabilities.gather(1, targets.unsqueeze(1)).squeeze(1)
    torch.testing.assert_close(softmax(hidden, targets), -picked)


def test_lower_precision_gives_float32_losses_close_to_the_exact_ones() -> None:
    torch.manual_seed(0)
    softmax = AdaptiveSoftmax(WIDTH, WORDS, [10, 20])
    hidden, targets = torch.randn(80, WIDTH), torch.arange(80) % WORDS
    rounded = softmax(hidden.bfloat16(), targets)
    assert rounded.dtype == torch.float32
    torch.testing.assert_close(rounded, softmax(hidden, targets), atol=0.05, rtol=0.02)


def test_a_cluster_without_targets_costs_nothing() -> None:
    softmax = AdaptiveSoftmax(WIDTH, WORDS, [10, 20])
    hidden, targets = torch.randn(4, WIDTH), torch.tensor([0, 1, 2, 9])
    expected = -softmax.log_probabilities(hidden).gather(1, targets.unsqueeze(1)).squeeze(1)
    torch.testing.assert_close(softmax(hidden, targets), expected)


def test_tails_shrink_by_four_from_the_full_width() -> None:
    tails = AdaptiveSoftmax(WIDTH, WORDS, [10, 20]).tails
    assert [tail[0].out_features for tail in tails] == [16, 4]  # type: ignore[index]


@pytest.mark.parametrize("cutoffs", [[], [WORDS]])
def test_cutoffs_must_lie_inside_the_vocabulary(cutoffs: list[int]) -> None:
    with pytest.raises(ValueError, match="cutoffs"):
        AdaptiveSoftmax(WIDTH, WORDS, cutoffs)


@pytest.mark.parametrize("biased", [True, False])
@pytest.mark.parametrize(
    ("precision", "tolerance"), [(torch.float64, 1e-5), (torch.float32, 1e-5), (torch.bfloat16, 0.02)]
)
def test_the_loss_of_a_linear_layer_and_its_slopes_are_those_of_torch(
    biased: bool, precision: torch.dtype, tolerance: float
) -> None:
    torch.manual_seed(0)
    layer = nn.Linear(WIDTH, WORDS, bias=biased, dtype=torch.float32)
    hidden = (3 * torch.randn(30, WIDTH)).to(precision).requires_grad_()
    targets, of_losses = torch.randint(WORDS, (30,)), torch.rand(30)
    losses = linear_cross_entropy(layer, hidden, targets)
    assert losses.dtype == torch.float32
    found = torch.autograd.grad(losses, [hidden, *layer.parameters()], of_losses)
    exact = hidden.detach().float().requires_grad_()
    expected = F.cross_entropy(layer(exact), targets, reduction="none")
    slopes = torch.autograd.grad(expected, [exact, *layer.parameters()], of_losses)
    torch.testing.assert_close(losses, expected, atol=3 * tolerance, rtol=tolerance)
    for ours, theirs in zip(found, slopes, strict=True):
        torch.testing.assert_close(ours.float(), theirs, atol=tolerance, rtol=tolerance)


def test_slopes_of_all_weights_are_those_of_the_full_distribution() -> None:
    torch.manual_seed(0)
    softmax = AdaptiveSoftmax(WIDTH, WORDS, [10, 20])
    hidden, targets = torch.randn(37, WIDTH, requires_grad=True), torch.randint(WORDS, (37,))
    wanted = [hidden, *softmax.parameters()]
    found = torch.autograd.grad(softmax(hidden, targets).mean(), wanted)
    expected = torch.autograd.grad(F.nll_loss(softmax.log_probabilities(hidden), targets), wanted)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_rows_are_computed_in_few_numbers_and_at_most_a_third_too_many() -> None:
    computed = [rows_computed(count) for count in range(1, 5000)]
    assert all(count <= rows <= 4 * count / 3 for count, rows in enumerate(computed, 1))
    assert computed == sorted(computed) and len(set(computed)) < 50
