"""Numbers of words in column 0 against the rule for a whole file in memory, and gaps in them."""

import random
from pathlib import Path

import pytest

from ldnet.errors import InputError
from ldnet.text.column_layout import ColumnLine, mark_indexed
from pipeline.text.raw_columns import read_columns
from pipeline.text.word_numbers import WordNumbers


def test_the_rule_is_that_of_tagging() -> None:
    generator = random.Random(1)
    held = 0
    for _ in range(5000):
        indices = generator.choices(
            ["1", "2", "3", "1-2", "2-3", "2-1", "1-1", "1.1", "0", None, "a"], [9] * 9 + [6, 1], k=5
        )
        lines = [
            None if index is None else ColumnLine(number, "", "word", (index, "w", "O"))
            for number, index in enumerate(indices, start=1)
        ]
        numbers = WordNumbers()
        kinds = []
        for line in lines:
            if line is None:
                numbers.end_sentence()
            kinds.append(line and numbers.kind(line))
        expected = [line and line.kind for line in mark_indexed(lines, 1)]
        assert expected == (kinds if numbers.hold else [line and "word" for line in lines])
        held += numbers.hold and numbers.apart > 0
    assert held > 50


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "1-2\tdel\tO\n1\tde\tO\n2\tel\tO\n\n1\tfoo\tO\n3\tbar\tO\n\n",
            "6: column 0 counts words, but 3 comes after 1, so ranges and empty nodes (as 1-2 in line 1) would be read",
        ),
        ("1\ta\tO\n2\tb\tO\n2.1\tc\tO\n1\td\tO\n2\te\tO\n", "4: column 0 counts words, but 1 comes after 2"),
        ("1\ta\tO\n1-2\tb\tO\n3\tc\tO\n", "3: column 0 counts words, but 3 comes after 1"),
        ("1\ta\tO\n1-2\tb\tO\n1\tc\tO\n", "3: column 0 counts words, but 1 comes after 1"),
        ("1-2\tab\tO\n1\ta\tO\n2\tb\tO\n\n" * 9 + "2-1\tc\tO\n", "37: column 0 counts words, but '2-1' is no number"),
        ("1-2\tab\tO\n1\ta\tO\n2\tb\tO\n\n" * 9 + "_\tc\tO\n", "37: column 0 counts words, but '_' is no number"),
        ("1-2 ab O\n1 a O\n2 b O\n-DOCSTART- -X- O\n1 c O\n3 d O\n", "6: column 0 counts words, but 3 comes after 1"),
    ],
)
def test_a_gap_in_the_count_is_refused_where_words_would_be_wrong(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "train.txt"
    path.write_text(content)
    with pytest.raises(InputError) as error:
        read_columns(path, 1, 2)
    assert str(error.value).startswith(f"{path}:{message}")
    assert "number the words of each sentence 1, 2, 3, ... with a blank line" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("0.97\ta\tO\n1\tb\tO\n0.5\tc\tO\n1\td\tO\n", "a b c d"),  # scores
        ("0\ta\tO\n1\tb\tO\n0.5\tc\tO\n1\td\tO\n", "a b c d"),
        ("0.97\ta\tO\n0.5\tb\tO\n", "a b"),
        ("1\ta\tO\n3\tb\tO\n", "a b"),  # nothing to tell from words
        ("In\tin\tO\n1994-1995\tx\tO\nthe\tthe\tO\n1\ty\tO\n3\tz\tO\n", "in x the y z"),  # words
        ("1-2\tab\tO\n1\ta\tO\n2\tb\tO\n2.1\tc\tO\n\n8\td\tO\n9\te\tO\n", "a b d e"),
        ("1-2\tab\tO\n1\ta\tO\n2\tb\tO\n\n" * 2 + "x\tc\tO\n", "ab a b ab a b c"),  # too many others
        ("1-2\tab\tO\n1\ta\tO\n2\tb\tO\n\n" * 5 + "x\tc\tO\ny\td\tO\n", "ab a b " * 5 + "c d"),
        ("1-2\t\t_\n1\ta\tO\n2\tb\tO\n", "a b"),  # an empty form of what is no word
    ],
)
def test_other_numbers_in_column_0(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "train.txt"
    path.write_text(content)
    assert " ".join(word for sentence in read_columns(path, 1, 2).sentences for word in sentence.words) == words
