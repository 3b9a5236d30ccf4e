"""What separates columns, and which lines are words, where a file does not say it plainly."""

import pytest

from ldnet.errors import InputError
from ldnet.text.column_layout import (
    ColumnLine,
    ends_sentence,
    find_layout,
    header_of,
    mark_headers,
    mark_indexed,
    read_block,
    word_of,
)


def kinds(text: str, word_column: int = 0, tag_column: int | None = None) -> list[str]:
    """What each line is, `blank` for None; words as their columns, joined by |."""
    numbered = list(enumerate(text.split("\n"), start=1))
    layout = find_layout(numbered)
    assert layout is not None
    block = list(read_block(numbered, layout, "x", tag_column))
    header = header_of(line for line in block if line)
    lines = mark_indexed([line and mark_headers([line], header)[0] for line in block], word_column)
    return [
        "blank" if line is None else "|".join(line.fields) if line.kind == "word" else line.kind.upper()
        for line in lines
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a O\nb  \t O", ["a|O", "b|O"]),
        ("Ho Chi\tO\nleft\tO", ["Ho Chi|O", "left|O"]),
        ("New York\tO", ["New York|O"]),
        ("a\t\tO\nb\t\tO", ["a|O", "b|O"]),  # doubled tabs
        ("a\t\tO\nbcdefghi\tO", ["a|O", "bcdefghi|O"]),
        ("a\tO\t\nb\tO\t", ["a|O", "b|O"]),
        ("a\tx\t\nb\t\tO", ["a|x|", "b||O"]),  # empty columns
        ("\tO\na\tO", ["|O", "a|O"]),
        (" a\tO\nb \tO", ["a|O", "b|O"]),
        ("1 a\tO\n2 b\tO", ["1 a|O", "2 b|O"]),  # few lines: blanks may belong to words
        ("\n".join(["1 a\tO"] * 60), ["1|a|O"] * 60),  # many: they do not
        ("\u3000 O\n1\u00a02 O", ["\u3000|O", "1\u00a02|O"]),
        ("word\tner_tags\na\tO", ["HEADER", "a|O"]),
        ("Token POS Tag\na DT O", ["HEADER", "a|DT|O"]),
        ("word tag\na O\n\nword tag\nword O", ["HEADER", "a|O", "blank", "HEADER", "word|O"]),  # files put together
        ("a O\nword tag", ["a|O", "word|tag"]),
        ("word\nform", ["word", "form"]),  # a column alone has no header
        ("-DOCSTART- -X- O\n\na DT O", ["DOCUMENT", "blank", "a|DT|O"]),
        ("\u2013DOCSTART\u2013 O\na O\n-DOCEND- O", ["DOCUMENT", "a|O", "DOCUMENT"]),
        ("_DOCSTART_ O\na O\n<docstart>\nb O", ["DOCUMENT", "a|O", "DOCUMENT", "b|O"]),
        ("-DOCSTART CONFIG FEATURES\n-DOCSTART FILE a.xml\na O", ["DOCUMENT", "DOCUMENT", "a|O"]),
        ("a <DOCSTART>\nDOCEND O\n<docstart O", ["a|<DOCSTART>", "DOCEND|O", "<docstart|O"]),
    ],
)
def test_columns(text: str, expected: list[str]) -> None:
    assert kinds(text) == expected


@pytest.mark.parametrize(
    ("text", "tag_column", "expected"),
    [
        ("# my corpus v2\na O", 1, ["COMMENT", "a|O"]),
        ("# two words here\na DT NP O", -1, ["COMMENT", "a|DT|NP|O"]),
        ("# corpus O\na DT O", -1, ["#|corpus|O", "a|DT|O"]),
        ("# O\na O", 1, ["#|O", "a|O"]),
        ("a O\n#tag O\n# O", 1, ["a|O", "#tag|O", "#|O"]),
        ("#tag\tB-X\na\tO", 1, ["#tag|B-X", "a|O"]),
        ("#tag\tODD\na\tO", 1, ["#tag|ODD", "a|O"]),  # a wrong tag, not a comment
        ("# text = Ho Chi\tO\na\tO", 1, ["COMMENT", "a|O"]),
        ("# sent_id = 1\n1\ta\tO", -1, ["COMMENT", "1|a|O"]),
        ("#id 1\n1\ta\tO", -1, ["COMMENT", "1|a|O"]),
        ("#begin document (x); part 000\na O\n#end document", 1, ["COMMENT", "a|O", "COMMENT"]),
        ("# id 7f\tdomain=en\na _ _ O", -1, ["COMMENT", "a|_|_|O"]),
        ("a O\n# note\nb O", 1, ["a|O", "COMMENT", "b|O"]),
        ("# sent_id = 1\nword", None, ["COMMENT", "word"]),
        ("# newdoc id = a\tb\nword\tO", 1, ["COMMENT", "word|O"]),
        ("###MEDLINE:95\nword\n###\n##ing", None, ["COMMENT", "word", "###", "##ing"]),
        ("###x O\nword O", 1, ["###x|O", "word|O"]),
        ("#\n#tag\nword", None, ["#", "#tag", "word"]),
        ("# id 7f\tdomain=en\na _ _ O", None, ["COMMENT", "a|_|_|O"]),
    ],
)
def test_comments(text: str, tag_column: int | None, expected: list[str]) -> None:
    assert kinds(text, tag_column=tag_column) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1-2\tdel\tO\n1\tde\tO\n2\tel\tO\n2.1\tes\tO", ["MULTIWORD", "1|de|O", "2|el|O", "EMPTY NODE"]),
        ("0.1 x O\n1 a O\n\n1 b O", ["EMPTY NODE", "1|a|O", "blank", "1|b|O"]),
        ("8-9 x O\n8 a O\n9 b O", ["MULTIWORD", "8|a|O", "9|b|O"]),
        ("1-0 a O\n2 b O", ["1-0|a|O", "2|b|O"]),  # a result, not a range
        ("1-2 a O\n3.1 b O", ["1-2|a|O", "3.1|b|O"]),  # no number at all
        ("1-2 a O\n1 b O\n7 c O", ["1-2|a|O", "1|b|O", "7|c|O"]),  # numbers that do not count
        ("x-1 a O\n1 b O", ["x-1|a|O", "1|b|O"]),
    ],
)
def test_lines_that_conllu_does_not_count(text: str, expected: list[str]) -> None:
    assert kinds(text, word_column=1) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1-1\t0-2\tab\tX\n1-1.1\t0-1\ta\tY\n1-2\t3-4\tb\t_", ["1-1|0-2|ab|X", "PART OF WORD", "1-2|3-4|b|_"]),
        ("1-1.1 a O\n1-2 b O", ["1-1.1|a|O", "1-2|b|O"]),  # no offsets of characters
        ("1-1.1 0-1\n1-2 3-4", ["1-1.1|0-1", "1-2|3-4"]),  # no words after them
    ],
)
def test_parts_of_words_of_webanno(text: str, expected: list[str]) -> None:
    assert kinds(text, word_column=-2) == expected


def test_numbers_are_words_in_the_column_of_words() -> None:
    assert kinds("1-2 a O\n1 b O\n2 c O") == ["1-2|a|O", "1|b|O", "2|c|O"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a O\nHo Chi O\nb O", r"x:2: expected 2 columns as in line 1, found 3 \(blanks separate .* write _"),
        ("a b O\nc O\nd O", "x:1: expected 2 columns as in line 2, found 3"),
        ("a\tO\nb\tO\nHo Chi O", r"x:3: expected 2 columns as in line 1, found 1 \(tabs separate"),
        ("a\tO\nEOS\nb\tO", r"x:2: .*found 1 \(tabs separate the columns: is one .*\? Sentences end at empty lines\)"),
        ("a O\n---\nb O", r"x:2: .*found 1 \(blanks separate the columns: is one .*\? Sentences end at empty lines\)"),
        ("a X O\nb O", r"x:2: .*found 2 \(blanks separate the columns: is one of them missing\?\)"),
        ("a O\n#New York O", "x:2: expected 2 columns as in line 1, found 3"),
        (
            "a O\nleft\u00a0O",
            r"x:2: .*found 1 \(only blanks and tabs separate columns, and there is U\+00A0 in this line",
        ),
        ("a\tO\nb\tO\nleft\u3000O", r"x:3: .*found 1 \(only blanks and tabs .* U\+3000 in this line\)"),
        ("a O\nNew\u00a0York City O", r"x:2: .*found 3 \(blanks separate .* write _"),
        ("a O\nb\rc O", "x:2: a carriage return inside the line; give all lines the same end: perl"),
    ],
)
def test_ragged_lines(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        kinds(text, tag_column=-1)


@pytest.mark.parametrize(
    ("text", "first", "later"),
    [
        ("word tag", True, True),
        ("Form\tPOS\tNER_tag", True, True),
        ("text lemma", True, False),
        ("Labels label", True, False),  # a word and its lemma
        ("word O", False, False),
    ],
)
def test_headers(text: str, first: bool, later: bool) -> None:
    lines = [ColumnLine(1, text, "word", tuple(text.split()))]
    assert [header_of(lines, first=start) is not None for start in (True, False)] == [first, later]


def test_no_lines_have_no_layout() -> None:
    assert find_layout([(1, ""), (2, " \t"), (3, "-DOCSTART- O")]) is None


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        (".\tO\tEndOfSentence", True),
        (". O NoSpaceAfter|PySBDSegment|EndOfLine", True),
        (".\tO\tEndOfLine", False),
        ("EndOfSentences O", False),
        (".\tO\t_", False),
    ],
)
def test_flags_that_end_sentences(line: str, ends: bool) -> None:
    assert ends_sentence(line) is ends


def test_words() -> None:
    numbered = [(1, "x\t\ufeff\ufeffa\tO"), (2, "x\t\tO")]
    layout = find_layout(numbered)
    assert layout is not None
    first, second = (line for line in read_block(numbered, layout, "x") if line)
    assert word_of(first, 1, "x:1") == "a"
    with pytest.raises(InputError, match=r"x:2: the word is empty \(column 1; tabs separate the columns\); write _"):
        word_of(second, 1, "x:2")
