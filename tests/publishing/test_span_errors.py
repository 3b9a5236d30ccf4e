"""Errors of predictions: scores, confusion of types, the worst sentences."""

import random
from pathlib import Path

import pytest

from ldnet.errors import InputError
from ldnet.text.tags import Span, spans
from pipeline.publishing.span_errors import (
    PredictedSentence,
    Segment,
    confusion,
    overall_f1,
    read_predictions,
    scores_by_type,
    segments,
    worst_sentences,
)
from pipeline.tagger.scoring import span_scores


def sentence(gold: str, predicted: str) -> PredictedSentence:
    """From tags separated by spaces; the words are numbers."""
    words = tuple(map(str, range(len(gold.split()))))
    return PredictedSentence(words, tuple(spans(gold.split())), tuple(spans(predicted.split())))


def random_tags(generator: random.Random) -> list[list[str]]:
    tags = ["O", "O", "B-A", "I-A", "S-A", "E-A", "B-B", "I-B", "S-B", "S-C"]
    return [generator.choices(tags, k=generator.randint(1, 9)) for _ in range(30)]


@pytest.mark.parametrize("seed", range(5))
def test_scores_are_those_of_evaluation(seed: int) -> None:
    generator = random.Random(seed)
    gold = random_tags(generator)
    predicted = [generator.choices([tags, generator.choices(tags, k=len(tags))])[0] for tags in gold]
    sentences = [
        PredictedSentence(tuple(one), tuple(spans(one)), tuple(spans(other)))
        for one, other in zip(gold, predicted, strict=True)
    ]
    f1, by_type = span_scores(gold, predicted)
    assert overall_f1(sentences) == pytest.approx(f1)
    found = scores_by_type(sentences)
    assert {kind: score.f1 for kind, score in found.items()} == pytest.approx(by_type)
    assert sum(score.gold for score in found.values()) == sum(len(spans(tags)) for tags in gold)


def test_precision_and_recall() -> None:
    score = scores_by_type([sentence("S-A S-A S-A O", "S-A O O S-A"), sentence("O", "S-B")])
    assert (score["A"].precision, score["A"].recall, score["A"].gold) == (50, pytest.approx(100 / 3), 3)
    assert (score["B"].precision, score["B"].recall, score["B"].f1) == (0, 0, 0)


def test_confusion_by_hand() -> None:
    found = confusion(
        [
            sentence("B-A E-A O S-B O", "B-B E-B O S-B S-C"),  # another type; right; invented
            sentence("B-A I-A E-A S-B", "S-A O O O"),  # other words; missed
        ]
    )
    assert found.types == ("A", "B", "C")
    assert found.same_words == {("A", "B"): 1, ("B", "B"): 1}
    assert (found.other_words, found.missed, found.invented) == ({"A": 1}, {"B": 1}, {"C": 1})


@pytest.mark.parametrize("seed", range(5))
def test_every_gold_span_is_in_one_cell_of_its_row(seed: int) -> None:
    generator = random.Random(seed)
    sentences = [
        PredictedSentence(tuple(tags), tuple(spans(tags)), tuple(spans(generator.sample(tags, len(tags)))))
        for tags in random_tags(generator)
    ]
    found = confusion(sentences)
    for kind in found.types:
        row = sum(found.same_words[kind, other] for other in found.types)
        gold = sum(span.type == kind for one in sentences for span in one.gold)
        assert row + found.other_words[kind] + found.missed[kind] == gold
        right = sum(span.type == kind for one in sentences for span in {*one.gold} & {*one.predicted})
        assert found.same_words[kind, kind] == right


def test_worst_sentences_have_most_errors_then_most_seeds_then_come_first() -> None:
    right, missed, mistaken = sentence("S-A", "S-A"), sentence("S-A", "O"), sentence("S-A", "S-B")
    shown = [missed, right, missed, mistaken, missed]
    other = [right, missed, missed, right, right]
    worst = worst_sentences({1: shown, 2: other}, shown=1, most=3)
    assert [(one.number, one.sentence.wrong(), one.seeds_wrong) for one in worst] == [(4, 2, 1), (3, 1, 2), (1, 1, 1)]


def test_segments_join_to_the_sentence_and_tell_right_from_wrong() -> None:
    words = ["a", "b", "c", "d", "e"]
    assert segments(words, [Span("X", 3, 4), Span("Y", 1, 3)], [Span("Y", 1, 3), Span("Z", 3, 4)]) == [
        Segment("a", "", True),
        Segment("b c", "Y", True),
        Segment("d", "X", False),
        Segment("e", "", True),
    ]
    assert segments(words, [Span("X", 0, 5)], []) == [Segment("a b c d e", "X", False)]
    assert segments(words, [], []) == [Segment("a b c d e", "", True)]


def test_predictions_are_read_as_evaluate_writes_them(tmp_path: Path) -> None:
    file = tmp_path / "x.conll"
    file.write_text("<unk> S-A S-B\nb O O\n\nc O S-A\n", encoding="utf-8")
    assert read_predictions(file) == [
        PredictedSentence(("<unk>", "b"), (Span("A", 0, 1),), (Span("B", 0, 1),)),
        PredictedSentence(("c",), (), (Span("A", 0, 1),)),
    ]
    file.write_text("a S-A nonsense\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"x\.conll: unknown tag 'nonsense'"):
        read_predictions(file)
    with pytest.raises(InputError, match=r"none\.conll: no such file"):
        read_predictions(tmp_path / "none.conll")
