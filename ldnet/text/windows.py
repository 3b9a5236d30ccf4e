"""Long sentences in windows of bounded length that overlap, so that memory and time per word do not grow with a line.

Recurrent layers start again at the edges of a window, so of its words only those are kept that stand at least OVERLAP
words away from an edge within the sentence. A sentence of up to LONGEST_WHOLE words is one window: itself.
A sentence of n words has n + 1 places, the last one closes it (see `ldnet.crf.transitions`).
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

LONGEST_WHOLE = 256  # words; the longest sentence of the CoNLL sets has 124, so none of theirs is cut
OVERLAP = 32  # words on either side; docs/limits.md says how many tags differ from those of whole sentences


class Window(NamedTuple):
    """Words start to end (exclusive) of a sentence are read; scores of the places first to last (exclusive) count."""

    sentence: int
    start: int
    end: int
    first: int
    last: int

    @property
    def kept(self) -> slice:
        """The places that count, among those of the window."""
        return slice(self.first - self.start, self.last - self.start)


def windows(lengths: Sequence[int]) -> list[Window]:
    """The windows of sentences with so many words, in order; the places that count cover each sentence once."""
    return [window for sentence, words in enumerate(lengths) for window in _windows(sentence, words)]


def _windows(sentence: int, words: int) -> Iterator[Window]:
    if words <= LONGEST_WHOLE:
        yield Window(sentence, 0, words, 0, words + 1)
        return
    count = -(-words // (LONGEST_WHOLE - 2 * OVERLAP))
    edges = [words * number // count for number in range(count + 1)]
    for first, last in itertools.pairwise(edges):
        closing = last == words
        yield Window(sentence, max(0, first - OVERLAP), min(words, last + OVERLAP), first, last + closing)
