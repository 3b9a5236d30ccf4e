"""Lines of data with a bound: a packed file of megabytes may hold one line of gigabytes."""

from collections.abc import Iterator
from pathlib import Path

from ldnet.limits import MOST_LINE_BYTES
from ldnet.text.lines import A_SENTENCE, read_lines

OF_TEXT = f"{A_SENTENCE}; cut the text into sentences"


def bounded_lines(path: Path, expected: str = OF_TEXT) -> Iterator[bytes]:
    """The lines of a file, as `read_lines` reads them.

    Raises InputError naming file, line and what was `expected` there for a line of more than MOST_LINE_BYTES, before
    all of it is in memory, and whatever else `read_lines` raises.
    """
    return read_lines(path, MOST_LINE_BYTES, expected)
