"""Sentences from text or CoNLL columns, as they arrive: groups to be tagged together, in little memory.

A group is closed when it is full, and when nothing more comes for a moment: who types, or follows a log, sees results
at once, and a file or a fast pipe is always cut alike.
"""

import os
import re
import select
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ldnet.errors import InputError
from ldnet.input_formats import better_error, doubt_about_columns, doubt_about_text, doubt_about_words
from ldnet.limits import MOST_LINE_BYTES, MOST_SENTENCE_CHARACTERS, MOST_SENTENCE_WORDS
from ldnet.printable import quoted
from ldnet.text.column_layout import (
    COMMENT_ALONE,
    HEADER,
    INDEX,
    LONG_SENTENCE,
    WEBANNO_WORDS,
    ColumnLine,
    Layout,
    NumberedLine,
    ends_sentence,
    find_layout,
    has_ranges,
    header_of,
    is_blank,
    is_webanno,
    looks_like_tag,
    mark_headers,
    mark_indexed,
    miscounted,
    named_word_column,
    named_words,
    read_block,
    starts_document,
    word_of,
)
from ldnet.text.lines import ENDINGS, FirstLine, compression, compression_of, decode, read_lines, split_lines
from ldnet.text.tokenisation import TokenisedText, join_words, split_at_blanks

STDIN = "-"
REMARK = re.compile(r"#\s*[\w.:-]+\s*=|#(begin|end) document")  # whatever its last word is
PREFIX_AND_TYPE = re.compile("O|[BIESLUMW][-_].+")  # of what looks like a tag, e-mail is none
GROUP_SENTENCES, GROUP_CHARACTERS = 1000, 1 << 18
BLOCK_BYTES = 1 << 16
PAUSE_SECONDS = 0.2
LOOKED_AT = 200  # lines that show what a text is
Arriving = Iterator[tuple[int, str] | None]  # numbered lines; None where nothing more comes for a moment
FILE_START = "\ufeff"  # comes before a line with which a file starts, with the line's number


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
Say = Callable[[str], None]


def display_name(name: str) -> str:
    """The name of an input in messages."""
    return "<stdin>" if name == STDIN else name


def check_inputs(names: tuple[str, ...]) -> None:
    """Raise InputError for the first that is not a readable file, or is standard input, but closed."""
    for name in names:
        if name == STDIN and sys.stdin is None:
            raise InputError(f"{display_name(name)}: is closed; expected text in it, or files: ldnet tag MODEL a.txt")
        if name != STDIN and (not Path(name).exists() or Path(name).is_dir()):
            found = "is a folder; give the files in it" if Path(name).is_dir() else "no such file"
            raise InputError(f"{name}: {found}; expected text files, plain or compressed, or - for standard input")


def read_groups(name: str, reader: Reader) -> Iterator[list[SentenceRead]]:
    """The sentences of a file, or of standard input, in groups.

    Raises InputError naming file and line for bad UTF-8 and the like; what came before comes first.
    """
    group: list[SentenceRead] = []
    characters = of_columns = 0
    with _arriving_lines(name) as lines:
        try:
            for sentence in reader(lines, display_name(name)):
                if sentence is not None:
                    group.append(sentence)
                    characters += len(sentence.line.text)
                    of_columns += sum(len(line.text) for line in sentence.columns or ())
                full = len(group) == GROUP_SENTENCES or characters >= GROUP_CHARACTERS
                # Comments and other columns are held as well. Usual files, whose groups stay as they are, have fewer.
                if group and (full or of_columns >= MOST_SENTENCE_CHARACTERS or sentence is None):
                    yield group
                    group, characters, of_columns = [], 0, 0
        except InputError:
            if group:
                yield group
            raise
    if group:
        yield group


def text_reader(tokenise: Callable[[str], TokenisedText], say: Say) -> Reader:
    """Reads a sentence a line; a line without words is a sentence without words. What is doubtful goes to `say`."""

    def read(lines: Arriving, name: str) -> Iterator[SentenceRead | None]:
        text_lines = (arrived for arrived in lines if arrived is None or arrived[1] != FILE_START)
        for arrived in _looked_at(text_lines, name, say, tokenise is split_at_blanks):
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


def _looked_at(lines: Arriving, name: str, say: Say, tokenised: bool) -> Arriving:
    """The same lines. The first are held back, until nothing more comes for a moment, to see whether they are text.

    Raises InputError for what is no text for certain; what may be none goes to `say`, once.
    """
    seen: list[NumberedLine] = []
    held: list[NumberedLine] = []
    characters = 0
    doubted = False

    def release() -> Iterator[NumberedLine]:
        nonlocal held, doubted
        if held and (doubt := doubt_about_text(seen, name, tokenised=tokenised)) and not doubted:
            say(doubt)
            doubted = True
        released, held = held, []
        yield from released

    try:
        for arrived in lines:
            if arrived is None:
                yield from release()
                yield None
            elif len(seen) == LOOKED_AT or characters >= GROUP_CHARACTERS:
                yield arrived
            else:
                seen.append(arrived)
                held.append(arrived)
                characters += len(arrived[1])
                if len(seen) == LOOKED_AT or characters >= GROUP_CHARACTERS:
                    yield from release()
    except InputError:
        yield from release()
        raise
    yield from release()


def conll_reader(word_column: int | None, say: Say) -> Reader:
    """Reads columns; sentences end at empty lines, of which each has its place, at -DOCSTART- lines, and with files.

    Without a `word_column`, words are in column 0, or in column 1 where column 0 counts the words of a file's first
    sentence, or in column 2 of WebAnno TSV. That choice goes to `say`, and what is doubtful.
    """

    def read(lines: Arriving, name: str) -> Iterator[SentenceRead | None]:
        block: list[NumberedLine] = []
        blocks = _BlockReader(word_column, name, say)
        number = characters = 0
        for arrived in lines:
            if arrived is None:
                yield None
                continue
            number, text = arrived
            blank, document, starts_file = is_blank(text), starts_document(text), text == FILE_START
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
            if block or (blank and not starts_file):
                yield blocks.sentence(block, number - (document or starts_file), closed=blank)
            block, characters = [], 0
            if document:
                start = [ColumnLine(number, text, "document", ())]
                yield SentenceRead(join_words([]), number, start, closed=False)
        if block:
            yield blocks.sentence(block, number)

    return read


def _is_remark(text: str) -> bool:
    """Whether a line is a comment, as long as no line shows how many columns a word has."""
    fields = text.split()
    several = text.startswith(("# ", "#\t")) or (len(fields) > 1 and "\t" not in text) or COMMENT_ALONE.match(text)
    return bool(
        text.startswith("#") and (REMARK.match(text) or (several and not PREFIX_AND_TYPE.fullmatch(fields[-1])))
    )


class _BlockReader:
    """Makes sentences of the lines between empty ones, which are all laid out as the first that has words.

    Once tabs alone have separated columns, they do in all that follows.
    """

    def __init__(self, word_column: int | None, name: str, say: Say):
        self.word_column, self.name, self.say = word_column or 0, name, say
        self.choose = word_column is None
        self.counted = False  # column 0 counts the words, and so another one was chosen
        self.first: Layout | None = None
        self.header: tuple[str, ...] | None = None

    def sentence(self, block: list[NumberedLine], last_line: int, closed: bool = True) -> SentenceRead:
        """The words of the lines, if there are some. Raises InputError naming the line."""
        if not block:
            return SentenceRead(join_words([]), last_line, [], closed)
        if self.first is None and self.choose:
            self._take_named_column(block)
        if self.first is None and all(map(_is_remark, (text for _, text in block))):
            remarks = [ColumnLine(number, text, "comment", ()) for number, text in block]
            return SentenceRead(join_words([]), last_line, remarks, closed)
        layout = self._first_layout(block) if self.first is None else _like(self.first, block)
        lines = self._lines(block, layout)
        self._take_header(lines)
        lines = mark_headers(lines, self.header)
        if any(line.kind == "word" for line in lines):
            self._find_words(lines, layout)
            if self.first is None:
                self._doubt_words([line for line in lines if line.kind == "word"])
            self._refuse_gap(lines)
            lines = [line for line in mark_indexed(lines, self.word_column) if line]
            # Comments and headers have no say: only where tabs alone were needed are they needed from then on.
            self.first = layout if self.first is None or layout.tabs > self.first.tabs else self.first
        words = [word_of(line, self.word_column, f"{self.name}:{line.number}") for line in lines if line.kind == "word"]
        return SentenceRead(join_words(words), last_line, lines, closed, layout.keeps_last)

    def _first_layout(self, block: list[NumberedLine]) -> Layout:
        layout = find_layout(block)
        assert layout is not None
        if doubt := doubt_about_columns(block, layout, self.name):
            self.say(doubt)
        return layout

    def _lines(self, block: list[NumberedLine], layout: Layout) -> list[ColumnLine]:
        said = [layout.split(text) for _, text in block if not text.startswith("#")]
        tagged = layout.width > 1 and bool(said) and all(fields and looks_like_tag(fields[-1]) for fields in said)
        tag_column = -1 if tagged else None
        try:
            return [line for line in read_block(block, layout, self.name, tag_column) if line is not None]
        except InputError as error:
            raise (better_error(block, self.name, error) if self.first is None else error) from None

    def _find_words(self, lines: list[ColumnLine], layout: Layout) -> None:
        """Choose the column of the words, if that is to be done; raise InputError if it is not there."""
        words = [line for line in lines if line.kind == "word"]
        place = f"{self.name}:{layout.example}"
        if self.first is None and self.choose and _count(words):
            self.word_column, self.counted = 1, True
            found = f"{self.name}:{words[0].number}: column 0 counts the words"
            self.say(f"{found}, so that they are read from column 1; --word-column says where they are")
        elif self.first is None and self.choose and is_webanno(words):
            self.word_column = WEBANNO_WORDS
            found = f"{self.name}:{words[0].number}: WebAnno TSV"
            self.say(f"{found}, so that words are read from column {WEBANNO_WORDS}; --word-column says where they are")
        if not -layout.width <= self.word_column < layout.width:
            found = f"{layout.width} columns, but --word-column is {self.word_column}"
            raise InputError(f"{place}: {found} (columns count from 0)")
        strays = (line for line in words if not INDEX.fullmatch(line.fields[0]))
        if self.counted and (stray := next(strays, None)):
            raise InputError(
                f"{self.name}:{stray.number}: {quoted(stray.fields[0])} in column 0, which counts the words of the "
                "first sentence; expected a number; say with --word-column where the words are"
            )

    def _take_header(self, lines: Sequence[ColumnLine]) -> None:
        """Note the header, if the lines begin with one, and the column of the words, if that is to be chosen."""
        first = self.first is None and self.header is None
        self.header = header_of(lines, first) or self.header
        if not first or not (words := [line for line in lines if line.kind == "word"]):
            return
        place = f"{self.name}:{words[0].number}"
        if self.header is None and _is_untagged_header(words):
            self.header = words[0].fields
            self.say(f"{place}: read as a header: it has no tag, as all lines after it have")
        elif self.header is None and len(words[0].fields) > 1 and any(map(HEADER.fullmatch, words[0].fields)):
            self.say(f"{place}: {quoted(words[0].fields[0])} is read as a word; if the line is a header, delete it")
        if self.choose and self.header and (column := named_words(self.header)):
            self.word_column, self.choose = column, False
            self.say(f"{place}: words are read from column {column}, as the header says")

    def _refuse_gap(self, lines: Sequence[ColumnLine]) -> None:
        """Raise InputError where the words are all but counted: ranges of CoNLL-U would be read as words."""
        if self.word_column and has_ranges(lines) and (line := miscounted(lines)):
            raise InputError(
                f"{self.name}:{line.number}: column 0 counts words, but {line.fields[0]} does not come next, so ranges "
                "would be read as words; number the words of each sentence 1, 2, 3, ..., or delete the ranges"
            )

    def _take_named_column(self, block: list[NumberedLine]) -> None:
        """The column that a comment of CoNLL-U Plus names, if one does."""
        column = named_word_column(text for _, text in block)
        if column is not None:
            self.word_column, self.choose = column, False
            self.say(f"{self.name}:{block[0][0]}: words are read from column {column}, as global.columns says")

    def _doubt_words(self, lines: Sequence[ColumnLine]) -> None:
        """Say where the words of a first sentence have no letters, are tags, are all the same, odd, or very many.

        And where a flag says that the sentence ends earlier.
        """
        words = [line.fields[self.word_column] for line in lines]
        place = f"{self.name}:{lines[0].number}"
        others = (column for column in zip(*(line.fields for line in lines), strict=True) if list(column) != words)
        beside = any(
            any(map(str.islower, "".join(column))) and not all(map(looks_like_tag, column)) for column in others
        )
        same = len(set(words)) == 1
        none = not any(map(str.isalpha, "".join(words))) or all(map(PREFIX_AND_TYPE.fullmatch, words))
        if self.choose and beside and len(words) > 1 and (same or none):
            found = f"{quoted(words[0])} in column {self.word_column}, {'and so in all lines of' if same else 'in'}"
            self.say(f"{place}: {found} the first sentence; are these words? --word-column says where they are")
        elif doubt := doubt_about_words(words):
            self.say(f"{place}: {doubt}")
        if ended := [line.number for line in lines[:-1] if ends_sentence(line.text)]:
            self.say(f"{self.name}:{ended[0]}: a sentence ends here, as a flag says, but no empty line follows it")
        if len(words) > LONG_SENTENCE:
            self.say(f"{place}: a sentence of {len(words):,} words; is there an empty line after each sentence?")


def _is_untagged_header(words: Sequence[ColumnLine]) -> bool:
    """Whether the first line alone has no tag in a column of tags, and rather names of columns than a word."""
    first, *others = (line.fields for line in words)
    tags = [
        column
        for column in range(1, len(first))
        if others and all(PREFIX_AND_TYPE.fullmatch(fields[column]) for fields in others)
    ]
    untagged = bool(tags) and not any(looks_like_tag(first[column]) for column in tags)
    return untagged and any(map(HEADER.fullmatch, first))


def _count(words: Sequence[ColumnLine]) -> bool:
    """Whether column 0 counts the words of a first sentence as CoNLL-U does, and what follows it may be words."""
    if not words or len(words[0].fields) < 2 or not all(INDEX.fullmatch(line.fields[0]) for line in words):
        return False
    numbers = [int(line.fields[0]) for line in words if line.fields[0].isdecimal()]
    from_1, from_0 = [*range(1, len(numbers) + 1)], [*range(len(numbers))]
    if not numbers or not (numbers == from_1 or (numbers == from_0 and len(numbers) > 1)):
        return False
    return len(words[0].fields) > 2 or not all(looks_like_tag(line.fields[1]) for line in words)


def _like(first: Layout, block: list[NumberedLine]) -> Layout:
    """The first sentence's layout for the lines of a later one, which may need tabs, or an empty column at the end."""
    said = [text for _, text in block if not text.startswith("#")]
    has_tabs = first.has_tabs or any("\t" in text for text in said)
    own = replace(first, has_tabs=has_tabs)
    with_tabs = [replace(own, tabs=True, keeps_last=keeps_last) for keeps_last in (False, True)]
    layouts = with_tabs if first.tabs else [own, *with_tabs] if first.width > 1 else [own]
    fitting = (layout for layout in layouts if all(len(layout.split(text)) == layout.width for text in said))
    return next(fitting, own)


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
        if isinstance(line, FirstLine):
            yield number, FILE_START
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
