"""What lines are that are no sentences of a text: markup, subtitles, words with parts of speech, lines that are cut.

Training looks so at the text of language models, and `ldnet tag` at what it is given.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from ldnet.text.column_layout import is_comment_of_columns, starts_document
from ldnet.text.foreign_formats import has_tags
from ldnet.text.odd_characters import NAMES, is_odd, meant
from ldnet.text.odd_words import (
    MARKED_SHARE,
    has_blank_at_end,
    has_escape,
    is_boundary,
    is_cut,
    is_marked,
    is_piece,
    is_placeholder,
)
from ldnet.text.tokenisation import split_words

BLANKS = " \t\n\v\f\r"  # which separate words; others may be part of one
MARKUP = re.compile(r"<\s*(?:[/?!]\s*)?[A-Za-z][^<>]*>")
ENCLOSED = re.compile(r"<([A-Za-z]\w*)(?:\s[^<>]*)?>.*</\1\s*>", re.DOTALL)
ENCLOSED_LINES, FEWEST_ENCLOSED = 0.5, 2  # of the lines: single ones show how markup is written
OF_WIKIS = re.compile(r"\[\[|\{\{|(?<!=)={2,6}[^=]+={2,6}\Z")
WORD_ALONE = re.compile(r"<unk>", re.IGNORECASE)  # a line of one unknown word
TIME = r"(\d+\s*:\s*)?\d{1,2}\s*:\s*\d\d\s*[.,]\s*\d{1,3}"
TIME_RANGE = re.compile(rf"{TIME}\s*--?\s*>\s*{TIME}.*")
RETURNS = "several lines, with carriage returns between them"
OF_COLUMNS = "a comment or the start of a document, as columns have them"


def _is_mark(word: str) -> bool:
    """Whether a tokeniser has put the word there. Language models know `<unk>`."""
    return is_boundary(word) or is_cut(word) or (is_placeholder(word) and not WORD_ALONE.fullmatch(word))


BLANKS_AT_ENDS = "text with blanks that separate no words at the ends of words"
IN_WORDS: dict[str, Callable[[str], bool]] = {
    f"text with {NAMES}": is_odd,
    "text in UTF-8 that was read as another encoding": lambda word: meant(word) is not None,
    "text with marks of another tool's tokeniser": _is_mark,
    "text with escapes of HTML or JSON": has_escape,
    BLANKS_AT_ENDS: has_blank_at_end,
}
TAGGED_LINES, FEWEST_TAGGED = 0.5, 3  # of the lines that were looked at
PIECES = "text with pieces of words, as another tool's tokeniser cuts and marks them"
PIECES_LINES, FEWEST_PIECES = 0.01, 3  # of the lines: rare words alone may be cut; fewer are headings and hashtags
FEWEST_MARKED = 2  # words of a line: one in a heading is a name
LABELLED = "a line that a number or a label begins or ends, as most lines"
LABELLED_LINES, FEWEST_LABELLED = 0.9, 20
WRAPPED = "a line that is cut at a width, so that its sentence goes on in the next one"
WRAPPED_LINES, FEWEST_WRAPPED = 0.8, 5  # of the lines that another one follows
NARROWEST = 40  # characters
LONGER = 0.02  # of the lines may be longer than the width: they have no blank where they could be cut
MOST_ENDED = 0.5  # of lines that are cut: so many may end as sentences do, and far more do in text of sentences
ENDS_SENTENCE = re.compile(r"[.!?:;…。！？][\"')\]”’»]*\Z")  # noqa: RUF001  # full-width, as Chinese has them
SEVERAL = "several sentences"
SEVERAL_LINES, FEWEST_ENDS = 0.5, 2
INSIDE = re.compile(r"[.!?][\"')\]”’»]*\s+[\"'(\[“‘«]*(?P<next>[^\W\d_])")  # noqa: RUF001  # quotation marks
SHORTEST_WORD, SHORTEST_SMALL = 5, 3  # letters before a full stop: shorter ones are abbreviations, as in St. Ives


def lines_by_form(lines: Iterable[str]) -> dict[str, list[int]]:
    """The lines that are no text, by what they are; each as a place in `lines`, which have no BLANKS at their ends.

    Words with parts of speech count if half of the lines have them, pieces of words if more than single lines have.
    Numbers before or behind sentences, lines that are cut at a width, and several sentences in a line count if most
    lines are so.
    """
    kinds = ("markup", "the time of a subtitle", OF_COLUMNS, "words with parts of speech", RETURNS, PIECES, *IN_WORDS)
    found: dict[str, list[int]] = {kind: [] for kind in kinds}
    markup, times, of_columns, tagged, returns, pieces, *_ = found.values()
    shown: list[tuple[int, str]] = []
    for number, line in enumerate(lines):
        shown += [(number, line)] if line else []
        if (MARKUP.fullmatch(line) and not WORD_ALONE.fullmatch(line)) or OF_WIKIS.search(line):
            markup.append(number)
        elif TIME_RANGE.fullmatch(line):
            times.append(number)
        elif line and (is_comment_of_columns(line) or starts_document(line)):
            of_columns.append(number)
        elif has_tags(line.split()):
            tagged.append(number)
        elif "\r" in line:
            returns.append(number)
        elif kind := kind_of_words(words := split_words(line)):
            found[kind].append(number)
        elif _has_pieces(words):
            pieces.append(number)
    if len(tagged) < max(FEWEST_TAGGED, TAGGED_LINES * len(shown)):
        tagged.clear()
    if len(pieces) < max(FEWEST_PIECES, PIECES_LINES * len(shown)):
        pieces.clear()
    enclosed = [number for number, line in shown if ENCLOSED.fullmatch(line)]
    if len(enclosed) >= max(FEWEST_ENCLOSED, ENCLOSED_LINES * len(shown)):
        markup[:] = sorted({*markup, *enclosed})
    found |= {LABELLED: _labelled(shown), WRAPPED: _wrapped(shown), SEVERAL: _several(shown)}
    return {kind: numbers for kind, numbers in found.items() if numbers}


def kind_of_words(words: Iterable[str]) -> str:
    """What a line is because of one of its words; '' for text."""
    words = list(words)
    return next((kind for kind, holds in IN_WORDS.items() if any(map(holds, words))), "")


def _has_pieces(words: list[str]) -> bool:
    """Whether words of a line are cut in pieces, or as many are marked as in text that was cut."""
    marked = sum(map(is_marked, words))
    return any(map(is_piece, words)) or (marked >= FEWEST_MARKED and marked > MARKED_SHARE * len(words))


def _labelled(lines: Sequence[tuple[int, str]]) -> list[int]:
    """The lines of several words, if most lines are such and their first, or last, words have digits in them."""
    for place in (0, -1):
        split = [(number, line.split()) for number, line in lines]
        such = [number for number, words in split if len(words) > 1 and any(map(str.isdecimal, words[place]))]
        if len(such) >= max(FEWEST_LABELLED, LABELLED_LINES * len(lines)):
            return such
    return []


def _wrapped(lines: Sequence[tuple[int, str]]) -> list[int]:
    """The lines that have no room for the first word of the next one, if nearly all are so and few end a sentence."""
    follows = [(line, following) for line, following in pairwise(lines) if _is_next(line, following)]
    if len(follows) < FEWEST_WRAPPED:
        return []
    lengths = sorted(len(line) for _, line in lines)
    width = lengths[-1 - int(LONGER * len(lengths))]
    full = [(number, line) for (number, line), (_, other) in follows if len(f"{line} {other.split()[0]}") > width]
    ended = sum(ENDS_SENTENCE.search(line) is not None for _, line in full)
    cut = width >= NARROWEST and len(full) >= WRAPPED_LINES * len(follows) and ended <= MOST_ENDED * len(full)
    return [number for number, _ in full] if cut else []


def _is_next(line: tuple[int, str], following: tuple[int, str]) -> bool:
    """Whether the second line follows without a blank one between them."""
    return following[0] == line[0] + 1 and bool(following[1].split())


def _several(lines: Sequence[tuple[int, str]]) -> list[int]:
    """The lines in which sentences end before the end of the line, if most are such."""
    ends = {number: _ends_inside(line) for number, line in lines}
    such = [number for number, count in ends.items() if count]
    return such if such and len(such) >= SEVERAL_LINES * len(lines) and sum(ends.values()) >= FEWEST_ENDS else []


def _ends_inside(line: str) -> int:
    """How many sentences seem to end in the line before its end: with a capital letter after them."""
    stops = (match.start() for match in INSIDE.finditer(line) if match["next"].isupper())
    return sum(_ends_a_word(line[max(0, stop - SHORTEST_WORD - 1) : stop]) for stop in stops)


def _ends_a_word(before: str) -> bool:
    """Whether a blank, or a word that is no abbreviation, is at the end of what comes before a full stop."""
    word = re.split(r"[\W\d_]", before)[-1]
    return before[-1:].isspace() or len(word) >= SHORTEST_WORD or (len(word) >= SHORTEST_SMALL and word.islower())
