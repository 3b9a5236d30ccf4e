"""Test sentences that are in the LM text in another form are found and told."""

import pytest

from ldnet.text.columns import sentence_hash
from pipeline.corpus.altered_tests import LOOKED_AT, altered_tests, doubts_of_altered_tests, merged

TESTS = [f"The house {number} is red ." for number in range(9)]
HASHES = {sentence_hash(text.split()) for text in TESTS}


def told(lines: list[str], dropped: int = 0) -> list[str]:
    """What is said of a text of these lines."""
    return list(doubts_of_altered_tests(altered_tests([line.encode() for line in lines], HASHES), dropped))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            [f"{number} {text}" for number, text in enumerate(TESTS)],
            "at least 9 test sentences are in the LM text with one more word before them ('0', '1', '2'), and so are "
            "not dropped: the language models learn from them; if that is a number or a label, take it away from "
            "all lines",
        ),
        (
            [f"__label__{number % 2} {text}" for number, text in enumerate(TESTS)],
            "at least 9 test sentences are in the LM text with one more word before them ('__label__0', '__label__1'), "
            "and so",
        ),
        (
            [f"{text} 0.{number}" for number, text in enumerate(TESTS)],
            "at least 9 test sentences are in the LM text with one more word behind them ('0.0', '0.1', '0.2'), and",
        ),
        (
            [text.replace("The", "the") for text in TESTS],
            "at least 9 test sentences are in the LM text with another case of their first letter ('the'), and so are "
            "not dropped: the language models learn from them; write first words as",
        ),
    ],
)
def test_forms(lines: list[str], message: str) -> None:
    others = [f"Another {number} is here now ." for number in range(100)]
    (doubt,) = told([*others, *lines])
    assert doubt.startswith(message)
    assert told([*others, *lines[:2]]) == [], "quotations"
    assert told(lines, dropped=450) and told(lines, dropped=451) == [], "far more are there as they are"
    assert told(lines[:1] * 9) == [], "copies"


def test_short_lines_are_like_others_by_chance() -> None:
    hashes = {sentence_hash((text,)) for text in ("a b", "c d", "e f", "a b c", "d e f", "g h i")}
    assert altered_tests([b"- a b", b"- c d", b"- e f"], hashes) == {}
    assert list(altered_tests([b"- a b c", b"- d e f", b"- g h i"], hashes)) == ["before"]


def test_of_many_lines_some_are_looked_at_all_over_the_text() -> None:
    lines = [b"x"] * (9 * LOOKED_AT) + [f"0 {text}".encode() for text in TESTS]
    assert len(altered_tests(lines, HASHES)["before"]) == 1


def test_of_lines_in_pairs_both_kinds_are_looked_at() -> None:
    lines = [f"0 {text}".encode() for text in TESTS]
    for others_first in (True, False):
        pair = [b"x", None] if others_first else [None, b"x"]
        text = [line or lines[number % len(lines)] for number in range(LOOKED_AT) for line in pair]
        assert len(altered_tests(text, HASHES)["before"]) >= 3


def test_parts_are_merged() -> None:
    found = merged([{"before": {"a": "1"}}, {}, {"before": {"a": "2", "b": "3"}, "case": {"c": "4"}}])
    assert found == {"before": {"a": "1", "b": "3"}, "case": {"c": "4"}}
    assert merged([]) == {}
