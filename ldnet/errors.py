"""The exceptions that mean: the user gave us something we cannot use."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ANY_STAGE = "that writes it"


class InputError(ValueError):
    """Bad input. The message names the file (and line), what was found and what was expected."""


class StageFileError(InputError):
    """A file that a stage writes is missing or damaged: the problem, which is kept, and then what to do about it."""

    def __init__(self, problem: str, advice: str):
        super().__init__(f"{problem}; {advice}")
        self.problem = problem


class TooLargeError(InputError):
    """A file that would be too large to be read again, and so is not written. Who knows what to lower may add it."""


@contextmanager
def naming(file: Path) -> Iterator[None]:
    """Put the name of the file before the message of an InputError about what is in it."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{file}: {error}") from None


@contextmanager
def written_by(stage: str) -> Iterator[None]:
    """Errors about files that are read in here say which stage to run again, if they do not say so anyway."""
    advice = f"run the stage {stage} again"
    try:
        yield
    except StageFileError:
        raise
    except InputError as error:
        raise StageFileError(str(error), advice) from None
    except OSError as error:  # a folder in the file's place, or none
        if error.filename is None:
            raise
        raise StageFileError(f"{error.filename}: expected a file, found none ({error.strerror})", advice) from None
