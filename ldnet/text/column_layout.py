"""How a file in columns is laid out: what separates its columns, how many there are, and which lines are no words.

Training and `ldnet tag` read columns by the same rules. Tabs alone separate columns where every line has as many, so
that words may have blanks in them; otherwise blanks and tabs do, in runs. Comments, a header, and the lines of CoNLL-U
(ranges such as 1-2, empty nodes such as 3.1) and WebAnno (parts of words such as 1-2.1) that are no words are told
apart from words, and are kept where they are.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from ldnet.errors import InputError
from ldnet.text.lines import SAME_ENDS

# In any case: corpora are lower-cased, too. Some have names after a mark that no dash ends.
DOCUMENT_START = re.compile(r"-{1,2}docstart(-{1,2}(\(?\w+\)?)?)?")
# The same with other dashes or brackets, and the end of a document. They begin a line: elsewhere they may be words.
DOCUMENT_MARK = re.compile(r"([-\u2010-\u2015\u2212]{1,2}|_|<)doc(start|end)([-\u2010-\u2015\u2212]{1,2}|_|>)")
UNSEEN = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "\x1a\u200b\u2060\ufeff"
# Only these separate columns: real words contain U+00A0, U+3000 and other Unicode white space.
BLANKS = re.compile(r"[ \t]+")
TAG_SHAPE = re.compile(r"O|[BIESLUMW][-_].+", re.IGNORECASE | re.DOTALL)
GLOBAL_COLUMNS = re.compile(r"# *global\.columns *= *(?P<names>.+)")  # CoNLL-U Plus
KEY_AND_VALUE = re.compile(r"# *[\w.:-]+( id)? = ")  # CoNLL-U's comments: # sent_id = 1, # newdoc id = a
DOCUMENT_MARKS = ("#begin document", "#end document")  # CoNLL-2011 and 2012
COMMENT_ALONE = re.compile(r"###+ ?\w")  # ###MEDLINE:95369245
SENTENCE_ENDS = frozenset(("EndOfSentence", "PySBDSegment"))  # flags of HIPE's last column
NAME_OF_WORDS = re.compile("(token|word|form|text)s?", re.IGNORECASE)
NAME_OF_TAGS = re.compile("(pos|upos|xpos|chunk|tag|label|entity|ner|iob)s?", re.IGNORECASE)
HEADER = re.compile(
    rf"({NAME_OF_WORDS.pattern}|{NAME_OF_TAGS.pattern}|(sentence|sent|doc|document|lemma|index|idx|id)s?)"
    r"([ _-]*(#|id|ids|tag|tags|no|number|index|label|labels))?",
    re.IGNORECASE,
)
INDEX = re.compile(r"(?P<number>\d{1,9})(?:-(?P<last>\d{1,9})|\.(?P<node>\d{1,9}))?")
# The first columns of WebAnno TSV 3: 1-2 for word 2 of sentence 1, 1-2.1 for a part of it; and offsets of characters.
OF_WEBANNO = re.compile(r"\d+-\d+(?P<part>\.\d+)?")
OFFSETS = re.compile(r"\d+-\d+")
WEBANNO_WORDS = 2  # the column
MANY_LINES = 50
LONG_SENTENCE = 500  # words: a longer one is several, without the blank lines between them
Kind = Literal["word", "comment", "header", "document", "multiword", "empty node", "part of word"]
NumberedLine = tuple[int, str]


class ColumnLine(NamedTuple):
    """A line with something on it: its number, how it stands in the file, what it is, and its columns."""

    number: int
    text: str
    kind: Kind
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """What separates columns (tabs alone, or runs of blanks and tabs), and how many most lines have."""

    tabs: bool
    keeps_last: bool  # with tabs: an empty column may end a line
    has_tabs: bool  # somewhere in a line
    width: int
    example: int  # the number of a line with so many columns

    def split(self, text: str) -> tuple[str, ...]:
        """The columns of a line."""
        if not self.tabs:
            return _at_blanks(text)
        return _at_tabs(text if self.keeps_last else text.rstrip(" \t"))

    def check(self, fields: Sequence[str], place: str) -> None:
        """Raise InputError unless there are as many columns as in other lines."""
        if len(fields) != self.width:
            remedy = f"{'tabs' if self.tabs else 'blanks'} separate the columns"
            if len(fields) == 1:
                remedy += ": is one of them missing? Sentences end at empty lines"
            elif not self.tabs and len(fields) < self.width:
                remedy += ": is one of them missing?"
            elif not self.tabs:
                remedy += ": write _ for a blank in a word, or separate columns with tabs"
            if len(fields) < self.width and (blank := other_blank([" ".join(fields)])):
                remedy = f"only blanks and tabs separate columns, and there is U+{ord(blank):04X} in this line"
            raise InputError(
                f"{place}: expected {self.width} columns as in line {self.example}, found {len(fields)} ({remedy})"
            )


def _at_blanks(text: str) -> tuple[str, ...]:
    stripped = text.strip(" \t")
    return tuple(BLANKS.split(stripped)) if stripped else ()


def _at_tabs(text: str) -> tuple[str, ...]:
    return tuple(field.strip(" ") for field in text.split("\t"))


def other_blank(texts: Iterable[str]) -> str:
    """What looks like a blank and is in all the lines, but separates no columns, as U+00A0; '' for none."""
    found = [{character for character in text if character.isspace()} - {" ", "\t"} for text in texts]
    return min(set.intersection(*found), default="") if found else ""


def looks_like_tag(text: str) -> bool:
    """Whether the text has the shape of a tag, in any scheme."""
    return TAG_SHAPE.fullmatch(text) is not None


def is_blank(text: str) -> bool:
    """Whether the line ends a sentence: nothing can be seen on it."""
    stripped = text.strip(" \t")
    return not stripped or (not stripped[0].isalnum() and not stripped.strip(UNSEEN))


def starts_document(text: str) -> bool:
    """Whether the line is the -DOCSTART- of the CoNLL-2003 files; others write it with a number or without dashes.

    A -DOCEND- is none, but has the same effect.
    """
    lowered = text.lower()
    if "docstart" not in lowered and "docend" not in lowered:
        return False
    fields = _at_blanks(lowered)
    if _at_blanks(text)[0] == "DOCSTART" or DOCUMENT_MARK.fullmatch(fields[0]):
        return True
    return any(map(DOCUMENT_START.fullmatch, fields))


def find_layout(lines: Iterable[NumberedLine]) -> Layout | None:
    """The layout that fits the lines, best where they disagree; None where there is no line.

    Blank lines, document starts, and lines that begin with # (unless all do) have no say.
    """
    said = [(number, text) for number, text in lines if not is_blank(text) and not starts_document(text)]
    said = [(number, text) for number, text in said if not text.startswith("#")] or said
    if not said:
        return None
    by_blanks = _layout(said, tabs=False, keeps_last=False)
    with_tabs = sum("\t" in text for _, text in said)
    for keeps_last in (False, True):
        by_tabs = _layout(said, tabs=True, keeps_last=keeps_last)
        if with_tabs < len(said) or not _fits(by_tabs, said) or _has_empty_column(by_tabs, said):
            continue
        # In many lines, blanks that are always as many do not belong to words, but separate columns like tabs.
        both = len(said) >= MANY_LINES and by_blanks.width > by_tabs.width and _fits(by_blanks, said)
        return by_blanks if both else by_tabs
    if 2 * with_tabs > len(said) and not _fits(by_blanks, said):
        return _layout(said, tabs=True, keeps_last=True)
    return by_blanks


def _layout(lines: Sequence[NumberedLine], tabs: bool, keeps_last: bool) -> Layout:
    """With the width of most lines; of the first one where two widths are equally frequent."""
    trial = Layout(tabs, keeps_last, False, 0, 0)
    widths = [len(trial.split(text)) for _, text in lines]
    width = Counter(widths).most_common(1)[0][0]
    has_tabs = any("\t" in text for _, text in lines)
    return Layout(tabs, keeps_last, has_tabs, width, lines[widths.index(width)][0])


def _fits(layout: Layout, lines: Iterable[NumberedLine]) -> bool:
    return all(len(layout.split(text)) == layout.width for _, text in lines)


def _has_empty_column(layout: Layout, lines: Sequence[NumberedLine]) -> bool:
    """Whether a column is empty in all lines: then tabs are doubled to line the columns up."""
    return any(not any(column) for column in zip(*(layout.split(text) for _, text in lines), strict=True))


def read_block(
    lines: Iterable[NumberedLine], layout: Layout, name: str, tag_column: int | None = None, tags: Collection[str] = ()
) -> Iterator[ColumnLine | None]:
    """The lines of a file or a part of it, taken apart; None for each blank line.

    With `tag_column`, a line that begins with # and a blank is a word if its tag has the shape of one or is among
    `tags`, and a comment otherwise. Raises InputError naming `name` and the line for another number of columns, and for
    a carriage return inside a line.
    """
    for number, text in lines:
        place = f"{name}:{number}"
        if is_blank(text):
            yield None
            continue
        if "\r" in text:
            raise InputError(f"{place}: a carriage return inside the line; {SAME_ENDS}")
        fields = layout.split(text)
        if starts_document(text):
            yield ColumnLine(number, text, "document", fields)
        elif text.startswith("#") and _is_comment(text, layout, tag_column, tags):
            yield ColumnLine(number, text, "comment", fields)
        else:
            layout.check(fields, place)
            yield ColumnLine(number, text, _webanno_kind(fields) or "word", fields)


def _webanno_kind(fields: Sequence[str]) -> Kind | None:
    """What a line of WebAnno TSV 3 is; None for what is none."""
    match = OF_WEBANNO.fullmatch(fields[0]) if len(fields) > WEBANNO_WORDS else None
    if match is None or not OFFSETS.fullmatch(fields[1]):
        return None
    return "part of word" if match["part"] else "word"


def is_webanno(words: Iterable[ColumnLine]) -> bool:
    """Whether all these words stand as in WebAnno TSV 3, in column WEBANNO_WORDS."""
    return all(_webanno_kind(line.fields) for line in words)


def is_comment_of_columns(text: str) -> bool:
    """Whether a line is a comment for certain, whatever columns a word has: # sent_id = 1, #begin document."""
    return KEY_AND_VALUE.match(text) is not None or text.startswith(DOCUMENT_MARKS)


def ends_sentence(text: str) -> bool:
    """Whether a flag in the columns of a word says that its sentence ends with it."""
    return any(flag in text for flag in SENTENCE_ENDS) and not SENTENCE_ENDS.isdisjoint(re.split(r"[\s|]", text))


def _is_comment(text: str, layout: Layout, tag_column: int | None, tags: Collection[str]) -> bool:
    """Whether a line that begins with # is a comment. A word may begin with # as well."""
    fields = layout.split(text)
    if is_comment_of_columns(text) or (layout.width == 1 and COMMENT_ALONE.match(text)):
        return True
    apart = text.startswith(("# ", "#\t"))
    fits = len(fields) == layout.width and (layout.has_tabs or "\t" not in text)
    if not fits:
        return apart or ("\t" not in text if layout.tabs else not looks_like_tag(fields[-1]))
    if tag_column is None or not -layout.width <= tag_column < layout.width:
        return False
    return apart and fields[tag_column] not in tags and not looks_like_tag(fields[tag_column])


def header_of(lines: Iterable[ColumnLine], first: bool = True) -> tuple[str, ...] | None:
    """What the first of the words says, if it names the columns instead.

    In a sentence that is not the `first` one, a name of words and one of tags must be there: label may be a word, and
    its lemma.
    """
    fields = next((line.fields for line in lines if line.kind == "word"), ())
    named = len(fields) > 1 and all(map(HEADER.fullmatch, fields))
    both = any(map(NAME_OF_WORDS.fullmatch, fields)) and any(map(NAME_OF_TAGS.match, fields))
    return fields if named and (first or both) else None


def named_words(header: Sequence[str]) -> int | None:
    """The column that a header calls that of the words, if it does so of one."""
    named = [column for column, name in enumerate(header) if NAME_OF_WORDS.fullmatch(name)]
    return named[0] if len(named) == 1 else None


def mark_headers(lines: Iterable[ColumnLine], header: tuple[str, ...] | None) -> list[ColumnLine]:
    """The same lines; those that say what `header` says are headers. Files that were put together have several."""
    return [line._replace(kind="header") if line.fields == header else line for line in lines]


def mark_indexed(lines: Sequence[ColumnLine | None], word_column: int) -> list[ColumnLine | None]:
    """The same lines; if column 0 counts the words as in CoNLL-U, ranges (1-2) and empty nodes (3.1) are no words.

    Column 0 counts the words if it has nothing but numbers, ranges and empty nodes in it, and each number is one more
    than the number before it in its sentence.
    """
    words = [line for line in lines if line is not None and line.kind == "word"]
    if not words or word_column % len(words[0].fields) == 0:
        return list(lines)
    kinds = {line.number: _indexed_kind(line.fields[0]) for line in words}
    if None in kinds.values() or "word" not in kinds.values() or miscounted(lines):
        return list(lines)
    return [line and line._replace(kind=kinds.get(line.number) or line.kind) for line in lines]


def _indexed_kind(index: str) -> Kind | None:
    """What a line of CoNLL-U with this index is; None for what is no index."""
    match = INDEX.fullmatch(index)
    if match is None or (match["last"] and int(match["last"]) <= int(match["number"])):
        return None
    return "multiword" if match["last"] else "empty node" if match["node"] else "word"


def has_ranges(lines: Iterable[ColumnLine]) -> bool:
    """Whether column 0 of the words has nothing but indexes of CoNLL-U in it, and ranges among them."""
    kinds = {_indexed_kind(line.fields[0]) for line in lines if line.kind == "word"}
    return None not in kinds and {"word", "multiword"} <= kinds


def miscounted(lines: Iterable[ColumnLine | None]) -> ColumnLine | None:
    """The first line whose index does not come next: a number, or an empty node, which are 3.1, 3.2, ... after 3."""
    before: int | None = None
    node = 0
    for line in lines:
        if line is None or line.kind == "document":
            before, node = None, 0
        elif line.kind == "word" and (match := INDEX.fullmatch(line.fields[0])) and not match["last"]:
            number = int(match["number"])
            if match["node"]:
                if not comes_next(match, before, node):
                    return line
                node += 1
            elif before is not None and number != before + 1:
                return line
            else:
                before, node = number, 0
    return None


def comes_next(empty_node: re.Match[str], before: int | None, nodes: int) -> bool:
    """Whether an empty node follows the number before it, and so many other empty nodes after that."""
    return int(empty_node["number"]) == (before or 0) and int(empty_node["node"]) == nodes + 1


def named_word_column(texts: Iterable[str]) -> int | None:
    """The column FORM where a comment of CoNLL-U Plus names the columns; None where none does."""
    for match in filter(None, map(GLOBAL_COLUMNS.match, texts)):
        names = match["names"].split()
        return names.index("FORM") if "FORM" in names else None
    return None


def word_of(line: ColumnLine, column: int, place: str) -> str:
    """The word of a line. Raises InputError if it is empty."""
    word = line.fields[column]
    if not word:
        found = f"{place}: the word is empty (column {column}; tabs separate the columns)"
        raise InputError(f"{found}; write _ for it, or delete the line")
    return word.lstrip("\ufeff") or word  # byte order marks of files that were put together
