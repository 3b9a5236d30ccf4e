"""LM text that is none: markup, subtitles, words with parts of speech."""

import gzip
from pathlib import Path

import pytest

from pipeline.corpus.lm_form import PIECES, doubts_of_form, lines_by_form
from pipeline.text.odd_characters import NAMES

MARKUP, TIMES, TAGGED = "markup", "the time of a subtitle", "words with parts of speech"
RETURNS = "several lines, with carriage returns between them"
ODD = f"text with {NAMES}"
MARKS, ESCAPES = "text with marks of another tool's tokeniser", "text with escapes of HTML or JSON"
BLANKS = "text with blanks that separate no words at the ends of words"


@pytest.mark.parametrize(
    ("line", "form"),
    [
        ('<doc id="12" url="http://a" title="b">', MARKUP),
        ("</doc>", MARKUP),
        ("<DOC>", MARKUP),
        ("< / doc >", MARKUP),
        ("<br/>", MARKUP),
        ("<!DOCTYPE x>", MARKUP),
        ("<?xml version='1.0'?>", MARKUP),
        ("<s>", MARKUP),
        ("<unk>", ""),
        ("<unk> <unk>", ""),
        ("a <b> c", ""),
        ("<b> c </b>", ""),
        ("x < y", ""),
        ("< 3 >", ""),
        ("-LRB- < a", ""),
        ("00:00:01,000 --> 00:00:02,000", TIMES),
        ("00:01.000 --> 00:03.500 align:start", TIMES),
        ("00 : 00 : 01 , 000 -- > 00 : 00 : 02 , 000", TIMES),
        ("12:30", ""),
        ("at 12:30 --> 13:00", ""),
        ("1", ""),
        ("one .\rtwo .", RETURNS),
        ("\x1b[31mred\x1b[0m .", ODD),
        ("it\x92s", ODD),
        ("one .\u2028two .", ODD),
        ("one .\x85two .", ODD),
        ("caf\ufffd .", ODD),
        ("a\0b", ODD),
        ("joined \ufefffiles .", ODD),
        ("a\tb\vc\fd e\u00a0f \u200bg \u200fh i\u00adj .", ""),
        ("a \u200b .", ODD),
        ("Caf\u00c3\u00a9 .", "text in UTF-8 that was read as cp1252"),
        ("<s> a . </s>", MARKS),
        ("a well @-@ known one .", MARKS),
        ("a <UNK> @ .", ""),
        ("a <mask> .", MARKS),
        ("AT&amp;T .", ESCAPES),
        ("caf\\u00e9 .", ESCAPES),
        ("AT&T & R&D; .", ""),
        ("two\u00a0 .", BLANKS),
        ("\u3000a .", BLANKS),
    ],
)
def test_lines(line: str, form: str) -> None:
    assert lines_by_form(["a sentence .", line]) == ({form: [1]} if form else {})


def test_many_blanks_in_a_line_take_no_time() -> None:
    blanks = " " * 1_000_000
    assert lines_by_form([f"<{blanks}.", f"<{blanks}/{blanks}.", f"<{blanks}/{blanks}doc>"]) == {MARKUP: [2]}


@pytest.mark.parametrize(
    "line",
    [
        "the_DT cat_NN 's_POS hat_NN ._.",
        "the/at cat/nn 's/$ sat/vbd ./.",
        "the|DET cat|NOUN sat|VERB .|PUNCT",
        "a_DT (_-LRB-",
    ],
)
def test_words_with_parts_of_speech(line: str) -> None:
    assert lines_by_form([line] * 3) == {TAGGED: [0, 1, 2]}
    assert lines_by_form([line] * 3 + ["plain words ."] * 4) == {}
    assert lines_by_form([line] * 2) == {}
    assert lines_by_form(["the_DT cat_NN sat_VBD down_RB today"] * 3) == {TAGGED: [0, 1, 2]}, "four of five words"
    assert lines_by_form(["the_DT"] * 3) == {}, "a word alone"


@pytest.mark.parametrize("line", ["the X@@ ka3 fell .", "the Xka ##3 fell .", "the Xka</w> .", "\u2581the \u2581Xk a"])
def test_pieces_of_words(line: str) -> None:
    plain = ["plain words ."]
    assert lines_by_form(plain * 297 + [line] * 3) == {PIECES: [297, 298, 299]}, "rare words alone are cut"
    assert lines_by_form(plain * 298 + [line] * 3) == {}
    assert lines_by_form(plain + [line] * 2) == {}


@pytest.mark.parametrize(
    "line", ["then \u0120or\u0121 came in .", "\u0120unju 2020", "\u0120or\u0121 Borg", "\u0120unju"]
)
def test_words_that_begin_with_the_letter_of_a_mark_are_no_pieces(line: str) -> None:
    assert lines_by_form([line] * 9) == {}


@pytest.mark.parametrize(
    "line",
    ["and/or he/she", "the snake_case_names are few", "New_York is big", "http://a.b/c", "km/h", "- / - _ |", "1/2"],
)
def test_sentences_with_such_signs_are_text(line: str) -> None:
    assert TAGGED not in lines_by_form([f"{line} and a lot of other words ."] * 10)


def test_bytes_that_are_no_text_are_left_to_those_who_read_all(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xff x .\n<doc>\n")
    assert [doubt.partition(":")[2][:9] for doubt in doubts_of_form([tmp_path / "a.txt"])] == ["2: '<doc>"]


def test_blanks_at_the_ends_of_lines(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x .\r\n \u3000y .\t\n", encoding="utf-8")
    (doubt,) = doubts_of_form([tmp_path / "a.txt"])
    assert doubt.startswith(f"{tmp_path}/a.txt:2: '\\u3000y .' is {BLANKS} (1 of the first 2 lines)")


def test_the_first_place_and_how_many(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x .\n\n<doc>\ny .\n</doc>\n")
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"<doc>\n1\n00:00:01,000 --> 00:00:02,000\nz\n"))
    (tmp_path / "c.txt").write_text("x .\n")
    learnt = "and is learnt from as text; expected one tokenised sentence a line"
    assert list(doubts_of_form(sorted(tmp_path.iterdir()))) == [
        f"{tmp_path}/a.txt:3: '<doc>' is markup (2 of the first 5 lines; also in 1 more files), {learnt}",
        f"{tmp_path}/b.txt.gz:3: '00:00:01,000 --> 00:00:02,000' is the time of a subtitle (1 of the first 4 lines), "
        f"{learnt}",
    ]
    assert list(doubts_of_form([tmp_path / "c.txt"])) == []
