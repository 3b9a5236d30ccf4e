"""Characters that a wrong encoding, a terminal or another format leaves in words, and that no text has."""

import re

from pipeline.text.tag_dialect import UNSEEN

# Control characters (those from U+0080 are quotation marks and dashes of cp1252; those from U+202A turn the direction
# of what follows), line separators, byte order marks, and what stands for a character that could not be converted.
# Blanks, joiners and the like belong to words, unless a word has nothing else.
ODD = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufffd]"
    rf"|\A(?:[\s\u00ad\u061c\u200b-\u200f\u2060-\u206f\u2800]|{UNSEEN.pattern})+\Z"
)
MISREAD = {"\u00c2", "\u00c3"}  # what most letters of Western Europe begin with then
NAMES = "control, lost (U+FFFD) or misread characters (Ã© for é), line separators or nothing that can be seen"


def is_odd(word: str) -> bool:
    """Whether the word has such a character in it, or no other than what cannot be seen."""
    return ODD.search(word) is not None or (not word.isascii() and _is_misread(word))


def _is_misread(word: str) -> bool:
    """Whether the word is UTF-8 that was taken for cp1252.

    Few real words are that by chance, as the capitals of one before an ellipsis, and in them one character.
    """
    try:
        meant = word.encode("cp1252").decode()
    except UnicodeError:
        return False
    return len(word) - len(meant) > 1 or not MISREAD.isdisjoint(word)
