"""Sentences from text or CoNLL columns, as they arrive: groups to be tagged together, in little memory.

A group is closed when it is full, and when nothing more comes for a moment: who types, or follows a log, sees results
at once, and a file or a fast pipe is always cut alike.
"""

import os
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ldnet.errors import InputError
from ldnet.text.columns import BLANKS, DOCUMENT_START, decode, read_lines
from ldnet.text.tokenisation import TokenisedText, join_words

STDIN = "-"
GROUP_SENTENCES, GROUP_CHARACTERS = 1000, 1 << 18
BLOCK_BYTES = 1 << 16
PAUSE_SECONDS = 0.2
Arriving = Iterator[tuple[int, str] | None]  # numbered lines; None where nothing more comes for a moment


@dataclass(frozen=True)
class SentenceRead:
    """A sentence of the input and the number of its last line.

    `columns` are the lines of a sentence in CoNLL columns, none for an empty line on its own, and a single one without
    words for the start of a document; None for text. `closed` says whether an empty line follows.
    """

    line: TokenisedText
    last_line: int
    columns: list[str] | None = None
    closed: bool = True


Reader = Callable[[Arriving, str], Iterator[SentenceRead | None]]


def display_name(name: str) -> str:
    """The name of an input in messages."""
    return "<stdin>" if name == STDIN else name


def check_inputs(names: tuple[str, ...]) -> None:
    """Raise InputError for the first that is not a readable file."""
    for name in names:
        if name != STDIN and (not Path(name).exists() or Path(name).is_dir()):
            found = "is a folder; give the files in it" if Path(name).is_dir() else "no such file"
            raise InputError(f"{name}: {found}; expected text files, plain or .gz, or - for standard input")


def read_groups(name: str, reader: Reader) -> Iterator[list[SentenceRead]]:
    """The sentences of a file, or of standard input, in groups.

    Raises InputError naming file and line for bad UTF-8 and the like; what came before comes first.
    """
    group: list[SentenceRead] = []
    characters = 0
    with _arriving_lines(name) as lines:
        try:
            for sentence in reader(lines, display_name(name)):
                if sentence is not None:
                    group.append(sentence)
                    characters += len(sentence.line.text)
                full = len(group) == GROUP_SENTENCES or characters >= GROUP_CHARACTERS
                if group and (full or sentence is None):
                    yield group
                    group, characters = [], 0
        except InputError:
            if group:
                yield group
            raise
    if group:
        yield group


def text_reader(tokenise: Callable[[str], TokenisedText]) -> Reader:
    """Reads a sentence a line; a line without words is a sentence without words."""

    def read(lines: Arriving, name: str) -> Iterator[SentenceRead | None]:
        for arrived in lines:
            if arrived is None:
                yield None
                continue
            number, text = arrived
            try:
                line = tokenise(text)
            except InputError as error:
                raise InputError(f"{name}:{number}: {error}") from None
            yield SentenceRead(line, number)

    return read


def conll_reader(word_column: int) -> Reader:
    """Reads columns; sentences end at empty lines, of which each has its place, and at lines with -DOCSTART-."""

    def read(lines: Arriving, name: str) -> Iterator[SentenceRead | None]:
        words: list[str] = []
        columns: list[str] = []
        number = 0
        for arrived in lines:
            if arrived is None:
                yield None
                continue
            number, text = arrived
            fields = BLANKS.split(text.strip(" \t")) if text.strip(" \t") else []
            if fields and DOCUMENT_START not in fields:
                words.append(_column(fields, word_column, f"{name}:{number}"))
                columns.append(text)
                continue
            if columns or not fields:
                yield SentenceRead(join_words(words), number - len(fields[:1]), columns, closed=not fields)
            words, columns = [], []
            if fields:
                yield SentenceRead(join_words([]), number, [text], closed=False)
        if columns:
            yield SentenceRead(join_words(words), number, columns)

    return read


def _column(fields: list[str], column: int, place: str) -> str:
    if not -len(fields) <= column < len(fields):
        raise InputError(f"{place}: {len(fields)} columns, but --word-column is {column} (columns count from 0)")
    return fields[column]


@contextmanager
def _arriving_lines(name: str) -> Iterator[Arriving]:
    if name == STDIN:
        yield _numbered(_arriving(0), name)
    elif name.endswith(".gz"):
        yield _numbered(read_lines(Path(name)), name)
    else:
        with Path(name).open("rb", buffering=0) as file:
            yield _numbered(_arriving(file.fileno()), name)


def _numbered(lines: Iterator[bytes | None], name: str) -> Arriving:
    """The lines as text, from 1, without their ends and the byte order mark of the first one."""
    number = 0
    for line in lines:
        if line is None:
            yield None
            continue
        number += 1
        content = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        yield number, decode(content.rstrip(b"\r\n"), Path(display_name(name)), number)


def _arriving(descriptor: int) -> Iterator[bytes | None]:
    """The lines of an open file, pipe or terminal, and None once where nothing comes for PAUSE_SECONDS."""
    rest = b""
    while True:
        if not select.select([descriptor], [], [], PAUSE_SECONDS)[0]:
            yield None
            select.select([descriptor], [], [])
        block = os.read(descriptor, BLOCK_BYTES)
        if not block:
            break
        *lines, rest = (rest + block).split(b"\n")
        yield from lines
    if rest:
        yield rest
