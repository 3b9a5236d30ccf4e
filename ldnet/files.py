"""Files that are either whole or absent, with bytes that depend on the content alone; JSON read with checks."""

import hashlib
import json
import math
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from ldnet.errors import InputError, StageFileError, TooLargeError
from ldnet.limits import MOST_JSON_BYTES
from ldnet.printable import HALF_CHARACTER, quoted

NEWLINE = b"\n"
MOST_DIGITS = 308  # of a whole number: a larger one is beyond what a floating-point number can hold


def write_bytes(path: Path, content: bytes) -> None:
    """Write what is in memory as `written_whole` writes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as file:
        file.write(content)


@contextmanager
def written_whole(path: Path, unfinished: str = "") -> Iterator[BinaryIO]:
    """A temporary sibling to write to, renamed to `path` at the end, so that a kill leaves the old file or the new one.

    The sibling is called `unfinished`; left out, as the file with .part at the end. Two who write the same file at the
    same time need names of their own. An error leaves no sibling behind. An OSError, of a full disk for one, names the
    file.
    """
    temporary = path.with_name(unfinished or f"{path.name}.part")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror or str(error), str(path)) from None
        raise


def write_json(path: Path, content: Any, *, read_again: bool = True) -> None:
    """Write indented JSON with sorted keys and a newline at the end.

    Raises InputError for NaN, infinity and half characters, and TooLargeError for what `read_json` would refuse, if it
    is `read_again`.
    """
    try:
        text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise InputError(f"{path}: not written, since a number in it is not finite: {error}") from None
    if half := HALF_CHARACTER.search(text):
        raise InputError(f"{path}: not written: {quoted(half[0])} is half a character, which no file can hold")
    encoded = f"{text}\n".encode()
    if read_again and len(encoded) > MOST_JSON_BYTES:
        raise TooLargeError(
            f"{path}: not written: {len(encoded):,} bytes; a JSON file may have at most {MOST_JSON_BYTES:,}"
        )
    write_bytes(path, encoded)


def not_utf8(error: UnicodeDecodeError, name: str) -> InputError:
    """What is wrong with a file that was decoded at once, with the line and the byte in it."""
    before = error.object[: error.start]
    found = f"byte 0x{error.object[error.start]:02x} at position {len(before) - before.rfind(NEWLINE)}"
    return InputError(f"{name}:{before.count(NEWLINE) + 1}: not UTF-8 ({found}); convert the file to UTF-8")


def read_json(path: Path) -> Any:
    """Read a JSON file. Raises InputError if it is missing, no file, too large, not UTF-8, or not JSON, as is NaN."""
    try:
        found = path.stat()
        if found.st_size > MOST_JSON_BYTES:
            raise InputError(f"{path}: {found.st_size:,} bytes; a JSON file may have at most {MOST_JSON_BYTES:,}")
        if not stat.S_ISREG(found.st_mode):
            raise InputError(f"{path}: {kind_of(found)}; expected a JSON file")
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse, parse_int=_whole)
    except FileNotFoundError:
        raise StageFileError(f"{path}: no such file", "run the stage that writes it (`dvc repro`)") from None
    except json.JSONDecodeError as error:
        raise InputError(f"{path}:{error.lineno}: not JSON: {error.msg}") from None
    except UnicodeDecodeError as error:
        raise not_utf8(error, str(path)) from None
    except InputError:
        raise
    except (ValueError, RecursionError) as error:  # a number too long, thousands of brackets
        raise InputError(f"{path}: not JSON: {error}") from None


def kind_of(found: os.stat_result) -> str:
    """What is there in the place of a file."""
    kinds = {stat.S_IFDIR: "is a folder", stat.S_IFIFO: "is a named pipe", stat.S_IFSOCK: "is a socket"}
    return kinds.get(stat.S_IFMT(found.st_mode), "is a device")


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError(f"a number of {len(text):,} digits")
    return int(text)


class JsonObject:
    """A JSON object of a file, whose values are looked at key by key; keys that nobody asks for are ignored.

    A value of the wrong kind, or a missing one without a default, raises an InputError that names the file, the key and
    what was expected there.
    """

    def __init__(self, path: Path, content: Any, place: str = ""):
        """`place` is the key of the object in the file; left out, the object is all of the file."""
        self.path, self.place = path, place
        if not isinstance(content, dict):
            where = f"{path}: {place}" if place else f"{path}"
            raise InputError(f"{where}: expected an object with keys, found {_shown(content)}")
        self.content: Mapping[str, Any] = content

    @classmethod
    def read(cls, path: Path) -> "JsonObject":
        """The object that is all of the file. Raises InputError."""
        return cls(path, read_json(path))

    def whole(self, key: str, least: int = 0, below: int | None = None) -> int:
        """A whole number from `least` up to, but not including, `below`."""
        value = self.content.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or value < least or (below and value >= below):
            wanted = f"from {least} to {below - 1}" if below else f"of at least {least}"
            raise self.error(key, f"a whole number {wanted}")
        return value

    def number(
        self, key: str, least: float = -math.inf, below: float = math.inf, default: float | None = None
    ) -> float:
        """A number from `least` up to, but not including, `below`."""
        value = self.content.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < below:
            wanted = " that is finite" if below == math.inf else f" from {least:g} to below {below:g}"
            raise self.error(key, f"a number{wanted}")
        return float(value)

    def wholes(self, key: str) -> list[int]:
        """A list of whole numbers."""
        value = self.content.get(key)
        if not isinstance(value, list) or not all(type(item) is int for item in value):
            raise self.error(key, "a list of whole numbers")
        return list(value)

    def numbers(self, key: str, count: int, least: float, most: float) -> list[float]:
        """So many numbers within these bounds."""
        value = self.content.get(key)
        fits = isinstance(value, list) and len(value) == count
        if not fits or not all(type(item) in (int, float) and least <= item <= most for item in value or ()):
            raise self.error(key, f"{count} numbers from {least:g} to {most:g}")
        return list(map(float, value or ()))

    def truth(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self.content.get(key, default)
        if not isinstance(value, bool):
            raise self.error(key, "true or false")
        return value

    def texts(self, key: str) -> list[str]:
        """A list of texts."""
        value = self.content.get(key)
        if value is None or not is_texts(value):
            raise self.error(key, "a list of texts")
        return list(value)

    def part(self, key: str, default: Any = None) -> "JsonObject":
        """An object in this one."""
        if not isinstance(value := self.content.get(key, default), dict):
            raise self.error(key, "an object with keys")
        return JsonObject(self.path, value, self._name(key))

    def error(self, key: str, expected: str) -> InputError:
        """What to raise about the key's value."""
        found = _shown(self.content[key]) if key in self.content else "nothing"
        return InputError(f"{self.path}: {self._name(key)}: expected {expected}, found {found}")

    def _name(self, key: str) -> str:
        return f"{self.place}.{key}" if self.place else key


def is_texts(value: Any) -> bool:
    """Whether the value is a list of texts."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _shown(value: Any) -> str:
    """The value on one line of bounded length."""
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 60 else f"{text[:57]}..."


def sha256_of_file(path: Path) -> str:
    """SHA-256 of the content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
