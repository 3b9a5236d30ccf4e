"""Text with its spans: which words they are, where they stand in the line, and how sure the tagger is of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ldnet.crf.confidence import PathDistribution, tagged_spans
from ldnet.crf.n_best import best_paths
from ldnet.decoding.bulk_tagger import BulkTagger
from ldnet.errors import InputError
from ldnet.limits import MOST_PATHS
from ldnet.text.tags import spans
from ldnet.text.tokenisation import TokenisedText


@dataclass(frozen=True, kw_only=True)
class TextSpan:
    """A span found: characters start to end (exclusive) of the text, counted in Unicode code points.

    `confidence` is the probability that just these words form a span of this type, tagged as they are.
    """

    start: int
    end: int
    type: str
    text: str
    confidence: float


@dataclass(frozen=True, kw_only=True)
class TagPath:
    """One tagging of a whole sentence, and its probability."""

    tags: list[str]
    probability: float


@dataclass(frozen=True, kw_only=True)
class AnnotatedText:
    """A line of text as it was given, its tokens as the tagger reads them, their places in it, IOBES tags and spans.

    `paths` are the best taggings, best first, if several were asked for; otherwise there are none.
    """

    text: str
    tokens: list[str]
    offsets: list[tuple[int, int]]
    tags: list[str]
    spans: list[TextSpan]
    paths: list[TagPath]

    def to_json(self) -> dict[str, Any]:
        """The same in dictionaries and lists, probabilities to six digits; `paths` only if they were asked for."""
        found = [{**vars(span), "confidence": _six_digits(span.confidence)} for span in self.spans]
        content = {**vars(self), "spans": found}
        del content["paths"]
        if self.paths:
            content["paths"] = [{**vars(path), "probability": _six_digits(path.probability)} for path in self.paths]
        return content


def _six_digits(value: float) -> float:
    return float(f"{value:.6g}")


@dataclass(frozen=True)
class _Reading:
    tags: list[str]
    confidences: list[float]  # of the spans that the tags stand for, in their order
    paths: list[TagPath]


def check_n_best(n_best: int) -> None:
    """Raise InputError for more taggings than are given."""
    if n_best > MOST_PATHS:
        raise InputError(f"n_best: {n_best:,}; at most {MOST_PATHS} taggings of a sentence are given")


def annotate(
    bulk: BulkTagger, lines: Sequence[TokenisedText], temperature: float = 1.0, n_best: int = 1
) -> list[AnnotatedText]:
    """The lines with what the tagger finds in them, in the order given; a line without words has no spans.

    `temperature` divides scores for the confidences (see `ldnet.decoding.calibration`). Raises InputError for too
    large an `n_best`.
    """
    check_n_best(n_best)

    def reading(emissions: Tensor, lengths: Tensor) -> list[_Reading]:
        return _read(bulk, emissions, lengths, temperature, n_best)

    found = bulk.read([line.words for line in lines], reading)
    nothing = _Reading([], [], [TagPath(tags=[], probability=1.0)] if n_best > 1 else [])
    return [_annotated(line, of_line or nothing) for line, of_line in zip(lines, found, strict=True)]


def _read(bulk: BulkTagger, emissions: Tensor, lengths: Tensor, temperature: float, n_best: int) -> list[_Reading]:
    """What there is to say of each sentence of a batch."""
    names = bulk.lexicon.tags
    distribution = PathDistribution(bulk.crf, names, emissions, lengths, temperature)
    paths: list[list[TagPath]] = [[] for _ in lengths]
    if n_best > 1:
        several = best_paths(bulk.crf, emissions, lengths, n_best)
        best = [of_sentence[0] for of_sentence in several]
        rows = [row for row, of_sentence in enumerate(several) for _ in of_sentence]
        in_one = [path for of_sentence in several for path in of_sentence]
        probabilities = distribution.path_probabilities(rows, in_one)
        for row, path, probability in zip(rows, in_one, probabilities, strict=True):
            paths[row].append(TagPath(tags=bulk.lexicon.tag_names(path), probability=probability))
    else:
        best = bulk.crf.decode(emissions, lengths)
    confidences: list[list[float]] = [[] for _ in lengths]
    tagged = [span for _, span in tagged_spans(best, bulk.lexicon)]
    for span, probability in zip(tagged, distribution.span_probabilities(tagged), strict=True):
        confidences[span.sentence].append(probability)
    return [
        _Reading(bulk.lexicon.tag_names(path), sure, listed)
        for path, sure, listed in zip(best, confidences, paths, strict=True)
    ]


def _annotated(line: TokenisedText, reading: _Reading) -> AnnotatedText:
    found = []
    for (kind, first, after_last), confidence in zip(spans(reading.tags), reading.confidences, strict=True):
        start, end = line.offsets[first][0], line.offsets[after_last - 1][1]
        found.append(TextSpan(start=start, end=end, type=kind, text=line.text[start:end], confidence=confidence))
    return AnnotatedText(
        text=line.text,
        tokens=list(line.words),
        offsets=list(line.offsets),
        tags=reading.tags,
        spans=found,
        paths=reading.paths,
    )
