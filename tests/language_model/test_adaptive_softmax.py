"""The adaptive softmax against the full distribution over all words."""

import pytest
import torch

from pipeline.language_model.adaptive_softmax import AdaptiveSoftmax

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
