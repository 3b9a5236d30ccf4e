"""The project's own files in columns: written and read back, whatever is in the words."""

import hashlib
from pathlib import Path

import pytest

from ldnet.errors import InputError
from ldnet.text.columns import Sentence, read_conll, read_unlabelled, sentence_hash, write_conll

TWO_SENTENCES = [Sentence(("a", "b"), ("O", "B-X"), 1), Sentence(("c",), ("O",), 4)]


def test_only_space_and_tab_separate_columns_and_only_newline_lines(tmp_path: Path) -> None:
    words = ("1\u00a0000", "\u3000", "a\u2028b", "c\u0085d", "\u001c", "\u000b", "e\rf", "\u200b", "\ufeff", "#", "# x")
    sentences = [Sentence(words, ("O",) * len(words), 1)]
    path = tmp_path / "x.conll"
    write_conll(path, sentences)
    assert read_conll(path, 0, 1) == sentences


def test_a_byte_order_mark_that_is_the_first_word_is_kept(tmp_path: Path) -> None:
    write_conll(tmp_path / "x.conll", [Sentence(("\ufeff", "a"), ("O", "B-X"), 1)])
    assert read_conll(tmp_path / "x.conll", 0, 1) == [Sentence(("\ufeff", "a"), ("O", "B-X"), 1)]
    (tmp_path / "x.txt").write_text("\ufeff a\n")
    assert [sentence.words for sentence in read_unlabelled(tmp_path / "x.txt")] == [("\ufeff", "a")]


def test_write_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.conll"
    write_conll(path, TWO_SENTENCES)
    assert path.read_bytes() == b"a O\nb B-X\n\nc O\n\n"
    assert read_conll(path, 0, 1) == TWO_SENTENCES


def test_blanks_in_words_and_types_are_kept(tmp_path: Path) -> None:
    sentences = [Sentence(("Ho Chi", "left", "x"), ("B-LOC", "O", "S-a b"), 1)]
    write_conll(tmp_path / "x.conll", sentences)
    assert (tmp_path / "x.conll").read_bytes() == b"Ho Chi\tB-LOC\nleft O\nx\tS-a b\n\n"
    assert read_conll(tmp_path / "x.conll", 0, 1) == sentences


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a O\nb\n", ":2: expected 2 columns or more, found 1"),
        (b"a O\nb\xe9 O\n", ":2: not UTF-8 (byte 0xe9 at position 2)"),
        (b"a O\n O\n", ":2: expected a word and its tag, found nothing in a column"),
        (b"\n\n", ": no sentences"),
    ],
)
def test_errors_name_file_and_line(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x.conll").write_bytes(content)
    with pytest.raises(InputError) as error:
        read_conll(tmp_path / "x.conll", 0, 1)
    assert str(error.value).startswith(f"{tmp_path / 'x.conll'}{message}")


@pytest.mark.parametrize("line", [b"", b"a  b", b" a"])
def test_sentences_without_tags_have_no_empty_words(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "x.txt").write_bytes(b"the cat\n" + line + b"\n")
    with pytest.raises(InputError, match=r"x\.txt:2: expected words with a single blank between them"):
        read_unlabelled(tmp_path / "x.txt")


def test_sentence_hash() -> None:
    assert sentence_hash(["a", "b"]) == hashlib.sha256(b"a b").hexdigest()[:16]
    assert sentence_hash(("é",)) == hashlib.sha256("é".encode()).hexdigest()[:16]
    assert sentence_hash(["a", "B"]) != sentence_hash(["a", "b"])
    assert sentence_hash(["``", "a", "''", "1\\/2", "-LRB-"]) == sentence_hash(['"', "a", '"', "1/2", "("])
