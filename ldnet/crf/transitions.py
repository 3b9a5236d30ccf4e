"""The transitions of a trained CRF: Viterbi, and the sums over paths from both ends.

A sentence of n words has n + 1 steps: its path starts in the tag `<s>` before the first step and must end in `<eof>` at
the last one. The score of a step is emission(to) + transition(from, to).
Shapes: B sentences, T steps of the longest, K tags.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ldnet.crf.recursions import viterbi


@dataclass(frozen=True, eq=False)
class Transitions:
    """Scores (from, to) of one tag after another, and the tags in which every path starts and ends."""

    scores: Tensor  # (K, K)
    start: int
    end: int

    @torch.no_grad()
    def decode(self, emissions: Tensor, lengths: Tensor) -> list[list[int]]:
        """The best path of each sentence (Viterbi), without the final `<eof>`."""
        paths = np.empty(emissions.shape[:2], np.int32)
        scores = emissions.float().contiguous().numpy()
        viterbi(scores, self.scores.float().contiguous().numpy(), lengths.numpy(), self.start, self.end, paths)
        return [path[: length - 1] for path, length in zip(paths.tolist(), lengths.tolist(), strict=True)]


def sums_from_left(emissions: Tensor, transitions: Tensor, start: int) -> Tensor:
    """Log of the sum over all beginnings that end in a tag (B, T, K): the forward algorithm, step by step."""
    sums = torch.empty_like(emissions)
    sums[:, 0] = transitions[start] + emissions[:, 0]
    for step in range(1, emissions.shape[1]):
        sums[:, step] = (sums[:, step - 1].unsqueeze(2) + transitions).logsumexp(1) + emissions[:, step]
    return sums


def sums_from_right(emissions: Tensor, transitions: Tensor, end: int, lengths: Tensor) -> Tensor:
    """Log of the sum over all endings that follow a tag (B, T, K); after a sentence's last step, of `<eof>` alone."""
    closing = torch.full_like(emissions[:, 0], -torch.inf)
    closing[:, end] = 0.0
    sums = torch.empty_like(emissions)
    sums[:, -1] = closing
    for step in range(emissions.shape[1] - 2, -1, -1):
        onward = (transitions + (emissions[:, step + 1] + sums[:, step + 1]).unsqueeze(1)).logsumexp(2)
        sums[:, step] = torch.where((step < lengths - 1).unsqueeze(1), onward, closing)
    return sums
