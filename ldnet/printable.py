"""Text of data, files and servers, made harmless for a terminal, a page or a log."""

import re

# Control characters (a terminal obeys them; C1 as well as C0), Unicode's line ends, marks that turn the direction of
# what is shown, and bytes that are no UTF-8. Line feed and tab are text.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """The text with what a terminal might obey as \\uXXXX, which is how JSON writes it, too. Lines stay lines."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
