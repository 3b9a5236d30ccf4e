"""The several best paths of the CRF: list Viterbi, exact.

Shapes: B sentences, T steps of the longest (words + 1), K tags, N paths asked for.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ldnet.crf.transitions import Transitions


@torch.no_grad()
def best_paths(crf: Transitions, emissions: Tensor, lengths: Tensor, count: int) -> list[list[list[int]]]:
    """The `count` best paths of each sentence, best first, without the final `<eof>`; all of them if there are fewer.

    At each step the best `count` beginnings that end in each tag are kept, with their origins. `emissions` are
    (B, T, K), `lengths` (B) count steps. Computed in float64: what sets long paths apart is small beside their scores.
    """
    emissions, transitions = emissions.double(), crf.scores.double()
    scores = (transitions[crf.start] + emissions[:, 0]).unsqueeze(2)  # (B, K, ranks: up to N)
    origins = []
    for step in range(1, emissions.shape[1]):
        ranks = scores.shape[2]
        arriving = (scores.unsqueeze(3) + transitions.unsqueeze(1)).flatten(1, 2)  # (B, from and rank, to)
        best, origin = arriving.topk(min(count, arriving.shape[1]), dim=1)  # (B, ranks, to)
        # A sentence that has ended keeps its scores: they are read at its last step.
        kept = F.pad(scores, (0, best.shape[1] - ranks), value=-torch.inf)
        inside = (step < lengths).view(-1, 1, 1)
        scores = torch.where(inside, best.transpose(1, 2) + emissions[:, step].unsqueeze(2), kept)
        origins.append((origin.numpy(), ranks))
    found = []
    for row, length in enumerate(lengths.tolist()):
        ranks = int((scores[row, crf.end] > -torch.inf).sum())
        found.append([_trace(origins, row, length, crf.end, rank) for rank in range(min(count, ranks))])
    return found


def _trace(origins: list[tuple[NDArray[np.int64], int]], row: int, length: int, end: int, rank: int) -> list[int]:
    """The path of a sentence that comes to `end`, ranked so at its last step."""
    path, tag = [], end
    for origin, ranks in reversed(origins[: length - 1]):
        tag, rank = divmod(int(origin[row, rank, tag]), ranks)
        path.append(tag)
    return path[::-1]
