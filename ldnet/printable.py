"""Text of data, files and servers, made harmless for a terminal, a page or a log."""

import re

# Control characters (a terminal obeys them; C1 as well as C0), Unicode's line ends, marks that turn the direction of
# what is shown, and bytes that are no UTF-8. Line feed and tab are text.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
HALF_CHARACTER = re.compile("[\ud800-\udfff]")  # a lone surrogate, which no file can hold

MOST_QUOTED, MOST_REASON = 60, 200  # characters of what a message quotes, of data and of errors


def shortened(text: str, most: int = MOST_QUOTED) -> str:
    """The text; of a long one its start."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def quoted(text: str) -> str:
    """The text in quotation marks, as a message quotes what it found: on one line, and not much of it."""
    return repr(shortened(text))


def reason(error: Exception) -> str:
    """What an error of a library says, on one line and not much of it; what it is, if it says nothing."""
    return shortened(" ".join(str(error).split()), MOST_REASON) or type(error).__name__


def printable(text: str) -> str:
    """The text with what a terminal might obey as \\uXXXX, which is how JSON writes it, too. Lines stay lines."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def one_line(text: str) -> str:
    """The same on one line: a line end, which a name may have in it, as \\n."""
    return printable(text).replace("\n", r"\n")
