"""Lines of data with a bound: a packed file of megabytes may hold one line of gigabytes."""

from collections.abc import Iterator
from pathlib import Path

from ldnet.errors import InputError
from ldnet.limits import MOST_LINE_BYTES
from ldnet.text.lines import read_lines

EXPECTED = "expected a sentence a line"  # what read_lines says of a line that is too long
OF_TEXT = f"{EXPECTED}; cut the text into sentences"


def bounded_lines(path: Path, expected: str = OF_TEXT) -> Iterator[bytes]:
    """The lines of a file, as `read_lines` reads them.

    Raises InputError naming file, line and what was `expected` there for a line of more than MOST_LINE_BYTES, before
    all of it is in memory, and whatever else `read_lines` raises.
    """
    try:
        yield from read_lines(path, MOST_LINE_BYTES)
    except InputError as error:
        raise InputError(str(error).replace(EXPECTED, expected)) from None
