"""What is fuzzed: classes of input, cases of them, and the verdict on a case.

A class of input names its files, each with a content that is fine. A case is one of these files with another content.
The class reads it as the product does, and looks whether what comes out is right. What may come out is the right result
or a refusal: an InputError of one line that says where. All else is a finding: another error, a wrong result, a hang.
"""

import atexit
import faulthandler
import re
import shutil
import signal
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from hypothesis import strategies as st

from ldnet.errors import InputError

SECONDS = 60  # that a case may take; the slowest take a tenth of one on an idle machine
SHOWN = 500  # bytes of a content
LONGEST = 600  # characters of a refusal, besides the paths in it
NAMED_KEY = re.compile(r"\b[a-z_]+\.[a-z_]+: ")  # of params.yaml
Verdict = Literal["ok", "refused"]


class Finding(AssertionError):  # noqa: N818  # what is looked for
    """What came of a case is neither right nor a refusal."""


@dataclass(frozen=True)
class Case:
    """The file with this content; `expected` is what reading it must give, if that is known."""

    file: str
    content: bytes
    expected: Any = None

    def __repr__(self) -> str:
        """Short: hypothesis makes one of each case."""
        return f"Case({self.file!r}, {self.content[:SHOWN]!r}, {len(self.content)} bytes)"


@dataclass(frozen=True, kw_only=True)
class InputClass:
    """One class of input. `read` reads a case in a folder that is its own, and raises InputError, or an AssertionError
    for a wrong result. `cases` makes cases; `paths` says whether refusals name a file."""

    name: str
    starts: Callable[[], Mapping[str, bytes]]
    cases: Callable[[], st.SearchStrategy[Case]]
    read: Callable[[Case, Path], object]
    paths: bool = True

    @property
    def slug(self) -> str:
        """The name as that of a folder."""
        return re.sub(r"\W+", "-", self.name)

    def judge(self, case: Case) -> Verdict:
        """What came of a case. Raises Finding."""
        folder = scratch(self.slug)
        try:
            with time_limit(SECONDS):
                self.read(case, folder)
        except InputError as error:
            check_refusal(str(error), str(folder) if self.paths else "")
            return "refused"
        except TimedOutError:
            raise Finding(f"{self.name}, {case.file}: not done after {SECONDS} s") from None
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            raise Finding(f"{self.name}, {case.file}: {type(error).__name__} in {where}: {error}") from error
        return "ok"


def check_refusal(message: str, folder: str) -> None:
    """Raise AssertionError unless a refusal is one short line that names a file in the folder, or a parameter."""
    short = message.replace(folder, "") if folder else message
    if "\n" in message or len(short) > LONGEST:
        raise Finding(f"a refusal of {message.count(chr(10)) + 1} lines, {len(short)} characters: {short[:900]!r}")
    if not (folder in message or NAMED_KEY.search(message)):
        raise Finding(f"a refusal that names no file: {short!r}")


class TimedOutError(BaseException):
    """Not an Exception, so that nobody on the way takes it for one of theirs."""


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Raise TimedOutError in what takes longer; end the process where that is no use, since no Python code runs."""

    def stop(number: int, frame: object) -> None:
        raise TimedOutError

    usual = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    faulthandler.dump_traceback_later(5 * seconds, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.alarm(0)
        signal.signal(signal.SIGALRM, usual)


@cache
def scratch(name: str) -> Path:
    """A folder for one class of input, which goes when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@contextmanager
def put(folder: Path, case: Case, start: bytes) -> Iterator[Path]:
    """The file of a case in the place of the one that is fine."""
    path = folder / case.file
    path.write_bytes(case.content)
    try:
        yield path
    finally:
        path.write_bytes(start)
