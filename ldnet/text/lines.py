"""The lines of text files, whatever compresses them and whichever line ends they have.

A file's first bytes say how it is compressed, not its name: a gzip file is often called train.txt. The first line end
of a file is that of all its lines: a newline, which a carriage return may precede, or, in old exports, a carriage
return alone.
"""

import bz2
import gzip
import importlib
import lzma
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, BinaryIO

from ldnet.errors import InputError

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MARKS = re.compile(rb"\A(?:\xef\xbb\xbf)+(?![ \t])")
MARKS_AT_START = re.compile(rb"\A(?:\xef\xbb\xbf)+")  # of a file, where a mark is no word
BLOCK_BYTES = 1 << 20
CERTAIN_BYTES = 1 << 16  # without a newline, but with carriage returns, so that these end the lines
WIDE_BYTES = 4096  # from the first NUL on, that are looked at
FEWEST_NULS, NULS = 4, 0.05  # so many, and such a share of the bytes: blanks and line ends of UTF-16 have them
MAGIC = {"gzip": b"\x1f\x8b", "bzip2": b"BZh", "xz": b"\xfd7zXZ\x00", "zstd": b"\x28\xb5\x2f\xfd"}
NOT_READ = {
    "zip": b"PK\x03\x04",
    "7z": b"7z\xbc\xaf\x27\x1c",
    "lz4": b"\x04\x22\x4d\x18",
    "lzma": b"\x5d\x00\x00",
    "compress": b"\x1f\x9d",
    "rar": b"Rar!\x1a\x07",
}
ZSTD_FRAME_TO_SKIP = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")  # some tools begin with one
BINARY: dict[str, bytes | tuple[bytes, ...]] = {
    "a Parquet table": b"PAR1\x15",  # which begins its first page; PAR1 alone is a word, the name of a gene
    "an Arrow table": b"ARROW1\0\0",
    "a NumPy array": b"\x93NUMPY",
    "a pickle of Python": (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"),
    "HDF5": b"\x89HDF\r\n",
    "a file of Word or Excel": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "an SQLite database": b"SQLite format 3\0",
    "a PDF": b"%PDF-",
    "PostScript": b"%!PS",
}
TAR_MARK = slice(257, 262)  # NUL bytes fill up what comes before it
ENDINGS = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}
BZIP2_BLOCKS = (b"1AY&SY", b"\x17rE8P\x90")  # one follows, of content or none: text, too, may begin with BZh
UNREADABLE = (OSError, EOFError, zlib.error)
A_SENTENCE = "expected a sentence a line"
SAME_ENDS = r"give all lines the same end: perl -pe 's/\r*\n|\r/\n/g'"  # lines may end with \r\n as well


class FirstLine(bytes):
    """A line that a byte order mark was before: with it a file starts, of several that were put together."""


def compression_of(start: bytes) -> str:
    """What compresses a file that starts with these bytes (ten are enough), as gzip or zip; '' for nothing."""
    for name, magic in (MAGIC | NOT_READ).items():
        if start.startswith(magic) and (name != "bzip2" or start[4:10] in BZIP2_BLOCKS):
            return name
    return "zstd" if ZSTD_FRAME_TO_SKIP.match(start) else ""


def compression(path: Path) -> str:
    """What compresses a file, by its first bytes; '' for nothing. Raises InputError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return compression_of(file.read(10))
    except FileNotFoundError:
        advice = "put raw data there with `make data NAME=<name> FROM=<folder>`; `dvc repro` writes all else"
        raise InputError(f"{path}: no such file; {advice}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error}") from None


def read_lines(
    path: Path, most_bytes: int | None = None, expected: str = A_SENTENCE, mark_is_word: bool = False
) -> Iterator[bytes]:
    """The lines of a file, plain or compressed, without their line ends and the byte order marks before them.

    A byte order mark starts a file, and each of several files that were put together. With `mark_is_word`, one before a
    blank is a word even where the file starts: the project's own files have no other. Raises InputError if it is
    missing, unreadable or damaged, an archive, or not compressed although its name says so, and for a line of more than
    `most_bytes`, if that is given; then the error says what was `expected`.
    """
    kind = compression(path)
    promised = ENDINGS.get(path.suffix.lower(), kind)
    if promised != kind and path.stat().st_size:
        raise InputError(f"{path}: cannot be read: its name says {promised}, but it is {kind or 'not compressed'}")
    if kind in NOT_READ:
        raise InputError(f"{path}: is packed ({kind}); unpack it, and give the text file that is in it")
    try:
        with path.open("rb") as raw, _opened(kind, raw, path) as file:
            lines = split_lines(_blocks(file, path), str(path), most_bytes, expected, mark_is_word)
            yield from (line for line in lines if line is not None)
    except UNREADABLE as error:
        raise InputError(f"{path}: cannot be read: {error}") from None


def _opened(kind: str, raw: BinaryIO, path: Path) -> Any:
    """The content of an open file, unpacked while it is read."""
    readers: dict[str, Callable[[BinaryIO], Any]] = {
        "": lambda file: file,
        "gzip": lambda file: gzip.GzipFile(fileobj=file),
        "bzip2": lambda file: nullcontext(_Streams(file, bz2.BZ2Decompressor)),
        "xz": lambda file: nullcontext(_Streams(file, lzma.LZMADecompressor, lzma.LZMAError)),
        "zstd": lambda file: _zstd(file, path),
    }
    return readers[kind](raw)


class _Streams:
    """The content of compressed streams, one after the other, with padding of zeros between them.

    Python's own readers take padding, and damage, for the end of the file.
    """

    def __init__(self, file: BinaryIO, decompressor: Callable[[], Any], damage: type[Exception] = OSError):
        """`damage` is what the decompressor raises for it."""
        self.file, self.decompressor, self.damage = file, decompressor, damage
        self.stream: Any = None  # none before the first, and between two
        self.compressed = b""

    def read(self, size: int) -> bytes:
        """At most so many bytes; none at the end. Raises EOFError or OSError for damage."""
        while True:
            if not self.compressed and (self.stream is None or self.stream.needs_input):
                self.compressed = self.file.read(BLOCK_BYTES)
                if not self.compressed and self.stream is None:
                    return b""
                if not self.compressed:
                    raise EOFError("it ends before its compressed data does")
            if self.stream is None:
                self.compressed = self.compressed.lstrip(b"\0")
                self.stream = self.decompressor() if self.compressed else None
                continue
            try:
                block: bytes = self.stream.decompress(self.compressed, size)
            except self.damage as error:
                raise OSError(str(error)) from None
            self.compressed = b""
            if self.stream.eof:
                self.stream, self.compressed = None, self.stream.unused_data
            if block:
                return block


def _zstd(file: BinaryIO, path: Path) -> Any:
    """Python reads zstd from 3.14 on; PyArrow, which the pipeline needs anyway, always does."""
    try:
        zstd = importlib.import_module("compression.zstd")
        return nullcontext(_Streams(file, zstd.ZstdDecompressor, zstd.ZstdError))
    except ImportError:
        pass
    try:
        return importlib.import_module("pyarrow").CompressedInputStream(file, "zstd")
    except ImportError:
        raise InputError(f"{path}: zstd is read with Python 3.14, or with pyarrow; unpack it: zstd -d") from None


def _blocks(file: Any, path: Path) -> Iterator[bytes]:
    first = True
    while block := file.read(BLOCK_BYTES):
        if first and (inner := compression_of(block)):
            raise InputError(f"{path}: what is compressed in it is compressed again ({inner}); unpack it")
        first = False
        yield block


def split_lines(
    blocks: Iterable[bytes | None],
    name: str,
    most_bytes: int | None = None,
    expected: str = A_SENTENCE,
    mark_is_word: bool = False,
) -> Iterator[bytes | None]:
    """The lines of a stream of blocks, without line ends and the byte order marks before them; a None is passed on.

    `mark_is_word` is that of `read_lines`.

    Raises InputError naming the line if lines end with carriage returns up to there, and with newlines from there on,
    or if it has more than `most_bytes`, where it says what was `expected`, and for tar archives, text in UTF-16 or
    UTF-32 and other binary files.
    """
    end = b""  # not known yet
    rest: list[bytes] = []  # parts of the line that is not ended yet
    number = size = kept = 0
    returns = False  # a newline may still come after a carriage return, so only long evidence makes it the line end
    for block in blocks:
        if block is None:
            yield None
            continue
        if not size:
            _refuse_binary(block, name)
        _refuse_wide(block, name, number)
        if not end:
            size += len(block)
            lone = returns or b"\r" in block.rstrip(b"\r")
            returns = returns or b"\r" in block
            end = b"\n" if b"\n" in block else b"\r" if lone and size >= CERTAIN_BYTES else b""
            if end:
                block, rest = b"".join([*rest, block]), []
        if end == b"\r" and b"\n" in block:
            line = number + block[: block.index(b"\n")].count(b"\r") + 1
            raise InputError(
                f"{name}:{line}: ends with a newline, but the lines before it with carriage returns; {SAME_ENDS}"
            )
        if not end or end not in block:
            rest.append(block)
            kept += len(block)
            if most_bytes and kept > most_bytes:
                raise _too_long(name, number + 1, most_bytes, expected)
            continue
        first, *lines, last = block.split(end)
        yield from _bounded((b"".join([*rest, first]), *lines), name, number, most_bytes, expected, mark_is_word)
        number += 1 + len(lines)
        rest, kept = [last], len(last)
    if last_lines := b"".join(rest):
        ended = last_lines.removesuffix(b"\r")
        yield from _bounded([ended] if end else ended.split(b"\r"), name, number, most_bytes, expected, mark_is_word)


def _bounded(
    lines: Iterable[bytes], name: str, before: int, most_bytes: int | None, expected: str, mark_is_word: bool
) -> Iterator[bytes]:
    """The bare lines, of which the first has the number `before` + 1."""
    for number, whole in enumerate(lines, before + 1):
        line = _bare(whole, MARKS if number > 1 or mark_is_word else MARKS_AT_START)
        if most_bytes and len(line) > most_bytes:
            raise _too_long(name, number, most_bytes, expected)
        yield line


def _too_long(name: str, number: int, most_bytes: int, expected: str) -> InputError:
    return InputError(f"{name}:{number}: a line of more than {most_bytes:,} bytes; {expected}")


def _refuse_binary(start: bytes, name: str) -> None:
    if start[TAR_MARK] == b"ustar" and 0 in start[: TAR_MARK.start]:
        raise InputError(f"{name}: is a tar archive; unpack it, and give the text file that is in it")
    if kind := next((kind for kind, magic in BINARY.items() if start.startswith(magic)), ""):
        raise InputError(f"{name}: is {kind}, not text; export what is in it as text")


def _refuse_wide(block: bytes, name: str, before: int) -> None:
    """Raise InputError for text in UTF-16 or UTF-32, with the line where it begins; `before` the block are so many."""
    if 0 not in block:
        return
    first = _first_wide(block)
    if _has_wide_characters(block[first : first + WIDE_BYTES]):
        line = before + len(block[: first + 1].splitlines())
        raise InputError(f"{name}:{line}: not UTF-8 (NUL bytes as in UTF-16 and UTF-32); convert the file to UTF-8")


def _first_wide(block: bytes) -> int:
    """Where the first NUL is, or the first byte before it that is not UTF-8, as in a byte order mark of UTF-16."""
    first = block.index(0)
    try:
        block[:first].decode()
    except UnicodeDecodeError as error:
        return error.start
    return first


def _has_wide_characters(start: bytes) -> bool:
    """Whether text that starts so has two or four bytes a character: many are NUL, but none in one place of four.

    Much of such text is UTF-8 as well, byte by byte.
    """
    many = start.count(0) >= max(FEWEST_NULS, NULS * len(start))
    return many and any(0 not in start[place::4] for place in range(4))


def _bare(line: bytes, marks: re.Pattern[bytes]) -> bytes:
    """The line without carriage returns at its end, and without the byte order marks that start files.

    There are several where empty files were put before another one. Where a mark is a word of its own, which `marks`
    leave where it is, what separates words follows it.
    """
    line = line.rstrip(b"\r\n")
    if not line.startswith(BYTE_ORDER_MARK):
        return line
    bare = marks.sub(b"", line)
    return bare if bare in (b"", line) else FirstLine(bare)


def decode(line: bytes, path: Path, number: int) -> str:
    """UTF-8 text. Raises InputError naming the file, the line and the byte."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"byte 0x{line[error.start]:02x} at position {error.start + 1}"
        raise InputError(f"{path}:{number}: not UTF-8 ({found}); convert the file to UTF-8") from None
