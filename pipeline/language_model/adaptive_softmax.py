"""Adaptive softmax (Grave et al. 2017), in the form of the paper's released code.

It differs from torch's class: the head has a bias, and tail i reduces to d // 4**i, starting at i = 0.
Shapes: N tokens, D hidden width, V words, H of them in the head, W in a tail, C tails, M tokens with targets in a tail,
P with their padding.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class AdaptiveSoftmax(nn.Module):
    """Frequent words in the head; rarer words in tails of falling width. Ids must be sorted by falling frequency."""

    def __init__(self, input_size: int, vocabulary_size: int, cutoffs: Sequence[int]):
        super().__init__()
        if not cutoffs or cutoffs[-1] >= vocabulary_size:
            raise ValueError(f"cutoffs {list(cutoffs)}: expected at least one, all below {vocabulary_size} words")
        self.bounds = [*cutoffs, vocabulary_size]
        self.head = nn.Linear(input_size, cutoffs[0] + len(cutoffs))
        self.tails = nn.ModuleList(
            nn.Sequential(
                nn.Linear(input_size, input_size // 4**index, bias=False),
                nn.Linear(input_size // 4**index, end - start, bias=False),
            )
            for index, (start, end) in enumerate(zip(self.bounds, self.bounds[1:], strict=False))
        )

    def forward(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Negative log-likelihood (N, float32) of `targets` (N) given `hidden` (N, D).

        Where `hidden` is on a GPU, `targets` best stay on the CPU: which of them are in a tail is known there at once.
        Products are computed in the precision of `hidden`, sums over words always in float32.
        """
        head_targets = targets
        losses = hidden.new_zeros(len(targets), dtype=torch.float32)
        for index, (tail, start, end) in enumerate(zip(self.tails, self.bounds, self.bounds[1:], strict=False)):
            rows = ((targets >= start) & (targets < end)).nonzero().squeeze(1)  # (M)
            head_targets = head_targets.index_fill(0, rows, self.bounds[0] + index)
            if count := len(rows):
                padded = F.pad(rows, (0, rows_computed(count) - count))  # with row 0, whose losses here are dropped
                tail_targets = (targets[padded] - start).clamp(0, end - start - 1)  # (P)
                reduction, words = tail.children()
                reduced = cast_linear(reduction, hidden.index_select(0, padded.to(hidden.device, non_blocking=True)))
                tail_losses = linear_cross_entropy(words, reduced, tail_targets.to(hidden.device, non_blocking=True))
                losses = losses.index_add(0, rows.to(hidden.device, non_blocking=True), tail_losses[:count])
        return losses + linear_cross_entropy(self.head, hidden, head_targets.to(hidden.device, non_blocking=True))

    def log_probabilities(self, hidden: Tensor) -> Tensor:
        """Log-probabilities (N, V) of all words."""
        head = F.log_softmax(self.head(hidden), -1)  # (N, H + C)
        words, clusters = head[:, : self.bounds[0]], head[:, self.bounds[0] :]  # (N, H), (N, C)
        tails = [  # each (N, W)
            clusters[:, index : index + 1] + F.log_softmax(tail(hidden), -1) for index, tail in enumerate(self.tails)
        ]
        return torch.cat([words, *tails], -1)  # (N, V)


class LinearCrossEntropy(torch.autograd.Function):
    """Cross entropy of a linear layer's scores: hidden (N, D), weight (V, D), bias (V) or None, targets (N) to (N).

    What would be six tensors of (N, V), scores and probabilities and the slopes of both, is one that is overwritten.
    Products are computed in the precision of `hidden`, all else in float32.
    """

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor) -> Tensor:
        """The losses; what is kept for the way back are exp(score - highest score) and the rows' sums of them."""
        used = weight.to(hidden.dtype)
        scores = F.linear(hidden, used, None if bias is None else bias.to(hidden.dtype)).float()  # (N, V)
        of_targets = scores.gather(1, targets.unsqueeze(1)).squeeze(1)  # (N)
        highest = scores.amax(1)  # (N)
        sums = scores.sub_(highest.unsqueeze(1)).exp_().sum(1)  # (N)
        ctx.save_for_backward(hidden, used, scores, sums, targets)
        ctx.biased = bias is not None
        return sums.log() + highest - of_targets

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Slopes of the scores: probabilities, less 1 at the targets, times what comes back for the row."""
        hidden, used, scores, sums, targets = ctx.saved_tensors
        of_losses = gradients[0].unsqueeze(1)  # (N, 1)
        scores.mul_(of_losses / sums.unsqueeze(1))
        scores[torch.arange(len(scores), device=scores.device), targets] -= gradients[0]
        of_bias = scores.sum(0) if ctx.biased else None
        slopes = scores.to(hidden.dtype)
        return slopes @ used, (slopes.T @ hidden).float(), of_bias, None  # (N, D), (V, D), (V)


def linear_cross_entropy(layer: nn.Module, hidden: Tensor, targets: Tensor) -> Tensor:
    """Losses (N, float32) of `targets` (N) under the scores that the nn.Linear `layer` gives for `hidden` (N, D)."""
    assert isinstance(layer, nn.Linear)
    losses: Tensor = LinearCrossEntropy.apply(hidden, layer.weight, layer.bias, targets)  # type: ignore[no-untyped-call]
    return losses


def rows_computed(count: int) -> int:
    """How many rows are computed for `count` of them: one of four numbers an octave, so up to a quarter more.

    The libraries behind torch build and keep a program for every shape, which takes longer than the added rows.
    """
    step = 1 << max(0, count.bit_length() - 3)
    return -(-count // step) * step


def cast_linear(layer: nn.Module, inputs: Tensor) -> Tensor:
    """What the nn.Linear `layer` computes, in the precision of `inputs`."""
    assert isinstance(layer, nn.Linear)
    bias = None if layer.bias is None else layer.bias.to(inputs.dtype)
    return F.linear(inputs, layer.weight.to(inputs.dtype), bias)
