"""Sequences of different lengths without padding: step by step, each step with the sequences that still run.

Sequences are sorted by length, the longest first, so those that run at a step are the first ones. Everything that is
said of a place in a sequence is an array over all places (S), sequence by sequence; packed arrays are in the order of
steps. Shapes: N sequences, T steps of the longest, S places in all.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Packing:
    """How sequences are packed."""

    running: Numbers  # (T), how many sequences run at each step
    from_left: Numbers  # (S), where each place lies in the packed order when sequences are read from the left
    from_right: Numbers  # (S), and when each is read from its end

    @classmethod
    def of(cls, lengths: Numbers) -> "Packing":
        """Pack sequences of these lengths (N), all at least 1."""
        order = np.argsort(-lengths, kind="stable")
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        running = (lengths[:, None] > np.arange(lengths.max())).sum(0)
        offsets = np.concatenate([[0], np.cumsum(running)])
        position = places_within(lengths)
        column, last = np.repeat(rank, lengths), np.repeat(lengths - 1, lengths)
        return cls(running, offsets[position] + column, offsets[last - position] + column)


def places_within(lengths: Numbers) -> Numbers:
    """0, 1, ... for each sequence of these lengths, one after the other (S)."""
    starts = np.cumsum(lengths) - lengths
    return np.arange(lengths.sum()) - np.repeat(starts, lengths)
