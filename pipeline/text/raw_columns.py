"""Tagged sentences as people bring them: files in columns of any layout, with what was found of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ldnet.errors import InputError
from ldnet.printable import quoted
from ldnet.text.column_layout import (
    INDEX,
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
from ldnet.text.foreign_formats import foreign_format, separated_values
from ldnet.text.lines import compression, decode, read_lines

NOT_WORDS = {
    "comment": ("comment", "comments"),
    "header": ("header", "headers"),
    "multiword": ("range of CoNLL-U (1-2)", "ranges of CoNLL-U (1-2)"),
    "empty node": ("empty node of CoNLL-U (3.1)", "empty nodes of CoNLL-U (3.1)"),
}
CONVERT = "python examples/own_data/to_columns.py <file> converts CSV with a header and JSON records"
LOOKED_AT = 200  # lines


class RawSentence(NamedTuple):
    """Words, their tags as they are written, and the numbers of their lines."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    lines: tuple[int, ...]


@dataclass(frozen=True)
class RawFile:
    """The sentences of a file, and what it was found to be."""

    path: Path
    sentences: list[RawSentence]
    layout: Layout
    compression: str
    left_out: Counter[str]  # lines that are no words, by kind
    has_blank_lines: bool  # between words
    tags_left_out: int  # tags of spans on lines that CoNLL-U does not count as words
    start: list[str] = field(repr=False)  # the first lines
    span_columns: list[int] = field(repr=False)  # with tags in all lines, and not O alone

    def description(self) -> str:
        """What was found, in words."""
        separator = "tabs" if self.layout.tabs else "blanks"
        kinds = [
            f"{number:,} {NOT_WORDS[kind][number > 1]} left out"
            for kind, number in self.left_out.items()
            if kind in NOT_WORDS
        ]
        found = [self.compression, f"{self.layout.width} columns separated by {separator}", *kinds]
        return f"{self.path.name}: {'; '.join(filter(None, found))}"


def read_columns(path: Path, word_column: int, tag_column: int) -> RawFile:
    """Read sentences, which end at blank and -DOCSTART- lines. Columns count from 0, or from the end (-1).

    Raises InputError naming file and line for a missing or empty file, bad UTF-8, ragged columns, a column that is not
    there, an empty word or tag, and for files that are no columns at all (JSON, CSV).
    """
    lines = [(number, decode(line, path, number)) for number, line in enumerate(read_lines(path), start=1)]
    start = [text for _, text in lines[:LOOKED_AT]]
    if found := foreign_format(start):
        raise InputError(f"{path}:1: {found}, not CoNLL columns; {CONVERT}")
    try:
        return _read(path, lines, start, word_column, tag_column)
    except InputError as error:
        raise not_columns(path, start, error) from None


def not_columns(path: Path, start: Sequence[str], error: InputError) -> InputError:
    """The error, or a better one if the file is in another format."""
    if found := separated_values(start):
        return InputError(f"{path}:1: {found}, not CoNLL columns; {CONVERT}")
    return error


def _read(path: Path, lines: list[NumberedLine], start: list[str], word_column: int, tag_column: int) -> RawFile:
    nothing = InputError(f"{path}: no sentences; expected lines of columns, a blank line between sentences")
    layout = find_layout(lines)
    if layout is None:
        raise nothing
    _check_columns(f"{path}:{layout.example}", layout.width, word_column, tag_column)
    tags = _tags_that_occur(lines, layout, tag_column)
    taken = mark_indexed(mark_header(list(read_block(lines, layout, str(path), tag_column, tags))), word_column)
    sentences: list[RawSentence] = []
    words: list[ColumnLine] = []
    for line in [*taken, None]:
        if line is not None and line.kind == "word":
            words.append(line)
        elif words and (line is None or line.kind == "document"):
            sentences.append(_sentence(words, path, word_column, tag_column))
            words = []
    if not sentences:
        raise nothing
    left_out = Counter[str](line.kind for line in taken if line is not None and line.kind != "word")
    lost = sum(
        line.fields[tag_column] not in ("O", "o", "_", "-", "")
        for line in taken
        if line is not None and line.kind in ("multiword", "empty node")
    )
    of_words = [line.fields for line in taken if line is not None and line.kind == "word"]
    columns = [
        number
        for number, column in enumerate(zip(*of_words, strict=True))
        if all(map(looks_like_tag, values := set(column))) and values - {"O", "o"}
    ]
    return RawFile(
        path=path,
        sentences=sentences,
        layout=layout,
        compression=compression(path),
        left_out=left_out,
        has_blank_lines=None in taken[: max(i for i, line in enumerate(taken) if line and line.kind == "word")],
        tags_left_out=lost,
        start=start,
        span_columns=columns,
    )


def _tags_that_occur(lines: list[NumberedLine], layout: Layout, tag_column: int) -> set[str]:
    """What stands in the tag column of lines that are words for certain."""
    certain = (text for _, text in lines if not (text.startswith("#") or is_blank(text) or starts_document(text)))
    return {fields[tag_column] for fields in map(layout.split, certain) if len(fields) == layout.width}


def _sentence(words: list[ColumnLine], path: Path, word_column: int, tag_column: int) -> RawSentence:
    return RawSentence(
        tuple(word_of(line, word_column, f"{path}:{line.number}") for line in words),
        tuple(line.fields[tag_column] for line in words),
        tuple(line.number for line in words),
    )


def _check_columns(place: str, width: int, word_column: int, tag_column: int) -> None:
    for name, column in (("word_column", word_column), ("tag_column", tag_column)):
        if not -width <= column < width:
            raise InputError(f"{place}: {width} columns, but prepare_conll.{name} is {column} (columns count from 0)")
    if word_column % width == tag_column % width:
        raise InputError(
            f"{place}: {width} columns; prepare_conll.word_column {word_column} and prepare_conll.tag_column "
            f"{tag_column} are the same one, expected a column for the word and another for its tag"
        )


def check_words(file: RawFile, column: int) -> None:
    """Raise InputError if the words are the numbers that many files have in a column before them."""
    if all(INDEX.fullmatch(word) for sentence in file.sentences for word in sentence.words):
        first = file.sentences[0]
        raise InputError(
            f"{file.path}:{first.lines[0]}: {quoted(first.words[0])} is no word, and so in all lines: only numbers are "
            f"in column {column}; set prepare_conll.word_column to that of the words (columns count from 0)"
        )
