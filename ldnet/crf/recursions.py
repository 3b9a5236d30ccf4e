"""The recursions of the CRF over the steps of sentences, compiled; each sentence in turn, without padding.

Shapes: B sentences, T steps of the longest, K tags. `lengths` (B) are in steps, `transitions` (from, to).
"""

import math

import numpy as np
from numpy.typing import NDArray

from ldnet.compilation import compiled

Doubles = NDArray[np.float64]
Lengths = NDArray[np.int64]
LEAST = 1e-200  # a sum of exponentials below this one has lost digits


@compiled()
def viterbi(
    emissions: NDArray[np.float32],
    transitions: NDArray[np.float32],
    lengths: Lengths,
    start: int,
    end: int,
    paths: NDArray[np.int32],
) -> None:
    """Write the best path of each sentence, from the tag `start` to the tag `end`, to `paths` (B, T).

    Going forward only scores are kept; where the best path came from is looked for on the way back, for its own tags
    alone. Of equally good tags the first counts.
    """
    tags = len(transitions)
    for sentence in range(len(lengths)):
        steps = lengths[sentence]
        scores = np.empty((steps, tags), np.float32)
        for tag in range(tags):
            scores[0, tag] = transitions[start, tag] + emissions[sentence, 0, tag]
        for step in range(1, steps):
            best = scores[step]
            best[:] = -np.inf
            for before in range(tags):
                score = scores[step - 1, before]
                for tag in range(tags):
                    best[tag] = max(best[tag], score + transitions[before, tag])
            for tag in range(tags):
                best[tag] += emissions[sentence, step, tag]
        path = paths[sentence]
        path[steps - 1] = end
        for step in range(steps - 1, 0, -1):
            tag = path[step]
            first, most = 0, scores[step - 1, 0] + transitions[0, tag]
            for before in range(1, tags):
                score = scores[step - 1, before] + transitions[before, tag]
                if score > most:
                    first, most = before, score
            path[step - 1] = first


@compiled()
def _advance(scores: Doubles, weights: Doubles, transitions: Doubles, highest: float, into: Doubles) -> None:
    """Write the log of the sum over `scores` (from) plus `transitions` to `into` (to); `weights` are exponentials of
    the transitions minus the `highest`."""
    tags = len(scores)
    shift = scores.max()
    into[:] = 0.0
    for before in range(tags):
        share = math.exp(scores[before] - shift) if shift > -np.inf else 0.0
        for tag in range(tags):
            into[tag] += share * weights[before, tag]
    for tag in range(tags):
        if into[tag] > LEAST:
            into[tag] = math.log(into[tag]) + shift + highest
            continue
        most = -np.inf
        for before in range(tags):
            most = max(most, scores[before] + transitions[before, tag])
        total = 0.0
        for before in range(tags):
            total += math.exp(scores[before] + transitions[before, tag] - most) if most > -np.inf else 0.0
        into[tag] = math.log(total) + most if most > -np.inf else -np.inf


@compiled()
def log_sums(
    emissions: Doubles, transitions: Doubles, lengths: Lengths, start: int, end: int, before: Doubles, after: Doubles
) -> None:
    """Write the log of the sum over all beginnings that end in a tag to `before`, and that over all endings that follow
    one to `after` (B, T, K): the forward-backward algorithm.

    A step is a product with the exponentials of the transitions, shifted by the largest; where that loses digits, since
    scores differ by hundreds, it is computed term by term.
    """
    tags = len(transitions)
    highest = transitions.max()
    weights, turned = np.exp(transitions - highest), np.exp(transitions.T - highest)
    for sentence in range(len(lengths)):
        last = lengths[sentence] - 1
        for tag in range(tags):
            before[sentence, 0, tag] = transitions[start, tag] + emissions[sentence, 0, tag]
            after[sentence, last, tag] = -np.inf
        after[sentence, last, end] = 0.0
        for step in range(1, last + 1):
            _advance(before[sentence, step - 1], weights, transitions, highest, before[sentence, step])
            before[sentence, step] += emissions[sentence, step]
        for step in range(last - 1, -1, -1):
            following = emissions[sentence, step + 1] + after[sentence, step + 1]
            _advance(following, turned, transitions.T, highest, after[sentence, step])
