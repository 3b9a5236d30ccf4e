"""The several best paths of the CRF: list Viterbi, exact.

Where each beginning came from is kept for CHUNK steps at a time and computed again on the way back, so that memory
hardly grows with a sentence. Shapes: B sentences, T steps of the longest (words + 1), K tags, N paths asked for.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ldnet.crf.transitions import Transitions

CHUNK = 256


@torch.no_grad()
def best_paths(crf: Transitions, emissions: Tensor, lengths: Tensor, count: int) -> list[list[list[int]]]:
    """The `count` best paths of each sentence, best first, without the final `<eof>`; all of them if there are fewer.

    At each step the best `count` beginnings that end in each tag are kept, with their origins. `emissions` are
    (B, T, K), `lengths` (B) count steps. Computed in float64: what sets long paths apart is small beside their scores.
    """
    lattice = _Lattice(emissions, crf.scores.double(), lengths, count)
    scores = (lattice.transitions[crf.start] + emissions[:, 0].double()).unsqueeze(2)  # (B, K, ranks: up to N)
    edges = list(range(1, lattice.steps, CHUNK))
    before = []
    origins: list[_Origin] = []
    for first in edges:
        before.append(scores)
        scores, origins = lattice.advance(scores, first)
    found = (scores[:, crf.end] > -torch.inf).sum(1).clamp(max=count).tolist()
    tags = np.full((len(lengths), count), crf.end)
    ranks = np.tile(np.arange(count), (len(lengths), 1))
    paths = np.empty((len(lengths), count, lattice.steps - 1), np.int32)
    for first in reversed(edges):
        if first != edges[-1]:
            _, origins = lattice.advance(before[(first - 1) // CHUNK], first)
        for step in range(first + len(origins) - 1, first - 1, -1):
            inside = lattice.lengths > step
            tags[inside], ranks[inside] = _origin(origins[step - first], tags, ranks, inside)
            paths[:, :, step - 1] = tags
    return [
        [path[: length - 1].tolist() for path in of_sentence[:number]]
        for of_sentence, number, length in zip(paths, found, lengths.tolist(), strict=True)
    ]


_Origin = tuple[NDArray[np.int64], int]  # tag and rank before as one number (B, ranks, to), and how many ranks


class _Lattice:
    """The steps of a batch."""

    def __init__(self, emissions: Tensor, transitions: Tensor, lengths: Tensor, count: int):
        self.emissions, self.transitions, self.count = emissions, transitions, count
        self.steps, self.lengths = emissions.shape[1], lengths.numpy()

    def advance(self, scores: Tensor, first: int) -> tuple[Tensor, list[_Origin]]:
        """The scores (B, K, ranks) after up to CHUNK steps from step `first` on, and where each step came from."""
        origins = []
        for step in range(first, min(first + CHUNK, self.steps)):
            ranks = scores.shape[2]
            arriving = (scores.unsqueeze(3) + self.transitions.unsqueeze(1)).flatten(1, 2)  # (B, from and rank, to)
            best, origin = arriving.topk(min(self.count, arriving.shape[1]), dim=1)  # (B, ranks, to)
            # A sentence that has ended keeps its scores: they are read at its last step.
            kept = F.pad(scores, (0, best.shape[1] - ranks), value=-torch.inf)
            inside = torch.from_numpy(self.lengths > step).view(-1, 1, 1)
            scores = torch.where(inside, best.transpose(1, 2) + self.emissions[:, step].double().unsqueeze(2), kept)
            origins.append((origin.numpy(), ranks))
        return scores, origins


def _origin(
    origin: _Origin, tags: NDArray[np.int64], ranks: NDArray[np.int64], inside: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Tags and ranks a step before those of the sentences (B, N) that are `inside` (B)."""
    rows, (values, ranks_before) = np.flatnonzero(inside)[:, None], origin
    at_rank = np.minimum(ranks[inside], values.shape[1] - 1)  # ranks that no path has are cut off at the end
    tags_before, ranks_then = np.divmod(values[rows, at_rank, tags[inside]], ranks_before)
    return tags_before, ranks_then
