"""The exceptions that mean: the user gave us something we cannot use."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class InputError(ValueError):
    """Bad input. The message names the file (and line), what was found and what was expected."""


class TooLargeError(InputError):
    """A file that would be too large to be read again, and so is not written. Who knows what to lower may add it."""


@contextmanager
def naming(file: Path) -> Iterator[None]:
    """Put the name of the file before the message of an InputError about what is in it."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{file}: {error}") from None
