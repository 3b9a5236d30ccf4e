"""Lines that are no sentences of a text: markup, subtitles, words with parts of speech."""

import textwrap

import pytest

from ldnet.text.odd_characters import NAMES
from ldnet.text.text_forms import BLANKS_AT_ENDS, LABELLED, OF_COLUMNS, PIECES, SEVERAL, WRAPPED, lines_by_form

MARKUP, TIMES, TAGGED = "markup", "the time of a subtitle", "words with parts of speech"
RETURNS = "several lines, with carriage returns between them"
ODD = f"text with {NAMES}"
MARKS, ESCAPES = "text with marks of another tool's tokeniser", "text with escapes of HTML or JSON"


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
        ("Caf\u00c3\u00a9 .", "text in UTF-8 that was read as another encoding"),
        ("<s> a . </s>", MARKS),
        ("a well @-@ known one .", MARKS),
        ("a <UNK> @ .", ""),
        ("a <mask> .", MARKS),
        ("AT&amp;T .", ESCAPES),
        ("caf\\u00e9 .", ESCAPES),
        ("AT&T & R&D; .", ""),
        ("two\u00a0 .", BLANKS_AT_ENDS),
        ("\u3000a .", BLANKS_AT_ENDS),
        ("the [[old town|town]] .", MARKUP),
        ("== History ==", MARKUP),
        ("{{Infobox", MARKUP),
        (" = History = ", ""),
        ("a [ b ] == c", ""),
        ("-DOCSTART- -X- O", OF_COLUMNS),
        ("# sent_id = 1", OF_COLUMNS),
        ("# newdoc id = a", OF_COLUMNS),
        ("# 1 is it", ""),
        ("a\\n\\n b \\n", ESCAPES),
        ("a\\nb", ""),
    ],
)
def test_lines(line: str, form: str) -> None:
    assert lines_by_form(["a sentence .", line]) == ({form: [1]} if form else {})


def test_many_blanks_in_a_line_take_no_time() -> None:
    blanks = " " * 1_000_000
    assert lines_by_form([f"<{blanks}.", f"<{blanks}/{blanks}.", f"<{blanks}/{blanks}doc>"]) == {MARKUP: [2]}
    for sign in ("=", ".", "'.", ". ", "[", "a.", "<a>"):
        assert MARKUP not in lines_by_form([sign * 100_000]) or sign == "["


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


def test_markup_around_most_lines() -> None:
    assert lines_by_form(["<p>Ada left.</p>", '<p id="1">Bo came.</p >', "x ."]) == {MARKUP: [0, 1]}
    assert lines_by_form(["<p>Ada left.</p>", "x .", "y ."]) == lines_by_form(["<p>a</b>", "<p>b</b>"]) == {}


@pytest.mark.parametrize("label", ["{}", "s{}:", "({})", "__label__{}", "84-121-{:04}", "[12:{:02}]"])
def test_numbers_and_labels_before_or_behind_sentences(label: str) -> None:
    before = [f"{label.format(number)} Ada left Ulm ." for number in range(20)]
    behind = [f"Ada left Ulm . {label.format(number)}" for number in range(20)]
    for lines in (before, behind):
        assert lines_by_form(["", *lines, "Bo came .", "x ."]) == {LABELLED: [*range(1, 21)]}
        assert lines_by_form([*lines, *["Bo came ."] * 3]) == lines_by_form(lines[:19]) == {}
    assert lines_by_form([f"{number}" for number in range(50)]) == {}, "a number alone"


PARAGRAPH = (
    "Ada left Ulm on Monday because she wanted to see the sea and the mountains before she would return to Rome, where "
    "her mother and her brother lived in a small house near the river. They had built it when the town was small and "
    "poor, and few people came. Later she wrote a long book about the years that she had spent there."
)


@pytest.mark.parametrize("width", [50, 60, 72])
def test_lines_that_are_cut_at_a_width(width: int) -> None:
    lines = textwrap.wrap(PARAGRAPH, width)
    found = lines_by_form([*lines, "", *lines, ""])[WRAPPED]
    assert found == [*range(len(lines) - 1), *range(len(lines) + 1, 2 * len(lines))]
    assert WRAPPED not in lines_by_form(line for line in lines for line in (line, ""))
    assert WRAPPED not in lines_by_form(f"{line}." for line in lines), "sentences of about the same length"
    assert WRAPPED not in lines_by_form(lines[:5])
    assert WRAPPED not in lines_by_form(textwrap.wrap(PARAGRAPH, 20)), "headings"


@pytest.mark.parametrize(
    ("line", "several"),
    [
        ("She went to Oslo again. Bo came, too. They met Ines.", True),
        ("She went . Bo came . They met Ines .", True),
        ('She asked why? "He came!" (Bo was late.) Then all was well.', True),
        ("Élodie partit hier. Éric est venu aussi. Voilà.", True),
        ("Mr. Bo and Dr. Ines of St. Ives met Gov. Smith and J. R. Jones .", False),
        ("Bo saw the U.S. President at 3 p.m. Monday in Ulm Inc. Offices .", False),
        ("He came ... And then ... He left", False),
        ("It is version 2. Then 3. Then all.", False),
        ("He said so. and left. and came.", False),
        ("She went to Rome. Bo came.", False),
    ],
)
def test_several_sentences_in_a_line(line: str, several: bool) -> None:
    assert lines_by_form([line]) == ({SEVERAL: [0]} if several else {})
    assert lines_by_form([line, "One more ."]) == ({SEVERAL: [0]} if several else {})
    assert lines_by_form([line, "One more .", "And one ."]) == {}
