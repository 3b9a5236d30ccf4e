"""Lines of text to the words that the tagger was trained on, and where each stands in its line.

Taggers are trained on tokens as the Penn Treebank has them: "can't" is `ca` and `n't`, quotation marks are `` and ''.
NLTK's tokeniser makes such tokens by rules alone, needs no data of its own, and is kept up; it is for English. It
rewrites the line on its way, so each token is looked for again in the line: offsets are those of the line as it was
read, in Unicode code points, whatever was rewritten. Typographic quotes and dashes, which the treebank does not have,
become the treebank's.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ldnet.errors import InputError

if TYPE_CHECKING:
    from nltk.tokenize.destructive import NLTKWordTokenizer

WORD = re.compile(r"[^ \t\n\v\f\r]+")  # real words contain U+00A0, U+3000 and other Unicode white space
# One character for another one, so that all others keep their places.
TREEBANK_CHARACTERS = str.maketrans({"\N{RIGHT SINGLE QUOTATION MARK}": "'", "\N{LEFT SINGLE QUOTATION MARK}": "`"})
TREEBANK_WORDS = {"“": "``", "„": "``", "”": "''", "—": "--", "…": "..."}
# What the tokeniser makes of other quotation marks: a token, and how it may be written in the line.
WRITTEN = {"``": ('"', "''"), "''": ('"',)}


class TokenisedText(NamedTuple):
    """A line of text, its words as the tagger reads them, and where each starts and ends in the line."""

    text: str
    words: Sequence[str]
    offsets: Sequence[tuple[int, int]]


def split_words(text: str) -> list[str]:
    """The words of a tokenised sentence. Only ASCII white space separates them."""
    return WORD.findall(text)


def split_at_blanks(text: str) -> TokenisedText:
    """A line that is tokenised already. Only ASCII white space separates words."""
    found = list(WORD.finditer(text))
    return TokenisedText(text, [word[0] for word in found], [word.span() for word in found])


def join_words(words: Sequence[str]) -> TokenisedText:
    """Words without a line: the line is made of them, with single spaces."""
    offsets, start = [], 0
    for word in words:
        offsets.append((start, start + len(word)))
        start += len(word) + 1
    return TokenisedText(" ".join(words), words, offsets)


def tokenise(text: str) -> TokenisedText:
    """A line of raw text, which should be one sentence: only its last full stop is taken for a token.

    Raises InputError if the line keeps the tokeniser busy for seconds.
    """
    plain = text.translate(TREEBANK_CHARACTERS)
    try:
        words = _tokeniser().tokenize(plain.replace("…", " … "))
    except TimeoutError:
        raise InputError(
            f"a line of {len(text):,} characters takes too long to tokenise; "
            "expected a sentence a line, or text that is tokenised already (--tokenised)"
        ) from None
    return TokenisedText(text, [TREEBANK_WORDS.get(word, word) for word in words], _place(words, plain))


@cache
def _tokeniser() -> "NLTKWordTokenizer":
    with _without("sklearn", "scipy"):
        from nltk.tokenize.destructive import NLTKWordTokenizer  # only raw text needs it

    return NLTKWordTokenizer()


@contextmanager
def _without(*packages: str) -> Iterator[None]:
    """Let packages seem not to be installed: NLTK imports all of itself, and these two with it, for more than a second
    of computing. Those that are imported already stay."""
    hidden = [package for package in packages if package not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None means that there is no such module
    try:
        yield
    finally:
        for package in hidden:
            del sys.modules[package]


def _place(words: Sequence[str], text: str) -> list[tuple[int, int]]:
    """Where the words, which are all of the text but its white space, stand in it."""
    offsets, end = [], 0
    for word in words:
        start = end
        while text[start].isspace():
            start += 1
        written = next(form for form in (word, *WRITTEN.get(word, ())) if text.startswith(form, start))
        end = start + len(written)
        offsets.append((start, end))
    return offsets
