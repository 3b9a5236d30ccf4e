"""Sentences in the project's own files: columns `word tag`, as written and read here, and sentences a line.

What users bring is read by `column_layout`.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ldnet.errors import InputError
from ldnet.files import write_bytes
from ldnet.limits import MOST_LINE_BYTES
from ldnet.text.lines import decode, read_lines
from ldnet.text.lm_words import without_escapes


@dataclass(frozen=True)
class Sentence:
    """Words and their tags; word i stands in line first_line + i of the file it was read from."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    first_line: int


def column_line(*columns: str) -> str:
    """The columns as a line, separated by spaces; by tabs if there is a space in one of them. None has a tab in it."""
    return ("\t" if any(" " in column for column in columns) else " ").join(columns) + "\n"


def split_line(line: str) -> list[str]:
    """The columns of a line that column_line has made."""
    return line.split("\t" if "\t" in line else " ")


def read_conll(path: Path, word_column: int, tag_column: int) -> list[Sentence]:
    """Read sentences of lines that column_line has made, with a blank line after each. Columns count from 0.

    Raises InputError for a missing or empty file, bad UTF-8, and a column that is not there, or has nothing in it.
    """
    sentences: list[Sentence] = []
    words: list[str] = []
    tags: list[str] = []
    for number, line in enumerate((*read_lines(path, MOST_LINE_BYTES, mark_is_word=True), b""), start=1):
        if line:
            columns = split_line(decode(line, path, number))
            if len(columns) <= max(word_column, tag_column):
                expected = f"{max(word_column, tag_column) + 1} columns or more"
                raise InputError(f"{path}:{number}: expected {expected}, found {len(columns)}")
            if not (columns[word_column] and columns[tag_column]):
                raise InputError(f"{path}:{number}: expected a word and its tag, found nothing in a column")
            words.append(columns[word_column])
            tags.append(columns[tag_column])
        elif words:
            sentences.append(Sentence(tuple(words), tuple(tags), number - len(words)))
            words, tags = [], []
    if not sentences:
        raise InputError(f"{path}: no sentences; expected lines of columns, a blank line between sentences")
    return sentences


def write_conll(path: Path, sentences: Iterable[Sentence]) -> None:
    """Write lines of `word tag`, a blank line after each sentence."""
    blocks = ("".join(map(column_line, sentence.words, sentence.tags)) for sentence in sentences)
    write_bytes(path, "".join(block + "\n" for block in blocks).encode())


def read_unlabelled(path: Path) -> list[Sentence]:
    """Read a sentence a line, words separated by single spaces; they have no tags. Raises InputError for others."""
    sentences = []
    for number, line in enumerate(read_lines(path, mark_is_word=True), start=1):
        words = tuple(decode(line, path, number).split(" "))
        if not all(words):
            raise InputError(f"{path}:{number}: expected words with a single blank between them, found two, or no word")
        sentences.append(Sentence(words, (), number))
    return sentences


def sentence_hash(words: Iterable[str]) -> str:
    """16 hex digits that stand for a sentence, so that test sentences can be left out without being read.

    Treebank escapes count as what they stand for, since other text has that in their place.
    """
    return hashlib.sha256(without_escapes(" ".join(words)).encode()).hexdigest()[:16]
