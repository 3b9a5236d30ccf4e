"""The linear-chain CRF over explicit scores of all pairs of tags, with Python loops over the steps.

The score of a step is emission(to) + transition(from, to). Shapes: T steps, B sentences, K tags.
"""

import torch
from torch import Tensor, nn


class CRF(nn.Module):
    """Scores, negative log-likelihood and best path."""

    def __init__(self, input_size: int, tags: int, start: int, end: int):
        super().__init__()
        self.start, self.end = start, end
        self.hidden2tag = nn.Linear(input_size, tags)
        self.transitions = nn.Parameter(torch.zeros(tags, tags))  # (from, to)

    def forward(self, features: Tensor) -> Tensor:
        """Scores (T, B, K from, K to) of features (T, B, D)."""
        scores: Tensor = self.hidden2tag(features).unsqueeze(2) + self.transitions
        return scores

    def loss(self, scores: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """Mean over sentences of log partition minus the score of the path `tags` (T, B)."""
        before = torch.cat([torch.full_like(tags[:1], self.start), tags[:-1]])
        pairs = (before * scores.shape[2] + tags).unsqueeze(2)
        path_scores = scores.flatten(2).gather(2, pairs).squeeze(2)
        partition = scores[0, :, self.start]
        for step in range(1, len(scores)):
            following = torch.logsumexp(partition.unsqueeze(2) + scores[step], 1)
            partition = torch.where(mask[step].unsqueeze(1), following, partition)
        return (partition[:, self.end].sum() - path_scores[mask].sum()) / scores.shape[1]

    @torch.no_grad()
    def decode(self, scores: Tensor, mask: Tensor) -> Tensor:
        """Tags (T - 1, B) of the best path (Viterbi), which ends in `<eof>`; after a sentence's last word, `<eof>`."""
        best = scores[0, :, self.start]
        pointers = []
        for step in range(1, len(scores)):
            best, pointer = (best.unsqueeze(2) + scores[step]).max(1)
            pointers.append(pointer.masked_fill(~mask[step].unsqueeze(1), self.end))
        tag = torch.full((scores.shape[1],), self.end)
        path = []
        for pointer in reversed(pointers):
            tag = pointer.gather(1, tag.unsqueeze(1)).squeeze(1)
            path.append(tag)
        return torch.stack(path[::-1])
