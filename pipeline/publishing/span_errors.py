"""Where predictions differ from the gold tags: scores by type, confusion of types, and the worst sentences."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ldnet.errors import naming
from ldnet.text.columns import read_conll
from ldnet.text.tags import Span, spans


@dataclass(frozen=True)
class PredictedSentence:
    """Words, and their spans by the gold tags and by the predicted ones."""

    words: tuple[str, ...]
    gold: tuple[Span, ...]
    predicted: tuple[Span, ...]

    def wrong(self) -> int:
        """How many spans were missed or invented; one with another type or other bounds counts as both."""
        return len(set(self.gold) ^ set(self.predicted))


@dataclass(frozen=True)
class TypeScore:
    """Precision, recall and F1 in percent (0 where undefined), and the number of gold spans."""

    precision: float
    recall: float
    f1: float
    gold: int


@dataclass(frozen=True)
class Confusion:
    """What became of the gold spans, counted by gold type.

    `same_words` has pairs (gold type, predicted type) of the spans that were predicted with the very same words;
    `other_words` counts those that a prediction overlaps otherwise, `missed` those that none overlaps. `invented`
    counts by predicted type the predictions that overlap no gold span.
    """

    types: tuple[str, ...]
    same_words: Counter[tuple[str, str]]
    other_words: Counter[str]
    missed: Counter[str]
    invented: Counter[str]


@dataclass(frozen=True)
class WorstSentence:
    """A sentence with many errors: its number in the test split, from 1, and how many seeds have errors in it."""

    number: int
    sentence: PredictedSentence
    seeds_wrong: int


@dataclass(frozen=True)
class Segment:
    """Words of a sentence: a span with its type, right if the other side has it too; or, without type, the rest."""

    text: str
    type: str
    right: bool


def read_predictions(path: Path) -> list[PredictedSentence]:
    """Read lines of `word gold predicted`. Raises InputError for other files."""
    sides = [read_conll(path, 0, column) for column in (1, 2)]
    with naming(path):
        return [
            PredictedSentence(gold.words, tuple(spans(gold.tags)), tuple(spans(predicted.tags)))
            for gold, predicted in zip(*sides, strict=True)
        ]


def overall_f1(sentences: Iterable[PredictedSentence]) -> float:
    """F1 in percent over the spans of all types."""
    gold, predicted, right = _counts(sentences)
    return _score(gold.total(), predicted.total(), right.total()).f1


def scores_by_type(sentences: Iterable[PredictedSentence]) -> dict[str, TypeScore]:
    """The scores of each type that is in the gold tags or was predicted, in the order of their names."""
    gold, predicted, right = _counts(sentences)
    return {kind: _score(gold[kind], predicted[kind], right[kind]) for kind in sorted({*gold, *predicted})}


def _counts(sentences: Iterable[PredictedSentence]) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """How many spans of each type are gold, predicted, and both."""
    gold: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for sentence in sentences:
        gold.update(span.type for span in sentence.gold)
        predicted.update(span.type for span in sentence.predicted)
        right.update(span.type for span in {*sentence.gold} & {*sentence.predicted})
    return gold, predicted, right


def _score(gold: int, predicted: int, right: int) -> TypeScore:
    return TypeScore(
        precision=100 * right / predicted if predicted else 0.0,
        recall=100 * right / gold if gold else 0.0,
        f1=200 * right / (gold + predicted) if gold + predicted else 0.0,
        gold=gold,
    )


def confusion(sentences: Iterable[PredictedSentence]) -> Confusion:
    """What became of the gold spans of all sentences, and what was invented."""
    same_words: Counter[tuple[str, str]] = Counter()
    other_words: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    invented: Counter[str] = Counter()
    types: set[str] = set()
    for sentence in sentences:
        types.update(span.type for span in (*sentence.gold, *sentence.predicted))
        by_words = {(span.start, span.end): span.type for span in sentence.predicted}
        for span in sentence.gold:
            if (kind := by_words.get((span.start, span.end))) is not None:
                same_words[span.type, kind] += 1
            elif _overlaps(span, sentence.predicted):
                other_words[span.type] += 1
            else:
                missed[span.type] += 1
        invented.update(span.type for span in sentence.predicted if not _overlaps(span, sentence.gold))
    return Confusion(tuple(sorted(types)), same_words, other_words, missed, invented)


def _overlaps(span: Span, others: Iterable[Span]) -> bool:
    return any(span.start < other.end and other.start < span.end for other in others)


def worst_sentences(by_seed: Mapping[int, Sequence[PredictedSentence]], shown: int, most: int) -> list[WorstSentence]:
    """The sentences with most errors of the seed `shown`, at most `most`; of equals, those that more seeds get wrong.

    The predictions of all seeds are of the same sentences in the same order.
    """
    sentences = [
        WorstSentence(number, sentence, sum(predicted[number - 1].wrong() > 0 for predicted in by_seed.values()))
        for number, sentence in enumerate(by_seed[shown], start=1)
        if sentence.wrong()
    ]
    return sorted(sentences, key=lambda worst: (-worst.sentence.wrong(), -worst.seeds_wrong, worst.number))[:most]


def segments(words: Sequence[str], marked: Iterable[Span], others: Iterable[Span]) -> list[Segment]:
    """The sentence cut into the `marked` spans and what lies between; a span is right if it is among the `others`."""
    right = set(others)
    cut: list[Segment] = []
    end = 0
    for span in sorted(marked, key=lambda span: span.start):
        if span.start > end:
            cut.append(Segment(" ".join(words[end : span.start]), "", True))
        cut.append(Segment(" ".join(words[span.start : span.end]), span.type, span in right))
        end = span.end
    if end < len(words):
        cut.append(Segment(" ".join(words[end:]), "", True))
    return cut
