"""Putting files into a data folder whole and checked, and the SHA256SUMS file that says what was put there."""

import errno
import hashlib
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

from tqdm import tqdm

from ldnet.errors import InputError
from ldnet.files import sha256_of_file, write_bytes
from ldnet.printable import printable, quoted

SUMS = "SHA256SUMS"
BLOCK = 1 << 20  # bytes
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # only writing ends so: no space, no quota, a file too large


class Readable(Protocol):
    """What is read in blocks of bytes: files, and members of archives."""

    def read(self, size: int, /) -> bytes: ...


def hashed(file: Readable, digest: "hashlib._Hash", label: str) -> Iterator[bytes]:
    """The file's blocks, on their way through the digest and past a progress bar."""
    with tqdm(desc=printable(label), unit="B", unit_scale=True, leave=False, disable=None) as bar:
        while block := file.read(BLOCK):
            digest.update(block)
            bar.update(len(block))
            yield block


def gzipped(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Gzip with no name and no time in the header: the same content gives the same bytes."""
    compressor = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    for block in blocks:
        yield compressor.compress(block)
    yield compressor.flush()


def place(folder: Path, target: str, blocks: Iterable[bytes], check: Callable[[Path], None]) -> None:
    """Write folder/target whole: by way of a temporary file outside lm/ (all in there is read), checked first.

    An OSError of a full disk names the target. Those of `blocks` stay as they are.
    """
    path = folder / target
    temporary = folder / f".{target.replace('/', '-')}.part"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with temporary.open("wb") as file:
            file.writelines(blocks)
            file.flush()
            os.fsync(file.fileno())
        check(temporary)
        temporary.replace(path)
    except OSError as error:
        if error.errno in FULL:
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise
    finally:
        temporary.unlink(missing_ok=True)


def read_sums(path: Path) -> dict[str, str]:
    """Read sha256sum's format, as file name -> digest; no file gives {}. Raises InputError naming a line not in it."""
    sums: dict[str, str] = {}
    if not path.is_file():
        return sums
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        found = re.fullmatch(r"([0-9a-fA-F]{64})[ ][ *](?:\./)?(.+)", line)
        if line.strip() and not found:
            raise InputError(f"{path}:{number}: expected '<sha256>  <file>', found {quoted(line)}")
        if found:
            sums[found[2]] = found[1].lower()
    return sums


def write_sums(path: Path, sums: dict[str, str]) -> None:
    """Write sha256sum's format, sorted by file name."""
    write_bytes(path, "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())).encode())


def digests(folder: Path, targets: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The SHA-256 of those targets that are there."""
    for target in tqdm(sorted(targets), desc="checking", disable=None):
        if (folder / target).is_file():
            yield target, sha256_of_file(folder / target)
