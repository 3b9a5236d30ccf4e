"""How sure the CRF is: exact probabilities of spans and of whole paths, by forward-backward in float64.

The probability of a span is that of its tags at its words, forming a span of just these words: all paths through these
tags are summed, whatever they are before and after. One pass serves all spans of a batch: the sum over what comes
before a span, the one path within it, and the sum over what comes after.
Shapes: B sentences, T steps of the longest (words + 1), K tags, N spans or paths of all sentences.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from ldnet.crf.recursions import log_sums
from ldnet.crf.transitions import Transitions
from ldnet.text.lexicon import END_TAG, START_TAG, Lexicon
from ldnet.text.tags import Span, parse_tag, spans


class TaggedSpan(NamedTuple):
    """Words start to end (exclusive) of a sentence of the batch, and the numbers of their tags."""

    sentence: int
    start: int
    end: int
    tags: Sequence[int]


def tagged_spans(paths: Sequence[Sequence[int]], lexicon: Lexicon) -> list[tuple[Span, TaggedSpan]]:
    """The spans of a batch's paths, sentence by sentence."""
    return [
        (span, TaggedSpan(row, span.start, span.end, path[span.start : span.end]))
        for row, path in enumerate(paths)
        for span in spans(lexicon.tag_names(path))
    ]


class PathDistribution:
    """The probabilities of the paths through a batch of emissions (B, T, K), sentences of `lengths` (B) steps.

    `names` are the CRF's tags by number. Scores are divided by `temperature`: above 1 makes less sure, below 1 surer.
    """

    def __init__(
        self, crf: Transitions, names: Sequence[str], emissions: Tensor, lengths: Tensor, temperature: float = 1.0
    ):
        self.start, self.end = crf.start, crf.end
        self.emissions = emissions.detach().double() / temperature
        self.transitions = crf.scores.double() / temperature
        self.continues = continuing(tuple(names))
        self.before, self.after = torch.empty_like(self.emissions), torch.empty_like(self.emissions)
        arrays = (values.contiguous().numpy() for values in (self.emissions, self.transitions, lengths))
        log_sums(*arrays, crf.start, crf.end, self.before.numpy(), self.after.numpy())
        rows = torch.arange(len(lengths))
        self.partition = self.before[rows, lengths - 1, self.end]  # (B)

    def path_probabilities(self, sentences: Sequence[int], paths: Sequence[Sequence[int]]) -> list[float]:
        """The probability of each path, which is one of the tags of all words of its sentence."""
        if not paths:
            return []
        closed = [(*path, self.end) for path in paths]
        whole = [TaggedSpan(row, 0, len(path), path) for row, path in zip(sentences, closed, strict=True)]
        places, first = torch.tensor(sentences), torch.tensor([path[0] for path in closed])
        scores = self.transitions[self.start, first] + self.emissions[places, 0, first] + self._within(whole)
        return _probabilities(scores - self.partition[places])

    def span_probabilities(self, tagged: Sequence[TaggedSpan]) -> list[float]:
        """The probability of each span."""
        if not tagged:
            return []
        scores = self._up_to_first(tagged) + self._within(tagged) + self._from_last(tagged)
        sentences = torch.tensor([span.sentence for span in tagged])
        return _probabilities(scores - self.partition[sentences])

    def _up_to_first(self, tagged: Sequence[TaggedSpan]) -> Tensor:
        """Log of the sum over all beginnings up to the spans' first words, which must not continue an earlier span."""
        sentences = torch.tensor([span.sentence for span in tagged])
        starts = torch.tensor([span.start for span in tagged])
        first = torch.tensor([span.tags[0] for span in tagged])
        arriving = self.before[sentences, (starts - 1).clamp(min=0)] + self.transitions[:, first].T  # (N, from)
        arriving = arriving.masked_fill(self.continues[:, first].T, -torch.inf).logsumexp(1)
        arriving = torch.where(starts > 0, arriving, self.transitions[self.start, first])
        return arriving + self.emissions[sentences, starts, first]

    def _from_last(self, tagged: Sequence[TaggedSpan]) -> Tensor:
        """Log of the sum over all endings after the spans' last words, which must not continue them."""
        sentences = torch.tensor([span.sentence for span in tagged])
        following = torch.tensor([span.end for span in tagged])
        last = torch.tensor([span.tags[-1] for span in tagged])
        leaving = self.transitions[last] + self.emissions[sentences, following] + self.after[sentences, following]
        return leaving.masked_fill(self.continues[last], -torch.inf).logsumexp(1)

    def _within(self, tagged: Sequence[TaggedSpan]) -> Tensor:
        """Scores of the spans' steps after their first ones (N)."""
        steps = [
            (number, span.sentence, span.start + place, span.tags[place - 1], span.tags[place])
            for number, span in enumerate(tagged)
            for place in range(1, len(span.tags))
        ]
        scores = self.emissions.new_zeros(len(tagged))
        if steps:
            numbers, sentences, places, tags_before, tags = torch.tensor(steps).unbind(1)
            scores.index_add_(0, numbers, self.transitions[tags_before, tags] + self.emissions[sentences, places, tags])
        return scores


def _probabilities(logarithms: Tensor) -> list[float]:
    """What these are the logarithms of, at most 1: rounding may leave a hair more than everything."""
    probabilities: list[float] = logarithms.exp().clamp(max=1.0).tolist()
    return probabilities


@lru_cache
def continuing(names: tuple[str, ...]) -> Tensor:
    """Whether a word with tag j after one with tag i belongs to the same span (K, K, bool); conlleval's rule.

    The CRF's own tags stand for O.
    """
    tags = ["O" if name in (START_TAG, END_TAG) else name for name in names]
    return torch.tensor([[Span(parse_tag(tag).type, 0, 2) in spans((before, tag)) for tag in tags] for before in tags])
