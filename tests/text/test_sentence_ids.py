"""A column that numbers sentences is told from other columns, and says where blank lines are missing."""

import pytest

from pipeline.text.sentence_ids import SentenceIds


def joined(column: str) -> list[int]:
    """The places of a column's values, counted from 1, where sentences seem to begin; | is a blank line."""
    ids, place = SentenceIds(), 0
    for part in column.split("|"):
        for number, value in enumerate(part.split(" ")):
            place += 1
            if ids.holds:
                ids.add(value.replace("-", ""), number == 0, place)
    return ids.joined


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("1 1 2 2|3 3 4", [3, 7]),
        ("s1 s1 s2 s2|s4 s4", [3]),
        ("1 - 2 -|3 - 4", [3, 7]),
        ("1 1|2 2|3 3", []),
        ("1 1 2 2", []),  # one sentence, which may be all of the file
        ("1 1 2 2|2 3 3", []),  # lines of a page: a sentence goes on in the next one
        ("1 1 2 2|1 1 2", []),  # paragraphs of documents
        ("1 2 3 4|5 6 7 8", []),  # words
        ("N N V V|D D", []),
        ("0 0 1 0|1 0", []),
    ],
)
def test_columns(column: str, expected: list[int]) -> None:
    assert joined(column) == expected
