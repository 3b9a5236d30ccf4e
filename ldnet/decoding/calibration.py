"""Whether spans of confidence 0.9 are right nine times in ten, and one temperature that brings them nearer to it.

The temperature divides all scores of the CRF (see `confidence`): tags stay as they are, confidences move together. It
is fitted on dev, never on test. The error with it is measured on the half of dev that it was not fitted on.
Shapes: N spans, M temperatures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ldnet.crf.confidence import PathDistribution, tagged_spans
from ldnet.decoding.bulk_tagger import BulkTagger
from ldnet.text.columns import Sentence
from ldnet.text.tags import Span, spans

BINS = 10
TEMPERATURES = [2 ** (eighths / 8) for eighths in range(-8, 17)]  # 0.5 to 4; the loss is flat between neighbours
UNCHANGED = TEMPERATURES.index(1.0)
Confidences = NDArray[np.float64]
Truths = NDArray[np.bool_]


class Bin(NamedTuple):
    """The spans whose confidence lies between `low` and `high`: how many, how sure on average, what share is right."""

    low: float
    high: float
    spans: int
    confidence: float
    right: float


@dataclass(frozen=True)
class Calibration:
    """Confidences on dev as the CRF gives them, and with temperatures fitted on the other half of dev.

    `fitted` is the temperature fitted on all of dev.
    """

    fitted: float
    before: list[Bin]
    after: list[Bin]

    @property
    def error_before(self) -> float:
        """The expected calibration error of the CRF's own confidences."""
        return expected_error(self.before)

    @property
    def error_after(self) -> float:
        """The expected calibration error with temperatures."""
        return expected_error(self.after)

    @property
    def temperature(self) -> float:
        """The temperature to use: 1 where the fitted one does not help."""
        return self.fitted if self.error_after < self.error_before else 1.0

    @property
    def spans(self) -> int:
        """How many spans were found."""
        return sum(bin.spans for bin in self.before)


def calibrate(bulk: BulkTagger, sentences: Sequence[Sentence]) -> Calibration:
    """Tag sentences with known tags (dev) and compare the confidences of the spans found with what is right."""
    confidences, right, halves = _score(bulk, sentences)
    fitted_on = [_fit(confidences[halves == half], right[halves == half]) for half in (0, 1)]
    by_the_other = np.where(halves == 0, confidences[:, fitted_on[1]], confidences[:, fitted_on[0]])
    return Calibration(
        TEMPERATURES[_fit(confidences, right)],
        reliability(confidences[:, UNCHANGED], right),
        reliability(by_the_other, right),
    )


def reliability(confidences: Confidences, right: Truths) -> list[Bin]:
    """Spans (N) by confidence, in bins of equal width; bins without spans are left out."""
    of_span = np.minimum((confidences * BINS).astype(int), BINS - 1)
    return [
        Bin(
            number / BINS,
            (number + 1) / BINS,
            int(inside.sum()),
            float(confidences[inside].mean()),
            float(right[inside].mean()),
        )
        for number in range(BINS)
        if (inside := of_span == number).any()
    ]


def expected_error(bins: Sequence[Bin]) -> float:
    """Expected calibration error: by how much confidence and share of right spans differ, averaged over all spans."""
    count = sum(bin.spans for bin in bins)
    return sum(bin.spans * abs(bin.confidence - bin.right) for bin in bins) / max(1, count)


def _score(bulk: BulkTagger, sentences: Sequence[Sentence]) -> tuple[Confidences, Truths, NDArray[np.int64]]:
    """Of each span that the tagger finds: confidences (N, M), whether it is right (N), its sentence's half (N)."""

    def reading(emissions: Tensor, lengths: Tensor) -> list[list[tuple[Span, tuple[float, ...]]]]:
        paths = bulk.crf.decode(emissions, lengths)
        found = tagged_spans(paths, bulk.lexicon)
        at_each = [
            PathDistribution(bulk.crf, bulk.lexicon.tags, emissions, lengths, temperature).span_probabilities(
                [tagged for _, tagged in found]
            )
            for temperature in TEMPERATURES
        ]
        of_sentences: list[list[tuple[Span, tuple[float, ...]]]] = [[] for _ in paths]
        for (span, tagged), confidences in zip(found, zip(*at_each, strict=True), strict=True):
            of_sentences[tagged.sentence].append((span, confidences))
        return of_sentences

    gold = [set(spans(sentence.tags)) for sentence in sentences]
    scored = [
        (confidences, span in right, number % 2)
        for number, (right, found) in enumerate(
            zip(gold, bulk.read([sentence.words for sentence in sentences], reading), strict=True)
        )
        for span, confidences in found or []
    ]
    return (
        np.array([confidences for confidences, _, _ in scored]).reshape(-1, len(TEMPERATURES)),
        np.array([right for _, right, _ in scored], bool),
        np.array([half for _, _, half in scored], np.int64),
    )


def _fit(confidences: Confidences, right: Truths) -> int:
    """Which temperature gives the least log loss of being right or wrong (N, M; N); of several the nearest to 1."""
    likelihoods = np.where(right[:, None], confidences, 1 - confidences).clip(min=1e-12)
    losses = -np.log(likelihoods).sum(0)
    return min(range(len(TEMPERATURES)), key=lambda number: (losses[number], abs(number - UNCHANGED)))
