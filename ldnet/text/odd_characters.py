"""Characters that a wrong encoding, a terminal or another format leaves in words, and that no text has."""

import re
from typing import NamedTuple

# Unicode counts these among letters and marks, but they have no shape.
WITHOUT_SHAPE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
# Control characters (those from U+0080 are quotation marks and dashes of cp1252; those from U+202A turn the direction
# of what follows), line separators, byte order marks, and what stands for a character that could not be converted.
# Blanks, joiners and the like belong to words, unless a word has nothing else.
ODD = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufffd]"
    rf"|\A(?:[\s\u00ad\u061c\u200b-\u200f\u2060-\u206f\u2800]|{WITHOUT_SHAPE.pattern})+\Z"
)
NAMES = "control characters, line separators, lost characters (U+FFFD) or nothing that can be seen"
WESTERN = "cp1252"
OTHERS = ("cp1251", "cp1250")  # Cyrillic, Central Europe
MISREAD = {"\u00c2", "\u00c3"}  # what letters of Western Europe begin with in UTF-8 that was read as cp1252
PUNCTUATION = "\u2026\u2018\u2019\u201c\u201d\u2013\u2014"  # may follow the last letter of MANH\u00c3 in cp1252


class Meant(NamedTuple):
    """A word that was read as if its UTF-8 were in this encoding."""

    word: str
    encoding: str


def is_odd(word: str) -> bool:
    """Whether the word has such a character in it, or no other than what cannot be seen."""
    return ODD.search(word) is not None


def meant(word: str) -> Meant | None:
    """The word that this one is if it is UTF-8 that was read as another encoding: é for Ã©; None if it is none.

    Few real words are such by chance, and in them one character.
    """
    if word.isascii():
        return None
    text = _read_as(word, WESTERN)
    if text:
        at_end = word[-1:] in PUNCTUATION and word[-2:-1] in MISREAD
        by_chance = len(word) - len(text) == 1 and (MISREAD.isdisjoint(word) or at_end)
        return None if by_chance else Meant(text, WESTERN)
    found = ((_read_as(word, encoding), encoding) for encoding in OTHERS)
    return next((Meant(text, encoding) for text, encoding in found if text and len(word) - len(text) > 1), None)


def _read_as(word: str, encoding: str) -> str:
    """What the word is in UTF-8 if it has these bytes; '' if it is nothing."""
    try:
        return word.encode(encoding).decode()
    except UnicodeError:
        return ""
