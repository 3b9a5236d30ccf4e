"""Sentences from text or CoNLL columns, as they arrive: groups to be tagged together, in little memory.

A group is closed when it is full, and when nothing more comes for a moment: who types, or follows a log, sees results
at once, and a file or a fast pipe is always cut alike.
"""

import os
import select
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ldnet.errors import InputError
from ldnet.limits import MOST_LINE_BYTES, MOST_SENTENCE_CHARACTERS, MOST_SENTENCE_WORDS
from ldnet.text.column_layout import (
    ColumnLine,
    Layout,
    NumberedLine,
    find_layout,
    is_blank,
    looks_like_tag,
    mark_header,
    mark_indexed,
    read_block,
    starts_document,
    word_of,
)
from ldnet.text.foreign_formats import foreign_format
from ldnet.text.lines import ENDINGS, compression, compression_of, decode, read_lines, split_lines
from ldnet.text.tokenisation import TokenisedText, join_words

STDIN = "-"
GROUP_SENTENCES, GROUP_CHARACTERS = 1000, 1 << 18
BLOCK_BYTES = 1 << 16
PAUSE_SECONDS = 0.2
Arriving = Iterator[tuple[int, str] | None]  # numbered lines; None where nothing more comes for a moment


@dataclass(frozen=True)
class SentenceRead:
    """A sentence of the input and the number of its last line.

    `columns` are the lines of a sentence in CoNLL columns with the comments among them, none for an empty line on its
    own, and a single one without words for the start of a document; None for text. `closed` says whether an empty line
    follows, `keeps_last` whether an empty column may end a line.
    """

    line: TokenisedText
    last_line: int
    columns: list[ColumnLine] | None = None
    closed: bool = True
    keeps_last: bool = False


Reader = Callable[[Arriving, str], Iterator[SentenceRead | None]]


def display_name(name: str) -> str:
    """The name of an input in messages."""
    return "<stdin>" if name == STDIN else name


def check_inputs(names: tuple[str, ...]) -> None:
    """Raise InputError for the first that is not a readable file."""
    for name in names:
        if name != STDIN and (not Path(name).exists() or Path(name).is_dir()):
            found = "is a folder; give the files in it" if Path(name).is_dir() else "no such file"
            raise InputError(f"{name}: {found}; expected text files, plain or compressed, or - for standard input")


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
            if len(line.words) > MOST_SENTENCE_WORDS:
                raise InputError(
                    f"{name}:{number}: a sentence of {len(line.words):,} words; at most {MOST_SENTENCE_WORDS:,} are "
                    "allowed; expected a sentence a line"
                )
            yield SentenceRead(line, number)

    return read


def conll_reader(word_column: int) -> Reader:
    """Reads columns; sentences end at empty lines, of which each has its place, and at lines with -DOCSTART-."""

    def read(lines: Arriving, name: str) -> Iterator[SentenceRead | None]:
        block: list[NumberedLine] = []
        blocks = _BlockReader(word_column, name)
        number = characters = 0
        for arrived in lines:
            if arrived is None:
                yield None
                continue
            number, text = arrived
            blank, document = is_blank(text), starts_document(text)
            if not blank and not document:
                block.append((number, text))
                characters += len(text)
                if len(block) > MOST_SENTENCE_WORDS or characters > MOST_SENTENCE_CHARACTERS:
                    found = f"a sentence of at least {len(block):,} lines, {characters:,} characters"
                    raise InputError(
                        f"{name}:{block[0][0]}: {found}; at most {MOST_SENTENCE_WORDS:,} and "
                        f"{MOST_SENTENCE_CHARACTERS:,} are allowed; expected an empty line after each sentence"
                    )
                continue
            if block or blank:
                yield blocks.sentence(block, number - document, closed=blank)
            block, characters = [], 0
            if document:
                start = [ColumnLine(number, text, "document", ())]
                yield SentenceRead(join_words([]), number, start, closed=False)
        if block:
            yield blocks.sentence(block, number)

    return read


def _is_remark(text: str) -> bool:
    """Whether a line is a comment, as long as no line shows how many columns a word has."""
    return text.startswith(("# ", "#\t")) and not looks_like_tag(text.split()[-1])


class _BlockReader:
    """Makes sentences of the lines between empty ones, which all have as many columns as the first that has words."""

    def __init__(self, word_column: int, name: str):
        self.word_column, self.name = word_column, name
        self.first: Layout | None = None

    def sentence(self, block: list[NumberedLine], last_line: int, closed: bool = True) -> SentenceRead:
        """The words of the lines, if there are some. Raises InputError naming the line."""
        if not block:
            return SentenceRead(join_words([]), last_line, [], closed)
        if self.first is None and all(map(_is_remark, (text for _, text in block))):
            remarks = [ColumnLine(number, text, "comment", ()) for number, text in block]
            return SentenceRead(join_words([]), last_line, remarks, closed)
        layout = find_layout(block)
        assert layout is not None
        if self.first is None and (found := foreign_format([text for _, text in block])):
            raise InputError(f"{self.name}:{block[0][0]}: {found}; expected CoNLL columns")
        if self.first is not None and all(text.startswith("#") for _, text in block):
            layout = self.first
        lines = [line for line in read_block(block, layout, self.name) if line is not None]
        if any(line.kind == "word" for line in lines):
            self._check(layout)
            lines = [line for line in mark_header(lines) if line] if self.first is None else lines
            lines = [line for line in mark_indexed(lines, self.word_column) if line]
            self.first = self.first or layout
        words = [word_of(line, self.word_column, f"{self.name}:{line.number}") for line in lines if line.kind == "word"]
        return SentenceRead(join_words(words), last_line, lines, closed, layout.keeps_last)

    def _check(self, layout: Layout) -> None:
        place = f"{self.name}:{layout.example}"
        if self.first is not None and layout.width != self.first.width:
            expected = f"{self.first.width} columns as in line {self.first.example}"
            raise InputError(f"{place}: expected {expected}, found {layout.width}")
        if not -layout.width <= self.word_column < layout.width:
            found = f"{layout.width} columns, but --word-column is {self.word_column}"
            raise InputError(f"{place}: {found} (columns count from 0)")


@contextmanager
def _arriving_lines(name: str) -> Iterator[Arriving]:
    path = Path(name)
    if name == STDIN:
        yield _numbered(split_lines(_arriving(0, display_name(name)), display_name(name), MOST_LINE_BYTES), name)
    elif path.is_file() and (path.suffix.lower() in ENDINGS or compression(path)):  # a pipe can be read but once
        yield _numbered(read_lines(path, MOST_LINE_BYTES), name)
    else:
        with path.open("rb", buffering=0) as file:
            yield _numbered(split_lines(_arriving(file.fileno(), name), name, MOST_LINE_BYTES), name)


def _numbered(lines: Iterable[bytes | None], name: str) -> Arriving:
    """The lines as text, from 1."""
    number = 0
    for line in lines:
        if line is None:
            yield None
            continue
        number += 1
        yield number, decode(line, Path(display_name(name)), number)


def _arriving(descriptor: int, name: str) -> Iterator[bytes | None]:
    """What comes from an open file, pipe or terminal, and None once where nothing comes for PAUSE_SECONDS."""
    first = True
    while True:
        if not select.select([descriptor], [], [], PAUSE_SECONDS)[0]:
            yield None
            select.select([descriptor], [], [])
        block = os.read(descriptor, BLOCK_BYTES)
        if not block:
            break
        if first and (kind := compression_of(block)):
            raise InputError(f"{name}: is compressed ({kind}); unpack it before it comes here")
        first = False
        yield block
