"""Lines up to the bound, and what is said of longer ones."""

from pathlib import Path

import pytest

from ldnet.errors import InputError
from ldnet.limits import MOST_LINE_BYTES
from pipeline.text.bounded_lines import bounded_lines


def test_a_line_beyond_the_bound_is_refused_with_what_was_expected(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * MOST_LINE_BYTES + b"\nb\n")
    assert [len(line) for line in bounded_lines(path, "expected a word")] == [MOST_LINE_BYTES, 1]
    for size in (MOST_LINE_BYTES + 1, 2 * MOST_LINE_BYTES):
        path.write_bytes(b"b\n" + b"x" * size + b"\nc\n")
        with pytest.raises(InputError, match=r"a\.txt:2: a line of more than 4,194,304 bytes; expected a word$"):
            list(bounded_lines(path, "expected a word"))
    with pytest.raises(InputError, match=r"expected a sentence a line; cut the text into sentences$"):
        list(bounded_lines(path))


def test_the_name_of_a_file_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "expected a sentence a line"
    path.write_bytes(b"x" * (MOST_LINE_BYTES + 1))
    with pytest.raises(InputError, match=rf"^{path}:1: a line of more than 4,194,304 bytes; expected a word$"):
        list(bounded_lines(path, "expected a word"))


def test_other_errors_stay_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file; put raw data there"):
        list(bounded_lines(tmp_path / "a.txt", "expected a word"))
