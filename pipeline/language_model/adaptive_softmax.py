"""Adaptive softmax (Grave et al. 2017), in the form of the paper's released code.

It differs from torch's class: the head has a bias, and tail i reduces to d // 4**i, starting at i = 0.
Shapes: N tokens, D hidden width, V words.
"""

from collections.abc import Sequence

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

        Products are computed in the precision of `hidden`, sums over words always in float32.
        """
        head_targets = targets
        losses = hidden.new_zeros(len(targets), dtype=torch.float32)
        for index, (tail, start, end) in enumerate(zip(self.tails, self.bounds, self.bounds[1:], strict=False)):
            rows = ((targets >= start) & (targets < end)).nonzero().squeeze(1)
            head_targets = head_targets.index_fill(0, rows, self.bounds[0] + index)
            if len(rows):
                logits = hidden[rows]
                for linear in tail.children():
                    logits = cast_linear(linear, logits)
                tail_loss = F.cross_entropy(logits.float(), targets[rows] - start, reduction="none")
                losses = losses.index_add(0, rows, tail_loss)
        return losses + F.cross_entropy(cast_linear(self.head, hidden).float(), head_targets, reduction="none")

    def log_probabilities(self, hidden: Tensor) -> Tensor:
        """Log-probabilities (N, V) of all words."""
        head = F.log_softmax(self.head(hidden), -1)
        words, clusters = head[:, : self.bounds[0]], head[:, self.bounds[0] :]
        tails = [
            clusters[:, index : index + 1] + F.log_softmax(tail(hidden), -1) for index, tail in enumerate(self.tails)
        ]
        return torch.cat([words, *tails], -1)


def cast_linear(layer: nn.Module, inputs: Tensor) -> Tensor:
    """What the nn.Linear `layer` computes, in the precision of `inputs`."""
    assert isinstance(layer, nn.Linear)
    bias = None if layer.bias is None else layer.bias.to(inputs.dtype)
    return F.linear(inputs, layer.weight.to(inputs.dtype), bias)
