"""Sentences in CoNLL columns: read from any columns, written as `word tag`."""

import gzip
import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ldnet.errors import InputError
from ldnet.files import write_bytes

DOCUMENT_START = "-DOCSTART-"
# Only these separate columns: real words contain U+00A0, U+3000 and other Unicode white space.
BLANKS = re.compile(r"[ \t]+")


@dataclass(frozen=True)
class Sentence:
    """Words and their tags; word i stands in line first_line + i of the file it was read from."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    first_line: int


def read_lines(path: Path) -> Iterator[bytes]:
    """The lines of a plain or .gz file, ended by newlines only, without their line ends and the file's BOM.

    Raises InputError if the file is missing, unreadable or damaged.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                yield (line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line).rstrip(b"\r\n")
    except FileNotFoundError:
        advice = "put raw data there with `make data NAME=<name> FROM=<folder>`; `dvc repro` writes all else"
        raise InputError(f"{path}: no such file; {advice}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None


def decode(line: bytes, path: Path, number: int) -> str:
    """UTF-8 text. Raises InputError naming the file, the line and the byte."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"byte 0x{line[error.start]:02x} at position {error.start + 1}"
        raise InputError(f"{path}:{number}: not UTF-8 ({found}); convert the file to UTF-8") from None


def read_conll(path: Path, word_column: int, tag_column: int) -> list[Sentence]:
    """Read sentences, which end at blank and -DOCSTART- lines. Columns count from 0, or from the end (-1).

    Raises InputError for a missing or empty file, bad UTF-8, ragged columns, or a column that is not there.
    """
    sentences: list[Sentence] = []
    words: list[str] = []
    tags: list[str] = []
    width = first_line = number = 0

    def end_sentence() -> None:
        if words:
            sentences.append(Sentence(tuple(words), tuple(tags), number - len(words)))
            words.clear()
            tags.clear()

    for number, line in enumerate(read_lines(path), start=1):
        text = decode(line, path, number).strip(" \t")
        columns = BLANKS.split(text) if text else []
        if not columns or DOCUMENT_START in columns:
            end_sentence()
            continue
        if width == 0:
            width, first_line = len(columns), number
            _check_columns(f"{path}:{number}", width, word_column, tag_column)
        if len(columns) != width:
            raise InputError(f"{path}:{number}: expected {width} columns as in line {first_line}, found {len(columns)}")
        words.append(columns[word_column])
        tags.append(columns[tag_column])
    number += 1
    end_sentence()
    if not sentences:
        raise InputError(f"{path}: no sentences; expected lines of columns, a blank line between sentences")
    return sentences


def _check_columns(place: str, width: int, word_column: int, tag_column: int) -> None:
    for name, column in (("word_column", word_column), ("tag_column", tag_column)):
        if not -width <= column < width:
            raise InputError(f"{place}: {width} columns, but prepare_conll.{name} is {column} (columns count from 0)")
    if word_column % width == tag_column % width:
        raise InputError(
            f"{place}: {width} columns; prepare_conll.word_column {word_column} and prepare_conll.tag_column "
            f"{tag_column} are the same one, expected a column for the word and another for its tag"
        )


def write_conll(path: Path, sentences: Iterable[Sentence]) -> None:
    """Write lines of `word tag`, a blank line after each sentence."""
    blocks = ("".join(f"{word} {tag}\n" for word, tag in zip(s.words, s.tags, strict=True)) for s in sentences)
    write_bytes(path, "".join(block + "\n" for block in blocks).encode())


def read_unlabelled(path: Path) -> list[Sentence]:
    """Read a sentence a line, words separated by single spaces; they have no tags."""
    lines = enumerate(read_lines(path), start=1)
    return [Sentence(tuple(decode(line, path, number).split(" ")), (), number) for number, line in lines]


def sentence_hash(words: Iterable[str]) -> str:
    """16 hex digits that stand for a sentence, so that test sentences can be left out without being read."""
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:16]
