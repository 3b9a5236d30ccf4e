"""The independent scorer: against conlleval's published rules, against seqeval, and on files."""

import random
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from ldnet.errors import InputError
from ldnet.text.columns import Sentence, read_conll
from pipeline.evaluation.conlleval import OUTSIDE, Tag, count_file, count_sentence, ends, f1, starts
from pipeline.evaluation.evaluation import write_predictions
from pipeline.tagger.scoring import span_scores
from tests.imports import ROOT

# conlleval's rules (Tjong Kim Sang and Buchholz, 2000): the pairs of neighbouring prefixes at which a chunk ends, or
# starts. Besides, every change of type between words that are not O does both.
PUBLISHED_ENDS = {"BB", "BO", "IB", "IO", "EE", "EI", "EO"}
PUBLISHED_STARTS = {"BB", "IB", "OB", "OI", "EE", "EI", "OE"}
DATA = ROOT.parent / "shared" / "data"
PREDICTIONS = ROOT / "work" / "predictions"
SCHEMES = {"IOB": "BI", "IOBES": "BIES"}


def parse(tag: str) -> Tag:
    return OUTSIDE if tag == "O" else (tag[0], tag[2:])


def published_spans(tags: Sequence[str]) -> set[tuple[str, int, int]]:
    """Type, start and end (exclusive) of each span, by the published rules; for B-, I- and E- only."""
    found, start, before = set(), 0, OUTSIDE
    for position, now in enumerate(map(parse, (*tags, "O"))):
        pair, changed = before[0] + now[0], before[1] != now[1]
        if before != OUTSIDE and (pair in PUBLISHED_ENDS or changed):
            found.add((before[1], start, position))
        if pair in PUBLISHED_STARTS or (now != OUTSIDE and changed):
            start = position
        before = now
    return found


def without_ends(tags: Sequence[str]) -> list[str]:
    """IOBES tags as B- and I- only: S- is a B-, E- an I-, and what follows either starts anew."""
    plain, closed = [], False
    for prefix, kind in map(parse, tags):
        name = {"S": "B", "E": "I"}.get(prefix, prefix)
        plain.append("O" if kind == "" else f"{'B' if closed else name}-{kind}")
        closed = prefix in "ES"
    return plain


def random_tags(generator: random.Random, prefixes: str, length: int) -> list[str]:
    """Mostly impossible sequences."""
    tags = ["O", *(f"{prefix}-{kind}" for prefix in prefixes for kind in ("X", "Y", "a-b"))]
    return generator.choices(tags, k=length)


def counted(gold: Iterable[str], predicted: Iterable[str]) -> tuple[int, int, int]:
    return count_sentence(zip(map(parse, gold), map(parse, predicted), strict=True))


def test_rules_are_the_published_ones() -> None:
    for before in "BIEO":
        for now in "BIEO":
            if (before, now) == ("E", "B"):  # no scheme that conlleval knew has both; here a new span starts
                continue
            pair = tuple(OUTSIDE if prefix == "O" else (prefix, "X") for prefix in (before, now))
            assert ends(*pair) == (before + now in PUBLISHED_ENDS), pair
            assert starts(*pair) == (before + now in PUBLISHED_STARTS), pair
    assert ends(("I", "X"), ("I", "Y")) and starts(("I", "X"), ("I", "Y"))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_counts_are_those_of_sets_of_spans(scheme: str) -> None:
    generator = random.Random(1)
    for _ in range(3000):
        length = generator.randint(0, 8)
        gold, predicted = (random_tags(generator, SCHEMES[scheme], length) for _ in range(2))
        gold_spans, predicted_spans = published_spans(without_ends(gold)), published_spans(without_ends(predicted))
        expected = len(gold_spans & predicted_spans), len(predicted_spans), len(gold_spans)
        assert counted(gold, predicted) == expected, (gold, predicted)


def test_published_rules_read_plain_tags_as_they_are() -> None:
    generator = random.Random(2)
    for _ in range(500):
        tags = random_tags(generator, "BI", 8)
        assert without_ends(tags) == tags


def test_by_hand() -> None:
    assert counted(["B-X", "E-X", "O", "S-Y"], ["B-X", "E-X", "O", "S-X"]) == (1, 2, 2)
    assert counted(["B-X", "I-X", "E-X"], ["B-X", "E-X", "S-X"]) == (0, 2, 1)
    assert counted(["I-X", "I-X", "B-X"], ["B-X", "I-X", "B-X"]) == (2, 2, 2)  # IOB1 and IOB2
    assert counted(["O", "O"], ["I-X", "E-Y"]) == (0, 2, 0)  # impossible tags are spans, too
    assert counted([], []) == (0, 0, 0)


def noisy(generator: random.Random, sentences: Sequence[Sentence], share: float = 0.1) -> list[list[str]]:
    """Tags of which this share is replaced by any of the corpus: predictions with errors, many of them impossible."""
    tags = sorted({tag for sentence in sentences for tag in sentence.tags})
    return [[generator.choice(tags) if generator.random() < share else tag for tag in s.tags] for s in sentences]


def assert_scorers_agree(file: Path, sentences: Sequence[Sentence], predicted: Sequence[Sequence[str]]) -> None:
    write_predictions(file, sentences, predicted)
    expected, _ = span_scores([sentence.tags for sentence in sentences], predicted)
    assert float(f1(count_file(file).sum(0))) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_seqeval_agrees_on_random_tags(scheme: str, tmp_path: Path) -> None:
    generator = random.Random(3)
    for number in range(40):
        lengths = [generator.randint(1, 9) for _ in range(30)]
        tags = [random_tags(generator, SCHEMES[scheme], length) for length in lengths]
        sentences = [Sentence(("word",) * len(of_one), tuple(of_one), 1) for of_one in tags]
        assert_scorers_agree(tmp_path / str(number), sentences, noisy(generator, sentences, 0.5))


@pytest.mark.parametrize(
    ("name", "column", "spans"),
    [("conll2000", 2, 23_852), ("conll2003", 3, 5_648)],  # as the shared tasks' papers count them
)
def test_seqeval_agrees_on_real_sentences(name: str, column: int, spans: int, tmp_path: Path) -> None:
    path = DATA / name / "test.txt"
    if not path.is_file():
        pytest.skip(f"no {name} test split beside the project")
    sentences = read_conll(path, 0, column)
    assert_scorers_agree(tmp_path / "noisy", sentences, noisy(random.Random(4), sentences))
    write_predictions(tmp_path / "gold", sentences, [sentence.tags for sentence in sentences])
    assert count_file(tmp_path / "gold").sum(0).tolist() == [spans] * 3


def test_seqeval_agrees_on_the_predictions_of_the_last_experiment() -> None:
    files = sorted(PREDICTIONS.glob("*/*.conll"))
    if not files:
        pytest.skip("no experiment has been run here")
    for file in files:
        blocks = file.read_text(encoding="utf-8").rstrip("\n").split("\n\n")
        words = [[line.split(" ") for line in block.split("\n")] for block in blocks]
        gold, predicted = ([[word[column] for word in sentence] for sentence in words] for column in (1, 2))
        expected, _ = span_scores(gold, predicted)
        assert float(f1(count_file(file).sum(0))) == pytest.approx(expected, abs=1e-9), file


def test_sentences_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "p"
    file.write_text("a B-X S-X\nb\u2028\u00a0b E-X O\n\n\nc S-Y S-Y\n", encoding="utf-8")  # words with odd blanks
    assert count_file(file).tolist() == [[0, 1, 1], [1, 1, 1]]
    assert f1(count_file(file)).tolist() == [0.0, 100.0]
    file.write_text(
        "a b\tB-X\tS-X\nc d\tE-X\tO\n\ne\tS-Y\tS-Y", encoding="utf-8"
    )  # words with blanks, no last line end
    assert count_file(file).tolist() == [[0, 1, 1], [1, 1, 1]]


def test_other_bytes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(b"\xff O O\n")
    with pytest.raises(InputError, match=r"p: not UTF-8 .*; run the stage evaluate again"):
        count_file(tmp_path / "p")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a O O\nb O\n", "p:2: expected `word gold predicted`, found 2 columns"),
        ("a O B_X\n", "p:1: unknown tag 'B_X'"),
        ("a B- O\n", "p:1: unknown tag 'B-'"),
        ("a O U-X\n", "p:1: unknown tag 'U-X'"),
        ("\n\n", "p: no sentences"),
        (None, "p: no such file"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "p").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(message)):
        count_file(tmp_path / "p")
