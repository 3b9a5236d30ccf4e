"""Whether LM text is text, as far as its lines show: markup, subtitles, and words with parts of speech are not.

Nor are lines with words that no text has, and lines that carriage returns end while others end with newlines.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from ldnet.printable import quoted
from ldnet.text.foreign_formats import has_tags
from ldnet.text.tokenisation import split_words
from pipeline.text.bounded_lines import bounded_lines
from pipeline.text.odd_characters import NAMES, is_odd, meant
from pipeline.text.odd_words import (
    MARKED_SHARE,
    has_blank_at_end,
    has_escape,
    is_boundary,
    is_cut,
    is_marked,
    is_piece,
    is_placeholder,
)

LOOKED_AT = 1000  # lines of each file
MARKUP = re.compile(r"<\s*(?:[/?!]\s*)?[A-Za-z][^<>]*>")
WORD_ALONE = re.compile(r"<unk>", re.IGNORECASE)  # a line of one unknown word
TIME = r"(\d+\s*:\s*)?\d{1,2}\s*:\s*\d\d\s*[.,]\s*\d{1,3}"
TIME_RANGE = re.compile(rf"{TIME}\s*--?\s*>\s*{TIME}.*")
RETURNS = "several lines, with carriage returns between them"
BLANKS = " \t\n\v\f\r"


def _is_mark(word: str) -> bool:
    """Whether a tokeniser has put the word there. Language models know `<unk>`."""
    return is_boundary(word) or is_cut(word) or (is_placeholder(word) and not WORD_ALONE.fullmatch(word))


IN_WORDS: dict[str, Callable[[str], bool]] = {
    f"text with {NAMES}": is_odd,
    "text in UTF-8 that was read as cp1252": lambda word: bool(meant(word)),
    "text with marks of another tool's tokeniser": _is_mark,
    "text with escapes of HTML or JSON": has_escape,
    "text with blanks that separate no words at the ends of words": has_blank_at_end,
}
TAGGED_LINES, FEWEST_TAGGED = 0.5, 3  # of the lines that were looked at
PIECES = "text with pieces of words, as another tool's tokeniser cuts and marks them"
PIECES_LINES, FEWEST_PIECES = 0.01, 3  # of the lines: rare words alone may be cut; fewer are headings and hashtags
FEWEST_MARKED = 2  # words of a line: one in a heading is a name


def doubts_of_form(paths: Iterable[Path]) -> Iterator[str]:
    """What in the beginnings of the files is no text: a line for each kind, with the first place.

    Raises InputError for files that cannot be read.
    """
    first: dict[str, str] = {}
    files: dict[str, int] = {}
    for path in paths:
        start = islice(bounded_lines(path), LOOKED_AT)
        lines = [line.decode("utf-8", errors="surrogateescape").strip(BLANKS) for line in start]
        for kind, numbers in lines_by_form(lines).items():
            place = f"{path}:{numbers[0] + 1}: {quoted(lines[numbers[0]])}"
            first.setdefault(kind, f"{place} is {kind} ({len(numbers):,} of the first {len(lines):,} lines")
            files[kind] = files.get(kind, 0) + 1
    for kind, found in first.items():
        others = f"; also in {files[kind] - 1:,} more files" if files[kind] > 1 else ""
        yield f"{found}{others}), and is learnt from as text; expected one tokenised sentence a line"


def lines_by_form(lines: Iterable[str]) -> dict[str, list[int]]:
    """The lines that are no text, by what they are.

    Words with parts of speech count if half of the lines have them, pieces of words if more than single lines have.
    """
    kinds = ("markup", "the time of a subtitle", "words with parts of speech", RETURNS, PIECES, *IN_WORDS)
    found: dict[str, list[int]] = {kind: [] for kind in kinds}
    markup, times, tagged, returns, pieces, *_ = found.values()
    shown = 0
    for number, line in enumerate(lines):
        shown += bool(line)
        if MARKUP.fullmatch(line) and not WORD_ALONE.fullmatch(line):
            markup.append(number)
        elif TIME_RANGE.fullmatch(line):
            times.append(number)
        elif has_tags(line.split()):
            tagged.append(number)
        elif "\r" in line:
            returns.append(number)
        elif kind := _kind_of_words(words := split_words(line)):
            found[kind].append(number)
        elif _has_pieces(words):
            pieces.append(number)
    if len(tagged) < max(FEWEST_TAGGED, TAGGED_LINES * shown):
        tagged.clear()
    if len(pieces) < max(FEWEST_PIECES, PIECES_LINES * shown):
        pieces.clear()
    return {kind: numbers for kind, numbers in found.items() if numbers}


def _kind_of_words(words: list[str]) -> str:
    """What a line is because of one of its words; '' for text."""
    return next((kind for kind, holds in IN_WORDS.items() if any(map(holds, words))), "")


def _has_pieces(words: list[str]) -> bool:
    """Whether words of a line are cut in pieces, or as many are marked as in text that was cut."""
    marked = sum(map(is_marked, words))
    return any(map(is_piece, words)) or (marked >= FEWEST_MARKED and marked > MARKED_SHARE * len(words))
