"""Linear-chain CRF over a batch of sentences of different lengths (paper, section 5).

A sentence of n words has n + 1 steps: its path starts in the tag `<s>` before the first step and must end in `<eof>` at
the last one. The score of a step is emission(to) + transition(from, to).
Shapes: B sentences, T steps of the longest, K tags, D features.
"""

import torch
from torch import Tensor, nn

from ldnet.crf.transitions import Transitions, sums_from_left, sums_from_right
from pipeline.execution.finite import require_finite

SCORES = "the tagger's scores"


class CRF(nn.Module):
    """Emissions from features, and transitions."""

    def __init__(self, input_size: int, tags: int, start: int, end: int):
        super().__init__()
        self.start, self.end = start, end
        self.hidden2tag = nn.Linear(input_size, tags)
        self.transitions = nn.Parameter(torch.zeros(tags, tags))  # (from, to)

    def emissions(self, features: Tensor) -> Tensor:
        """Emission scores (B, T, K, float32) of features (B, T, D) of any precision."""
        scores: Tensor = self.hidden2tag(features.float())
        return scores

    def negative_log_likelihood(self, emissions: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """Per sentence (B): log of the partition function minus the score of the path `tags` (B, T).

        `lengths` (B) counts steps; the tag of a sentence's last step must be `<eof>`.
        """
        return self._partition(emissions, lengths) - self._path_score(emissions, tags, lengths)

    def cross_entropy(self, emissions: Tensor, marginals: Tensor, transitions: Tensor, lengths: Tensor) -> Tensor:
        """Per sentence (B): cross entropy of this distribution over paths, in nats, relative to another one.

        Scores add up over steps and transitions, so all that counts of the other one is what `marginals` gives of it
        (or a mean of several). Of a single certain path it is `negative_log_likelihood`.
        """
        expected = (marginals * emissions).sum((1, 2)) + (transitions * self.transitions).sum((1, 2))
        return self._partition(emissions, lengths) - expected

    @torch.no_grad()
    def marginals(self, emissions: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """The probability of each tag at each step (B, T, K), 0 after a sentence's end, and how often each transition
        is expected in a sentence (B, from, to), that out of `<s>` included. Forward-backward, in float64.

        Raises NotFiniteError where a score is not finite.
        """
        require_finite(SCORES, emissions)
        scores, transitions = emissions.double(), self.transitions.double()
        before = sums_from_left(scores, transitions, self.start)  # (B, T, K)
        after = sums_from_right(scores, transitions, self.end, lengths)  # (B, T, K)
        partition = before[torch.arange(len(scores)), lengths - 1, self.end].reshape(-1, 1, 1)  # (B, 1, 1)
        inside = torch.arange(scores.shape[1]) < lengths.unsqueeze(1)  # (B, T)
        tags = torch.where(inside.unsqueeze(2), (before + after - partition).exp(), 0.0)  # (B, T, K)
        counts = torch.zeros(len(scores), *transitions.shape, dtype=scores.dtype)  # (B, from, to)
        counts[:, self.start] = tags[:, 0]
        for step in range(1, scores.shape[1]):
            arriving = (scores[:, step] + after[:, step]).unsqueeze(1) - partition  # (B, 1, to)
            taken = (before[:, step - 1].unsqueeze(2) + transitions + arriving).exp()  # (B, from, to)
            counts += torch.where(inside[:, step].reshape(-1, 1, 1), taken, 0.0)  # (B, from, to)
        return tags.float(), counts.float()

    def _path_score(self, emissions: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        before = torch.cat([tags.new_full((len(tags), 1), self.start), tags[:, :-1]], 1)  # (B, T)
        scores = emissions.gather(2, tags.unsqueeze(2)).squeeze(2) + self.transitions[before, tags]  # (B, T)
        inside = torch.arange(tags.shape[1]) < lengths.unsqueeze(1)  # (B, T)
        return (scores * inside).sum(1)

    def _partition(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """Forward algorithm; the sum over tags is a matrix product of exponentials, shifted by their maxima."""
        transition_shift = self.transitions.max()
        weights = (self.transitions - transition_shift).exp()  # (from, to)
        alpha = self.transitions[self.start] + emissions[:, 0]  # (B, K)
        for step in range(1, emissions.shape[1]):
            shift = alpha.detach().max(1, keepdim=True).values  # (B, 1)
            summed = ((alpha - shift).exp() @ weights).log() + shift + transition_shift  # (B, K)
            inside = (step < lengths).unsqueeze(1)  # (B, 1)
            alpha = torch.where(inside, summed + emissions[:, step], alpha)  # (B, K)
        return alpha[:, self.end]

    @torch.no_grad()
    def decode(self, emissions: Tensor, lengths: Tensor) -> list[list[int]]:
        """The best path of each sentence (Viterbi), without the final `<eof>`.

        Raises NotFiniteError where a score is not finite: comparisons with NaN would find some path, too.
        """
        require_finite(SCORES, emissions)
        return self.finished().decode(emissions, lengths)

    def finished(self) -> Transitions:
        """The transitions as they are now, for decoding."""
        return Transitions(self.transitions.detach(), self.start, self.end)
