"""Taking the expected files, and nothing else, out of a downloaded archive."""

import gzip
import hashlib
import tarfile
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

from ldnet.errors import InputError
from pipeline.fetch.placing import Readable, gzipped, hashed, place
from pipeline.fetch.sources import Member

UNPACK_ERRORS = (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error)


def unpack(archive: Path, members: list[Member], folder: Path) -> Iterator[tuple[str, int]]:
    """Place the members (and nothing else) from a .zip, a .tar.gz, a .gz or a plain file; yields targets and sizes."""
    left = {member.name: member for member in members}
    try:
        with closing(_open_members(archive, set(left))) as files:
            for name, file in files:
                member = left.pop(name)
                yield member.target, _place_member(archive, member, file, folder)
    except UNPACK_ERRORS as error:
        raise InputError(f"{archive}: cannot be unpacked: {error}") from None
    if left:
        raise InputError(f"{archive}: has no file {min(left)}")


def _open_members(archive: Path, names: set[str]) -> Generator[tuple[str, Readable], None, None]:
    """The archive's regular files of exactly these names, each once, opened for reading."""
    if archive.name.endswith(".zip"):
        with zipfile.ZipFile(archive) as whole:
            for name in sorted(names & set(whole.namelist())):
                with whole.open(name) as file:
                    yield name, file
    elif archive.name.endswith(".tar.gz"):
        with tarfile.open(archive, "r|gz") as stream:
            for entry in stream:
                if entry.isfile() and entry.name in names and (extracted := stream.extractfile(entry)):
                    names.remove(entry.name)
                    yield entry.name, extracted
                if not names:
                    break
    else:
        with gzip.open(archive) if archive.name.endswith(".gz") else archive.open("rb") as single:
            yield "", single


def _place_member(archive: Path, member: Member, file: Readable, folder: Path) -> int:
    digest = hashlib.sha256()

    def check(_: Path) -> None:
        if member.sha256 not in (None, digest.hexdigest()):
            raise InputError(
                f"{archive}: {member.name or 'its content'} has sha256 {digest.hexdigest()}, expected {member.sha256}"
            )

    blocks = hashed(file, digest, f"unpacking {member.target}")
    place(folder, member.target, gzipped(blocks) if member.target.endswith(".gz") else blocks, check)
    return (folder / member.target).stat().st_size
