"""Word vectors in the GloVe text format."""

import gzip
import random
from pathlib import Path

import numpy as np
import pytest

from ldnet.errors import InputError
from pipeline.text.word_vectors import no_vectors, read_word_vectors, vector_dimension


def written(folder: Path, content: bytes, name: str = "v.txt") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        b"the 1 -2.5\nof 3e-1 4\n",
        b"the 1 -2.5\nof 3e-1 4",
        b"2 2\nthe 1 -2.5\nof 3e-1 4\n",
        b"the 1 -2.5 \r\nof\t0.3  4.0\r\n",
        b"the 1 -2.5\nof 3e-1 4\nthe 7 7\n",
        b"3 2\nthe 1 -2.5\nof 3e-1 4\nthe 7 7\n",
    ],
)
def test_ways_to_write_the_same_vectors(tmp_path: Path, content: bytes) -> None:
    files = written(tmp_path, content), written(tmp_path, gzip.compress(content), "v.gz")
    for vectors in map(read_word_vectors, files):
        assert vectors.rows == {"the": 0, "of": 1}
        assert vectors.vectors.dtype == np.float32
        np.testing.assert_array_equal(vectors.vectors, np.array([[1, -2.5], [0.3, 4]], dtype=np.float32))


def test_words_with_unicode_spaces_stay_whole(tmp_path: Path) -> None:
    vectors = read_word_vectors(written(tmp_path, "1\u00a02 1 2\na\u2028b 3 4\n\u0085 5 6\n".encode()))
    assert list(vectors.rows) == ["1\u00a02", "a\u2028b", "\u0085"]


def test_a_first_row_of_dimension_one_is_not_a_header(tmp_path: Path) -> None:
    assert read_word_vectors(written(tmp_path, b"the 1.0\n5 3\n")).rows == {"the": 0, "5": 1}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"the 1 2\nof 3\n", ":2: expected a word and 2 numbers, found 2 columns"),
        (b"the 1 2\nof 3 4 5\n", ":2: expected a word and 2 numbers, found 4 columns"),
        (b"the 1 2\n\nof 3 4\n", ":2: expected a word and 2 numbers, found 0 columns"),
        (b"the 1 2\nthe 3\n", ":2: expected a word and 2 numbers, found 2 columns"),
        (b"2 3\nthe 1 2\n", ":1: promises 3 numbers a word, line 2 has 2; correct or delete line 1"),
        (b"2 1\nthe 1 2\nof 1 2\n", ":1: promises 1 numbers a word, line 2 has 2"),
        (b"3 2\nthe 1\nof 1 2\na 1 2\n", ":2: expected a word and 2 numbers, found 2 columns"),
        (b"2 2\nthe\n", ":2: expected a word and 2 numbers, found 1 columns"),
        (b"the 1 2_0\n", ":1: expected 2 finite numbers after the word, found '2_0'"),
        (b"the 1 2\na_b 1_0 2\n", ":2: expected 2 finite numbers after the word, found '1_0'"),
        (b"the\n", ":1: expected a word and its numbers, found 1 columns"),
        (b"the 1 x\n", ":1: expected 2 finite numbers after the word, found 'x'"),
        (b"the 1 nan\n", ":1: expected 2 finite numbers after the word, found 'nan'"),
        (b"the 1 2\nof inf -inf\n", ":2: expected 2 finite numbers after the word, found 'inf'"),
        (b"the 1 1e39\n", ":1: expected 2 finite numbers after the word, found '1e39'"),
        (b"the 1 \xff\n", ":1: expected 2 finite numbers after the word"),
        (b"the 1 2\n\xff\xfe 3 4\n", ":2: not UTF-8; 1 of 2 words are not; convert the file to UTF-8"),
        (b"the 1 2\n 3 4\n", ":2: no word; 1 of 2 lines have none"),
        (b"3 2\n", ": no word vectors"),
        (b"9" * 5000 + b" 2\nthe 1 2\nof 3 4\n", ":1: expected a word and 2 numbers, found 2 columns"),
        (b"2 " + b"9" * 5000 + b"\nthe 1 2\nof 3 4\n", ":1: expected a word and 2 numbers, found 2 columns"),
        (b"the 1 2\nof 3 4" + b" 4" * (1 << 22), ":2: a line of more than 4,194,304 bytes; expected a word and its"),
        (b"", ": no word vectors"),
        (b"0.1\t2\n-3e1\t4\n", ":1: only numbers ('0.1', '-3e1', ...), no words; expected a word and its numbers"),
        (b"2 2\n0 1 2\n1 3 4\n", ":1: only numbers ('0', '1', ...), no words"),
    ],
)
def test_errors_name_file_and_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(InputError) as error:
        read_word_vectors(path)
    assert str(error.value).startswith(f"{path}{message}")


@pytest.mark.parametrize(
    ("content", "words", "note"),
    [
        (
            b"the 1 2\nat a@b 3 4\n. . . 5 6\n",
            ["the", "at a@b", ". . ."],
            ":2: the word has blanks in it (2 such lines)",
        ),
        (b"at a@b 3 4\nthe 1 2\nof 3 4\n", ["at a@b", "the", "of"], ":1: the word has blanks in it (1 such lines)"),
        (b"3 2\nthe 1 2\nof 3 4\n", ["the", "of"], ":1: promises 3 word vectors, 2 are there"),
        (b"2000000 2\nthe 1 2\n", ["the"], ":1: promises 2,000,000 word vectors, 1 are there"),
        (b"1 2\nthe 1 2\nof 3 4\n", ["the", "of"], ":1: promises 1 word vectors, 2 are there"),
        (b"the 1 2\nof 3 4\n\n \n\n", ["the", "of"], ""),
        (b"the 1 2\n" * 10 + b" 3 4\n", ["the"], ":11: no word, skipped (1 such lines)"),
        (b"\t3\t4\n" + b"the\t1\t2\n" * 10, ["the"], ":1: no word, skipped (1 such lines)"),
        (b"the 1 2\n" * 10 + b"\xe2\x80 3 4\n", ["the"], ":11: the word is not UTF-8, skipped (1 such lines)"),
        ("the 1 2\n\ufeffof 3 4\n".encode(), ["the", "of"], ""),
        (b"the 1 2\rof 3 4\r", ["the", "of"], ""),
        (b"the_a 1 2\nof_b 3 4\n", ["the_a", "of_b"], ""),
        (b"the 1 2\nof 1_0 3 4\n", ["the", "of 1_0"], ":2: the word has blanks in it (1 such lines)"),
    ],
)
def test_faults_of_published_files(tmp_path: Path, content: bytes, words: list[str], note: str) -> None:
    notes: list[str] = []
    path = written(tmp_path, content)
    vectors = read_word_vectors(path, say=notes.append)
    assert list(vectors.rows) == words and vectors.vectors.shape == (len(words), 2)
    assert vector_dimension(path) == 2
    assert [text.startswith(f"note: {path}{note}") for text in notes] == [True] * bool(note)


def test_a_limit_on_rows(tmp_path: Path) -> None:
    notes: list[str] = []
    path = written(tmp_path, b"3 2\nthe 1 2\nof 3 4\nbad\n")
    assert list(read_word_vectors(path, 2, notes.append).rows) == ["the", "of"] and not notes
    with pytest.raises(InputError, match=r":4: expected a word and 2 numbers"):
        read_word_vectors(path, 3)


FLOATS = np.array([0.1, 0.2, 0.3], dtype=np.float32).tobytes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!DOCTYPE html>\n<html>\n<body>\n", ":1: a web page or XML; expected a word and its numbers"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n", ":1: a pointer of Git LFS"),
        (b"the,1,2\nof,3,4\n", ":1: CSV, its columns separated by commas; expected"),
        (b'{"the": [1, 2]}\n', ":1: JSON; expected"),
        (b"the one two\nof 1 2\n", ":1: expected 2 finite numbers after the word, found 'one'"),
        (b"2 3\nAda " + FLOATS + b"\nof " + FLOATS, ": is binary word2vec; give its text form"),
        (b"2 3\nAda " + bytes(12) + b"of " + bytes(12), ": is binary word2vec; give its text form"),
        (b"\xba\x16\x4f\x2f\x0c\0\0\0", ": is a binary model of fastText; give its text file (.vec)"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_files_in_another_format(tmp_path: Path, content: bytes, message: str, packed: bool) -> None:
    path = written(tmp_path, gzip.compress(content) if packed else content)
    for read in (read_word_vectors, vector_dimension):
        with pytest.raises(InputError) as error:
            read(path)
        assert str(error.value).startswith(f"{path}{message}")


def test_words_with_blanks_are_not_taken_for_binary_numbers(tmp_path: Path) -> None:
    assert list(read_word_vectors(written(tmp_path, "1 3\nв Москве 1 2 3\n".encode())).rows) == ["в Москве"]


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_word_vectors(tmp_path / "v.txt")


def test_rubbish_gives_input_errors_only(tmp_path: Path) -> None:
    generator = random.Random(1)
    pieces = [b"the", b"1", b"2.5", b" ", b"\n", b"\t", b"\xff", b"nan", b"1e999", b"-", b"\x00", b"0", b"\xd9\xa3"]
    refused = 0
    for _ in range(300):
        path = written(tmp_path, b"".join(generator.choices(pieces, k=generator.randint(0, 10))))
        try:
            assert np.isfinite(read_word_vectors(path).vectors).all()
        except InputError as error:
            assert str(error).startswith(str(path))
            refused += 1
    assert 100 < refused < 300


def test_no_vectors() -> None:
    assert no_vectors().rows == {}
    assert no_vectors().vectors.shape == (0, 0)
