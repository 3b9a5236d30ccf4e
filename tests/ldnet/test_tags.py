"""Tag schemes: detection over whole corpora, conversion, spans compared with seqeval."""

import random
import re
from pathlib import Path

import pytest
from seqeval.metrics.sequence_labeling import get_entities

from ldnet.errors import InputError
from ldnet.text.tags import Span, parse_tag, spans, to_iob2, to_iobes
from pipeline.text.raw_columns import RawSentence
from pipeline.text.tag_scheme import report_tags

FILE = Path("train.txt")
SPANS = [Span("ORG", 0, 1), Span("PER", 2, 4), Span("PER", 4, 5), Span("LOC", 5, 7)]
THE_SAME_SPANS = {
    "IOB1": "I-ORG O I-PER I-PER B-PER I-LOC I-LOC O",
    "IOB2": "B-ORG O B-PER I-PER B-PER B-LOC I-LOC O",
    "IOBES": "S-ORG O B-PER E-PER S-PER B-LOC E-LOC O",
    "IOE1": "I-ORG O I-PER E-PER I-PER I-LOC I-LOC O",
    "IOE2": "E-ORG O I-PER E-PER E-PER I-LOC E-LOC O",
    "BILOU": "U-ORG O B-PER L-PER U-PER B-LOC L-LOC O",
    "BMEWO": "W-ORG O B-PER E-PER W-PER B-LOC E-LOC O",
}


def corpus(*tag_lines: str, path: Path = FILE) -> dict[Path, list[RawSentence]]:
    """One sentence from each line of tags, with one blank line in between."""
    sentences, line = [], 1
    for tags in map(str.split, tag_lines):
        sentences.append(RawSentence(("word",) * len(tags), tuple(tags), tuple(range(line, line + len(tags)))))
        line += len(tags) + 1
    return {path: sentences}


@pytest.mark.parametrize("scheme", THE_SAME_SPANS)
def test_every_scheme_gives_the_same_spans(scheme: str) -> None:
    tags = THE_SAME_SPANS[scheme].split()
    assert spans(tags) == SPANS
    assert " ".join(to_iobes(tags)) == THE_SAME_SPANS["IOBES"]
    assert " ".join(to_iob2(tags)) == THE_SAME_SPANS["IOB2"]


@pytest.mark.parametrize("scheme", THE_SAME_SPANS)
def test_scheme_is_detected(scheme: str) -> None:
    expected = "IOBES" if scheme in ("BILOU", "BMEWO") else scheme
    report = report_tags(corpus("O O", THE_SAME_SPANS[scheme]))
    assert (report.scheme, report.slips) == (expected, [])
    assert report.name == scheme


@pytest.mark.parametrize(
    ("lines", "scheme"),
    [
        (["O O", "O"], "IOB2"),  # no spans
        (["O I-X I-X", "I-X I-Y"], "IOB1"),  # no two neighbouring spans of one type
        (["I-X B-X B-X I-X"], "IOB1"),
        (["B-X B-X"], "IOB2"),
        (["B-X I-X", "I-X I-X S-X"], None),
        (["B-X M-X E-X", "S-X"], "IOBES"),
        (["B-a-b I-a-b"], "IOB2"),  # hyphens belong to the type
    ],
)
def test_detection_cases(lines: list[str], scheme: str | None) -> None:
    report = report_tags(corpus(*lines))
    assert (None if report.slips else report.scheme) == scheme


def test_detection_looks_at_all_files_and_lines() -> None:
    files = corpus("B-X I-X O") | corpus("O O", "O B-X", "O I-X", path=Path("dev.txt"))
    told = report_tags(files).slips_in_words()
    assert re.match(r"dev\.txt:8: I-X after nothing .* IOB2 \(train\.txt:1: B-X starts a span\)", told)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["B-X I-X", "O I-X"], r"train\.txt:5: I-X after nothing that it continues; expected B- .* IOB2"),
        (["B-X I-Y"], r"train\.txt:2: I-Y after nothing that it continues"),
        (["S-X", "O I-X E-X"], r"train\.txt:4: I-X after nothing that it continues; expected B- or S- .* IOBES"),
        (["S-X", "E-X"], r"train\.txt:3: E-X after nothing"),
        (["S-X", "B-X E-Y"], r"train\.txt:3: B-X is not followed by I- or E-"),
        (["S-X", "B-X I-X"], r"train\.txt:4: I-X is not followed by I- or E-"),
        (["S-X", "B-X O"], r"train\.txt:3: B-X is not followed"),
        (["S-X I-X E-X"], r"train\.txt:2: I-X after nothing"),
    ],
)
def test_slips_are_told_with_their_line(lines: list[str], message: str) -> None:
    assert re.match(message, report_tags(corpus(*lines)).slips_in_words())


def test_an_unknown_tag_is_an_error_with_its_line() -> None:
    with pytest.raises(InputError, match=r"^train\.txt:5: unknown tag 'BX': expected O, or B-, I-, E- or S-"):
        report_tags(corpus("O B-X", "O BX"))


@pytest.mark.parametrize(
    ("lines", "scheme", "message"),
    [
        (
            ["B-X I-X", "O I-Y I-Y", "B-X"],
            "IOB2",
            "train.txt:5: I-Y after nothing that it continues; expected B- to start",
        ),
        (
            ["I-X I-X", "I-X", "O B-Y", "I-Y"],
            "IOB1",
            "train.txt:7: B-Y after no span of its type; expected I- to start",
        ),
        (
            ["U-X", "B-X L-X", "O L-Y"],
            "IOBES",
            "train.txt:7: L-Y after nothing that it continues; expected B- or U- to",
        ),
        (
            ["U-X", "B-X L-X", "B-Y O"],
            "IOBES",
            "train.txt:6: B-Y is not followed by I- or L- of its type; expected U-, or",
        ),
        (
            ["I-X E-X", "E-X", "I-X O"],
            "IOE2",
            "train.txt:6: I-X is not followed by I- or E- of its type; expected E- to",
        ),
        (["I-X E-X I-X", "I-X", "E-X O"], "IOE1", "train.txt:7: E-X before no span of its type; expected I- to end"),
        (
            ["B_X I_X", "B_X", "E_X"],
            "IOB2",
            "train.txt:6: E_X has a prefix of another scheme, because the corpus is IOB2",
        ),
        (["b_x i_x", "b_x", "o i_x"], "IOB2", "train.txt:7: i_x after nothing that it continues; expected b_ to start"),
    ],
)
def test_slips_are_quoted_as_they_are_written(lines: list[str], scheme: str, message: str) -> None:
    report = report_tags(corpus(*lines))
    assert (report.scheme, len(report.slips)) == (scheme, 1)
    assert report.slips_in_words().startswith(message)
    assert report.slips_in_words().endswith("; 1 such tag (1 in train.txt)")


def test_many_slips_are_counted_and_the_first_ones_named() -> None:
    files = corpus("B-X", "B-X", *["I-X"] * 8, *["B-X"] * 9) | corpus("I-X", "B-X", path=Path("raw/dev.txt"))
    told = report_tags(files).slips_in_words()
    assert told.startswith("train.txt:5: I-X after nothing")
    places = "train.txt:7, train.txt:9, train.txt:11, train.txt:13, train.txt:15 and 3 more"
    assert told.endswith(f"; 9 such tags (8 in train.txt, 1 in dev.txt); also {places}")


@pytest.mark.parametrize("tag", ["", "o", "0", "B", "B-", "-X", "X-NP", "b-NP", "NP", "B NP", "O-X", "OO"])
def test_unknown_tag_shapes(tag: str) -> None:
    with pytest.raises(InputError, match="unknown tag"):
        parse_tag(tag)


def test_tags_by_hand() -> None:
    assert parse_tag("B-a-b") == ("B", "a-b") and parse_tag("U-a\u2028b\nc") == ("S", "a\u2028b\nc")
    assert [parse_tag(f"{prefix}-X").prefix for prefix in "BIESLUMW"] == list("BIESESIS")
    assert parse_tag("O") == ("O", "") and parse_tag("I-O") == ("I", "O")


def test_spans_agree_with_seqeval_also_on_impossible_sequences() -> None:
    generator = random.Random(1)
    for alphabet in ("BIO", "BIOES"):
        tags = [f"{p}-{t}" if p != "O" else "O" for p in alphabet for t in ("X", "Y", "a-b")]
        for _ in range(2000):
            sequence = generator.choices(tags, k=generator.randint(0, 9))
            expected = [Span(kind, start, last + 1) for kind, start, last in get_entities(sequence)]
            assert spans(sequence) == expected, sequence


def test_conversion_keeps_spans_and_is_valid() -> None:
    generator = random.Random(2)
    for _ in range(1000):
        tags = generator.choices(["O", "B-X", "I-X", "E-X", "S-X", "I-Y", "B-Y"], k=generator.randint(1, 8))
        for convert, schemes in ((to_iobes, {"IOBES", "IOB2"}), (to_iob2, {"IOB2"})):
            converted = convert(tags)
            assert spans(converted) == spans(tags)
            report = report_tags(corpus(" ".join(converted)))
            assert report.scheme in schemes and not report.slips  # IOB2 where IOBES is all O
            assert convert(converted) == converted
