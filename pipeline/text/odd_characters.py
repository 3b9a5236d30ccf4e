"""Characters that a wrong encoding, a terminal or another format leaves in words, and that no text has."""

import re

# Control characters (those from U+0080 are quotation marks and dashes of cp1252), line separators, byte order marks,
# and what stands for a character that could not be converted.
ODD = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffd]")
NAMES = "control characters, line separators or lost characters (U+FFFD)"


def is_odd(word: str) -> bool:
    """Whether the word has such a character in it."""
    return ODD.search(word) is not None
