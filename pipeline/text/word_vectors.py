"""Word vectors in the GloVe text format, a word and its numbers on each line; with the faults of published files."""

import re
import zlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ldnet.errors import InputError
from ldnet.printable import quoted
from ldnet.text.foreign_formats import LINES, csv_delimiter, csv_in_words, foreign_format
from ldnet.text.lines import MAGIC, decode
from pipeline.text.bounded_lines import bounded_lines

FASTTEXT = (793_712_314).to_bytes(4, "little")
# A first line of counts, the first word, and in its numbers a byte that no text has.
WORD2VEC = re.compile(rb"\d+ \d+\n\S+ (?:[\t -~]|[\xc2-\xf4][\x80-\xbf]+)*+[^\t\r\n -~]")
HEAD = 1 << 12  # bytes of a file, in which its numbers begin
EXPECTED = "expected a word and its numbers on each line"
MOST_DIGITS = 18  # of a count; Python refuses to read thousands of them
LOOKED_AT = 1000  # lines, most of which have a word without a blank, so that they show the dimension
MOST_SKIPPED = 0.1  # share of lines without a readable word; with more, the file is another one than it seems
FEWEST_WORDS = 2  # of a file in which all are numbers


@dataclass(frozen=True, eq=False)
class WordVectors:
    """rows[word] is the row of vectors (float32, words x dimension) that belongs to a word; words in file order."""

    rows: dict[str, int]
    vectors: NDArray[np.float32]


@dataclass
class _Faults:
    """The lines that were skipped, or read in a way that is not plain, by what is odd with them; and the first one."""

    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, int] = field(default_factory=dict)

    def note(self, what: str, number: int) -> None:
        self.counts[what] += 1
        self.first.setdefault(what, number)

    def in_words(self, path: Path) -> Iterator[str]:
        for what, count in self.counts.items():
            yield f"note: {path}:{self.first[what]}: {what} ({count:,} such lines)"


EMPTY, NOT_UTF8, WITH_BLANKS = "no word, skipped", "the word is not UTF-8, skipped", "the word has blanks in it"


def no_vectors() -> WordVectors:
    """Vectors of no words, of dimension 0."""
    return WordVectors({}, np.zeros((0, 0), dtype=np.float32))


def _silent(line: str) -> None:
    """Say nothing."""


def read_word_vectors(path: Path, most_rows: int = 0, say: Callable[[str], None] = _silent) -> WordVectors:
    """Read a plain or compressed file, with or without word2vec's first line (count and dimension); of doubles, the
    first one. With `most_rows`, no more lines than these. What is odd goes to `say`.

    A word may have blanks in it: the numbers are the last fields of a line. Lines whose word is empty or not UTF-8 are
    skipped. Raises InputError naming file and line for rows of another width, what is not a number, files of numbers
    alone, and empty files.
    """
    lines, promised, dimension = _opened(path)
    rows: dict[str, int] = {}
    numbers = array("f")  # grows in place: 400,000 x 300 numbers take little more than their 480 MB
    faults = _Faults()
    found = empty_lines = 0
    shown = tqdm(lines, desc=f"reading {path.name}", unit=" lines", disable=None)
    for number, line in enumerate(shown, start=1):
        if number == 1 and promised is not None:
            continue
        if most_rows and found == most_rows:
            break
        if not line.strip():
            empty_lines += 1
            continue
        if empty_lines:
            raise _wrong_width(path, number - empty_lines, dimension, 0)
        found += 1
        fields = line.split()
        values = _numbers_of(fields, line, dimension, path, number)
        word = b" ".join(fields[: len(fields) - dimension])
        if not (key := _readable(word, path, number, faults)):
            continue
        if key not in rows:
            rows[key] = len(rows)
            numbers.extend(values)
    _refuse_many(faults, found, path)
    if not rows:
        raise InputError(f"{path}: no word vectors; {EXPECTED}")
    if len(rows) >= FEWEST_WORDS and all(_is_number(word.encode()) for word in rows):
        shown = ", ".join(map(quoted, [*rows][:FEWEST_WORDS]))
        raise InputError(f"{path}:1: only numbers ({shown}, ...), no words; {EXPECTED}: are the words in another file?")
    for fault in faults.in_words(path):
        say(fault)
    if promised not in (None, found) and not (most_rows and found == most_rows):
        say(f"note: {path}:1: promises {promised:,} word vectors, {found:,} are there; all of these are read")
    return WordVectors(rows, np.frombuffer(numbers, dtype=np.float32).reshape(len(rows), dimension))


def vector_dimension(path: Path) -> int:
    """How many numbers a word has, by the first lines of the file; 0 for an empty file.

    Raises InputError for a file in another format, and if the first word has other numbers.
    """
    lines, promised, dimension = _opened(path)
    first = 1 if promised is None else 2
    for line in islice(lines, first - 1, first):
        _numbers_of(line.split(), line, dimension, path, first)
    return dimension


def _opened(path: Path) -> tuple[Iterator[bytes], int | None, int]:
    """All lines; word2vec's count of words, if the first line has it; and how many numbers a word has.

    Raises InputError for a file in another format.
    """
    _refuse_binary(path)
    lines = bounded_lines(path, EXPECTED)
    start = list(islice(lines, LOOKED_AT))
    _refuse_foreign(start, path)
    promised, dimension = _header(start[0]) if start else (None, 0)
    if dimension:
        _refuse_wrong_promise(start[1:], dimension, path)
    return chain(start, lines), promised, dimension or _dimension(start)


def _refuse_binary(path: Path) -> None:
    """Raise InputError for a model of fastText, which begins with a number of its own, and for binary word2vec."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head.startswith(MAGIC["gzip"]):  # as published models are packed
        with suppress(zlib.error):
            head = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, HEAD)
    if head.startswith(FASTTEXT):
        raise InputError(f"{path}: is a binary model of fastText; give its text file (.vec)")
    if WORD2VEC.match(head):
        raise InputError(f"{path}: is binary word2vec; give its text form")


def _refuse_foreign(start: Sequence[bytes], path: Path) -> None:
    """Raise InputError for web pages, pointers of Git LFS, JSON and CSV. No number ends the first line of these."""
    if start and not any(map(_is_number, start[0].split()[-1:])):
        lines = [line.decode("utf-8", errors="replace") for line in start[:LINES]]
        delimiter = csv_delimiter(lines)
        if found := foreign_format(lines) or (csv_in_words(delimiter) if delimiter else ""):
            raise InputError(f"{path}:1: {found}; {EXPECTED}")


def _header(line: bytes) -> tuple[int | None, int]:
    """word2vec's count and dimension, if the line has them; None and 0 otherwise."""
    fields = line.split()
    counts = all(field.isdigit() and len(field) <= MOST_DIGITS for field in fields)
    if len(fields) == 2 and counts and not line[:1].isspace():
        return int(fields[0]), int(fields[1])
    return None, 0


def _refuse_wrong_promise(start: list[bytes], dimension: int, path: Path) -> None:
    """Raise InputError if line 2 does not have as many numbers as the first one says, and is as most others are."""
    fields = start[0].split() if start else []
    found = len(fields) - 1
    if found > 0 and found == _dimension(start) and not _has_numbers(fields, start[0], dimension):
        raise InputError(f"{path}:1: promises {dimension} numbers a word, line 2 has {found}; correct or delete line 1")


def _dimension(lines: list[bytes]) -> int:
    """Of most lines; of the first one where two are equally frequent."""
    widths = [len(line.split()) - 1 for line in lines if line.strip() and not line[:1].isspace()]
    return max(0, Counter(widths).most_common(1)[0][0]) if widths else 0


def _numbers_of(fields: list[bytes], line: bytes, dimension: int, path: Path, number: int) -> "array[float]":
    """The last fields, as many as the dimension; those before them are the word."""
    if not _has_numbers(fields, line, dimension):
        raise _wrong_width(path, number, dimension, len(fields))
    return _floats(fields[len(fields) - dimension :], line, path, number)


def _has_numbers(fields: list[bytes], line: bytes, dimension: int) -> bool:
    """Whether the last fields, as many as the dimension, come after a word, which may be empty or have blanks.

    A word with a blank is no number: "of 3" and too many numbers look alike, and do not count.
    """
    if dimension < 1 or len(fields) == dimension + 1:
        return dimension > 0
    words = fields[: max(0, len(fields) - dimension)]
    empty = line[:1].isspace() and len(fields) == dimension
    return empty or (len(words) > 1 and not any(map(_is_number, words[1:])))


def _wrong_width(path: Path, number: int, dimension: int, found: int) -> InputError:
    expected = f"a word and {dimension} numbers" if dimension > 0 else "a word and its numbers"
    return InputError(f"{path}:{number}: expected {expected}, found {found} columns")


def _readable(word: bytes, path: Path, number: int, faults: _Faults) -> str:
    """The word as text; an empty one if it cannot be a word of the data."""
    if not word:
        faults.note(EMPTY, number)
        return ""
    try:
        text = decode(word, path, number)
    except InputError:
        faults.note(NOT_UTF8, number)
        return ""
    if b" " in word:
        faults.note(WITH_BLANKS, number)
    return text


def _refuse_many(faults: _Faults, found: int, path: Path) -> None:
    """Raise InputError if too many lines have no readable word."""
    if faults.counts[NOT_UTF8] > MOST_SKIPPED * found:
        counted = f"{faults.counts[NOT_UTF8]:,} of {found:,} words are not; convert the file to UTF-8"
        raise InputError(f"{path}:{faults.first[NOT_UTF8]}: not UTF-8; {counted}")
    if faults.counts[EMPTY] > MOST_SKIPPED * found:
        counted = f"{faults.counts[EMPTY]:,} of {found:,} lines have none; expected a word and its numbers"
        raise InputError(f"{path}:{faults.first[EMPTY]}: no word; {counted}")


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return b"_" not in field  # which Python takes in numbers


def _floats(fields: list[bytes], line: bytes, path: Path, number: int) -> "array[float]":
    """One row of float32. Infinity is refused also where a number is too large for float32.

    The line has them in it: to look there for what Python takes in numbers and others do not takes no time.
    """
    try:
        values = array("f", map(float, fields))
    except ValueError:
        values = array("f")
    # A sum of finite float32 numbers is finite in double precision, and nan or infinity survive in it.
    total = sum(values)
    with_underscore = b"_" in line and any(b"_" in field for field in fields)
    if len(values) < len(fields) or total - total != 0 or with_underscore:
        wrong = next(field for field in fields if not _is_float32(field))
        shown = quoted(wrong.decode("utf-8", errors="replace"))
        raise InputError(f"{path}:{number}: expected {len(fields)} finite numbers after the word, found {shown}")
    return values


def _is_float32(field: bytes) -> bool:
    if not _is_number(field):
        return False
    (value,) = array("f", [float(field)])
    return value - value == 0
