"""Tagged sentences as people bring them: files in columns of any layout, with what was found of it."""

import re
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
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
    ends_sentence,
    find_layout,
    header_of,
    is_blank,
    looks_like_tag,
    mark_headers,
    named_words,
    other_blank,
    read_block,
    starts_document,
    word_of,
)
from ldnet.text.foreign_formats import DELIMITERS, advised, csv_delimiter, csv_in_words, foreign_format, has_tags
from ldnet.text.lines import FirstLine, compression, decode
from pipeline.text.bounded_lines import bounded_lines
from pipeline.text.line_shapes import LineShapes
from pipeline.text.sentence_ids import SentenceIds
from pipeline.text.word_numbers import WordNumbers

NOT_WORDS = {
    "comment": ("comment", "comments"),
    "header": ("header", "headers"),
    "multiword": ("range of CoNLL-U (1-2)", "ranges of CoNLL-U (1-2)"),
    "empty node": ("empty node of CoNLL-U (3.1)", "empty nodes of CoNLL-U (3.1)"),
    "part of word": ("part of a word of WebAnno (1-2.1)", "parts of words of WebAnno (1-2.1)"),
}
WITH_TAGS = ("multiword", "empty node", "part of word")  # lines that are no words, but have columns as words have
CONVERT = "python examples/own_data/to_columns.py <file> converts CSV with a header and JSON records"
# Comments that begin a sentence, or a document.
BEGINNING = re.compile(
    r"# *((sent_id|sentence_id|sent_num|text|newdoc|newpar|s-id)\b|id |begin document)", re.IGNORECASE
)
SENTENCE_COLUMN = re.compile(r"(sentence|sent)s?([ _-]*(#|id|ids|no|number|index))?", re.IGNORECASE)
LINE_SEPARATORS = "\x85\u2028\u2029\x0b"
PREFIXES = frozenset("BIESLUMWObieslumwo")  # and O, as a column beside the types has them
NO_TAGS = ("O", "o", "_", "-", "")
LOOKED_AT = 200  # lines


class NoSentencesError(InputError):
    """A file has no sentences."""


class RawSentence(NamedTuple):
    """Words, their tags as they are written (none in a file of words alone), and the numbers of their lines."""

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
    tags_left_out: int  # tags of spans on lines that CoNLL-U or WebAnno does not count as words
    joined: list[int]  # lines where another sentence seems to begin without a blank line before
    named: int | None  # the column of the words, as a header says
    start: list[str] = field(repr=False)  # the first lines
    span_columns: list[int] = field(repr=False)  # with tags in all lines, and not O alone
    prefix_columns: list[int] = field(repr=False)  # with B, I, O and the like in all lines, without types

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


Files = Mapping[str, Sequence[RawFile]]  # by split, each in order


def all_files(files: Files) -> list[RawFile]:
    """The files of all splits, in order."""
    return [file for parts in files.values() for file in parts]


class _Kept:
    """What is kept of a file while its lines go by: words, tags and line numbers, and what each column has in it."""

    def __init__(self, path: Path, layout: Layout, word_column: int, tag_column: int | None):
        self.path, self.word_column, self.tag_column = path, word_column, tag_column
        self.sentences: list[RawSentence] = []
        self.prefixed = False  # whether a tag has a prefix, so that the name of a column is no tag
        self.left_out: Counter[str] = Counter()
        self.tags_left_out = 0
        self.has_blank_lines = False
        self.joined: list[int] = []
        self.named: int | None = None  # the column of the words, as a header says
        self._words: list[str] = []
        self._tags: list[str] = []
        self._lines: list[int] = []
        self._blank = False
        self._ended = False  # by a flag, after the word before
        self._sentence_column: int | None = None
        self._sentence = ""  # what that column says of the word before
        self._values: dict[int, set[str]] = {number: set() for number in range(layout.width)}  # if all look like tags
        others = set(range(layout.width)) - {column % layout.width for column in (word_column, tag_column or 0)}
        self._prefixes: dict[int, set[str]] = {number: set() for number in sorted(others)}  # if all are prefixes
        self._ids = {number: SentenceIds() for number in sorted(others)}  # if they may number sentences

    def word(self, line: ColumnLine) -> None:
        """Add a line to the sentence."""
        word = word_of(line, self.word_column, f"{self.path}:{line.number}")
        self._note_beginning(line)
        for column, ids in [*self._ids.items()]:
            ids.add(line.fields[column], not self._words, line.number)
            if not ids.holds:
                del self._ids[column]
        self._words.append(sys.intern(word))  # the same word is in memory once
        self._lines.append(line.number)
        if self.tag_column is not None:
            self._tags.append(sys.intern(line.fields[self.tag_column]))
            self.prefixed = self.prefixed or (self._tags[-1] not in NO_TAGS and looks_like_tag(self._tags[-1]))
        self.has_blank_lines = self.has_blank_lines or self._blank
        for column, values in [*self._values.items()]:
            if (value := line.fields[column]) not in values:
                values.add(value)
                if not looks_like_tag(value):
                    del self._values[column]
        for column, prefixes in [*self._prefixes.items()]:
            prefixes.add(line.fields[column])
            if line.fields[column] not in PREFIXES:
                del self._prefixes[column]

    def _note_beginning(self, line: ColumnLine) -> None:
        """Note where a column says that another sentence begins, without a blank line before it."""
        said = line.fields[self._sentence_column] if self._sentence_column is not None else ""
        if self._words and (self._ended or (said and said != self._sentence)):
            self.joined.append(line.number)
        self._sentence = said or self._sentence
        self._ended = ends_sentence(line.text)

    def names(self, header: ColumnLine) -> None:
        """Note which columns a header names: that of the words, and one that numbers the sentences."""
        for column, name in enumerate(header.fields):
            if SENTENCE_COLUMN.fullmatch(name) and column not in (self.word_column, self.tag_column):
                self._sentence_column = column
        self.named = self.named if self.named is not None else named_words(header.fields)

    def other(self, line: ColumnLine) -> None:
        """Count a line that is no word, and note a comment that numbers a sentence while another one is not ended."""
        if line.kind == "header":
            self.names(line)
        if line.kind == "comment" and self._words and BEGINNING.match(line.text):
            self.joined.append(line.number)
        self.left_out[line.kind] += 1
        if line.kind in WITH_TAGS and self.tag_column is not None:
            self.tags_left_out += line.fields[self.tag_column] not in NO_TAGS

    def blank(self) -> None:
        """Note a blank line."""
        self._blank = True

    def end_sentence(self) -> None:
        """Put the words together, if there are any."""
        if self._words:
            self.sentences.append(RawSentence(tuple(self._words), tuple(self._tags), tuple(self._lines)))
            self._words, self._tags, self._lines = [], [], []

    def joined_by_ids(self) -> list[int]:
        """Lines where a column that numbers sentences says that one begins, without a blank line before it."""
        return next((ids.joined for ids in self._ids.values() if ids.joined), [])

    def span_columns(self) -> list[int]:
        """Columns with tags in all lines, and not O alone."""
        return [column for column, values in self._values.items() if values - {"O", "o"}]

    def prefix_columns(self) -> list[int]:
        """Columns with O and B or I in all lines, or other prefixes beside them."""
        return [
            column for column, values in self._prefixes.items() if values & {"O", "o"} and values & {"B", "I", "b", "i"}
        ]


def read_columns(path: Path, word_column: int, tag_column: int | None) -> RawFile:
    """Read sentences, which end at blank and -DOCSTART- lines. Columns count from 0, or from the end (-1).

    Without a `tag_column`, nobody asks for tags: the last column has them, if it is not that of the words, and a file
    of words alone has none.

    The file is read again for each question about it, so that no more of it is in memory than words, tags and numbers
    of lines. Raises InputError naming file and line for a missing or empty file, bad UTF-8, ragged columns, a column
    that is not there, an empty word or tag, a gap in CoNLL-U's numbers of words, and for files that are no columns at
    all (JSON, CSV).
    """
    shapes = LineShapes()
    start: list[str] = []
    for number, text in _lines(path):
        shapes.add(number, text)
        if number <= LOOKED_AT:
            start.append(text)
    separator = max(LINE_SEPARATORS, key=lambda character: sum(text.count(character) for text in start))
    if sum(text.count(separator) for text in start) > len(start):
        raise InputError(f"{path}:1: lines end with U+{ord(separator):04X}; expected newlines at the ends of lines")
    if found := foreign_format(start):
        raise InputError(f"{path}:1: {advised(found, f', not CoNLL columns; {CONVERT}')}")
    try:
        file = _read(path, shapes, start, word_column, tag_column)
    except InputError as error:
        raise not_columns(path, start, error) from None
    _refuse_delimiters(file)
    return file


def _refuse_delimiters(file: RawFile) -> None:
    """Raise InputError if all words end with what separates the columns of CSV: a blank follows it there."""
    last = file.sentences[0].words[0][-1]
    words = (word for sentence in file.sentences for word in sentence.words)
    if last in DELIMITERS and all(len(word) > 1 and word.endswith(last) for word in words):
        raise InputError(f"{file.path}:1: {csv_in_words(last)}, not CoNLL columns; {CONVERT}")


def _lines(path: Path) -> Iterator[NumberedLine]:
    """The lines of a file, and an empty one between files that were put together, with the number of the next line."""
    for number, line in enumerate(bounded_lines(path, "expected a word and its columns a line"), start=1):
        if number > 1 and isinstance(line, FirstLine):
            yield number, ""
        yield number, decode(line, path, number)


def not_columns(path: Path, start: Sequence[str], error: InputError) -> InputError:
    """The error, or a better one if the file is in another format, and not in columns as well."""
    layout = find_layout(enumerate(start, 1))
    said = [layout.split(text) for text in start if layout and not is_blank(text) and not text.startswith("#")]
    columns = layout is not None and layout.width > 1 and all(len(fields) == layout.width for fields in said)
    by_delimiter = bool(said) and all(fields[0][-1:] in DELIMITERS and len(fields[0]) > 1 for fields in said)
    if (delimiter := csv_delimiter(start)) and (by_delimiter or not columns):
        return InputError(f"{path}:1: {csv_in_words(delimiter)}, not CoNLL columns; {CONVERT}")
    return error


def _read(path: Path, shapes: LineShapes, start: list[str], word_column: int, tag_column: int | None) -> RawFile:
    nothing = NoSentencesError(f"{path}: no sentences; expected lines of columns, a blank line between sentences")
    layout = find_layout(shapes.lines())
    if layout is None:
        raise nothing
    said = [text for text in start if not (text.startswith("#") or is_blank(text) or starts_document(text))]
    blank = other_blank(said) if layout.width == 1 else ""
    hint = f"; only blanks and tabs separate columns, and there are U+{ord(blank):04X} in these lines" if blank else ""
    place = f"{path}:{layout.example}"
    if tag_column is None and word_column % layout.width != layout.width - 1:
        tag_column = -1
    elif tag_column is None:
        _refuse_joined(place, said, hint)
    _check_columns(place, layout.width, word_column, tag_column, hint)
    tags = _tags_that_occur(path, layout, tag_column) if shapes.marked and tag_column is not None else ()
    numbers = WordNumbers() if word_column % layout.width else None
    kept = _keep(_Kept(path, layout, word_column, tag_column), layout, tags, numbers)
    if numbers and numbers.apart and not numbers.hold:
        numbers.refuse_gap(path)
        kept = _keep(_Kept(path, layout, word_column, tag_column), layout, tags, None)
    if not kept.sentences:
        raise nothing
    return RawFile(
        path=path,
        sentences=kept.sentences,
        layout=layout,
        compression=compression(path),
        left_out=kept.left_out,
        has_blank_lines=kept.has_blank_lines,
        tags_left_out=kept.tags_left_out,
        joined=kept.joined or (numbers.joined if numbers else []) or kept.joined_by_ids(),
        named=kept.named,
        start=start,
        span_columns=kept.span_columns(),
        prefix_columns=kept.prefix_columns(),
    )


def _tags_that_occur(path: Path, layout: Layout, tag_column: int) -> set[str]:
    """What stands in the tag column of lines that are words for certain."""
    certain = (
        text for _, text in _lines(path) if not (text.startswith("#") or is_blank(text) or starts_document(text))
    )
    return {fields[tag_column] for fields in map(layout.split, certain) if len(fields) == layout.width}


def _keep(kept: _Kept, layout: Layout, tags: Collection[str], numbers: WordNumbers | None) -> _Kept:
    """Go through the lines of the file; those that `numbers` says are no words are left out."""
    first = begins = True
    header: tuple[str, ...] | None = None
    for line in read_block(_lines(kept.path), layout, str(kept.path), kept.tag_column, tags):
        if line is None or line.kind == "document":
            kept.end_sentence()
            begins = True
            if numbers:
                numbers.end_sentence()
        if line is None:
            kept.blank()
            continue
        if line.kind == "word":
            if first or (begins and kept.prefixed):
                header = header_of([line], first) or header
            first = begins = False
        [line] = mark_headers([line], header)
        if line.kind == "word" and numbers:
            line = line._replace(kind=numbers.kind(line))
        if line.kind == "word":
            kept.word(line)
        else:
            kept.other(line)
    kept.end_sentence()
    return kept


def _refuse_joined(place: str, said: Sequence[str], hint: str) -> None:
    """Raise InputError if these lines, which are to be words alone, are words and tags that are joined somehow."""
    if delimiter := csv_delimiter(said):
        raise InputError(f"{place}: {csv_in_words(delimiter)}, not CoNLL columns; {CONVERT}")
    if has_tags(said):
        raise InputError(f"{place}: words that are joined to their tags; write blanks between them")
    if hint:
        raise InputError(f"{place}: expected words alone, or columns{hint}")


def _check_columns(place: str, width: int, word_column: int, tag_column: int | None, hint: str) -> None:
    for name, column in (("word_column", word_column), ("tag_column", tag_column)):
        if column is not None and not -width <= column < width:
            found = f"{width} columns, but prepare_conll.{name} is {column}"
            raise InputError(f"{place}: {found} (columns count from 0){hint}")
    if tag_column is not None and word_column % width == tag_column % width:
        raise InputError(
            f"{place}: {width} columns; prepare_conll.word_column {word_column} and prepare_conll.tag_column "
            f"{tag_column} are the same one, expected a column for the word and another for its tag{hint}"
        )


def check_words(file: RawFile, column: int) -> None:
    """Raise InputError if the words are the numbers that many files have in a column before them."""
    if all(INDEX.fullmatch(word) for sentence in file.sentences for word in sentence.words):
        first = file.sentences[0]
        raise InputError(
            f"{file.path}:{first.lines[0]}: {quoted(first.words[0])} is no word, and so in all lines: only numbers are "
            f"in column {column}; set prepare_conll.word_column to the column of the words (columns count from 0)"
        )
