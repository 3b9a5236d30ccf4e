"""Filling data/raw/<name>/ from a folder that is brought, or from the public homes.

Files appear whole or not at all. SHA256SUMS is written last: a folder that has it was filled completely, and a second
fetch checks it and does nothing.
"""

import gzip
import hashlib
from pathlib import Path

from ldnet.errors import InputError
from ldnet.files import sha256_of_file
from pipeline.corpus.whole_files import require_space
from pipeline.fetch.bring import Say, copy_from, how_to_bring, lm_files, refuse_strays
from pipeline.fetch.download import DownloadError, download
from pipeline.fetch.placing import SUMS, digests, hashed, read_sums, write_sums
from pipeline.fetch.sources import Archive, DataSet, Member, PublicSource
from pipeline.fetch.unpack import UNPACK_ERRORS, unpack

DOWNLOADS = ".downloads"  # under the root; an archive put here by hand is used like a downloaded one


def fetch(data_set: DataSet, root: Path, brought: Path | None, say: Say) -> Path:
    """Fill root/<name>/ from the folder `brought`, or from the public homes, and return it; `say` gets a line per file.

    Raises InputError when files are missing, differ from their checksum, or cannot be downloaded or written.
    """
    folder = root / data_set.name
    try:
        if folder.is_dir():
            for leftover in folder.glob(".*.part"):
                leftover.unlink()
        if brought is not None:
            copy_from(data_set, brought, folder, say)
        elif not _is_there(data_set, folder, say):
            _download(data_set, folder, root / DOWNLOADS, say)
    except OSError as error:
        raise InputError(f"{error.filename or folder}: {error.strerror or error}") from None
    return folder


def _is_there(data_set: DataSet, folder: Path, say: Say) -> bool:
    """Whether the folder holds the whole data set, or what a user put there by hand (then without SHA256SUMS)."""
    missing = _missing(data_set, folder)
    sums = read_sums(folder / SUMS)
    if missing or (data_set.public and not sums):
        return False
    found = dict(digests(folder, sums))
    damaged = [target for target, digest in sums.items() if found.get(target) != digest]
    for target in damaged:
        say(f"{folder / target}: not as {SUMS} records it")
    if not damaged:
        checked = f"{len(sums)} files, sha256 ok" if sums else f"no {SUMS}, so contents were not checked"
        say(f"{folder}: everything is there ({checked}), nothing to do")
    return not damaged


def _missing(data_set: DataSet, folder: Path) -> list[str]:
    wanted = [slot.target for slot in data_set.slots if slot.required] + list(data_set.shards)
    missing = [target for target in wanted if not (folder / target).is_file()]
    return missing if data_set.shards or lm_files(folder) else [*missing, "lm/*.txt.gz"]


def _download(data_set: DataSet, folder: Path, downloads: Path, say: Say) -> None:
    if not data_set.public:
        raise InputError(how_to_bring(data_set, folder))
    targets = [member.target for source in data_set.public for member in source.members]
    refuse_strays(data_set, folder, targets)
    needed = [(source, members) for source in data_set.public if (members := _members_needed(source, folder))]
    sizes = [source.disk_bytes + _bytes_to_come(source, downloads) for source, _ in needed]
    require_space(folder, sum(sizes), f"fetching {data_set.name}")
    for source, members in needed:
        path = _first_home(source, downloads, say)
        for target, size in unpack(path, members, folder):
            say(f"{folder / target}  {size:,} bytes  from {path.name}, sha256 ok")
    write_sums(folder / SUMS, dict(digests(folder, targets)))
    say(f"{folder}: everything is there ({len(targets)} files); the archives in {downloads} may be deleted")


def _members_needed(source: PublicSource, folder: Path) -> list[Member]:
    """The members that are not there, or not as they should be."""
    sums = read_sums(folder / SUMS)
    return [member for member in source.members if not _is_good(member, folder / member.target, sums)]


def _is_good(member: Member, path: Path, sums: dict[str, str]) -> bool:
    if not path.is_file():
        return False
    if member.target in sums:
        return sha256_of_file(path) == sums[member.target]
    if member.sha256 is None:
        return True  # from an earlier, interrupted fetch: files are placed whole
    digest = hashlib.sha256()
    try:
        with gzip.open(path) if path.name.endswith(".gz") else path.open("rb") as file:
            for _ in hashed(file, digest, f"checking {path.name}"):
                pass
    except UNPACK_ERRORS:
        return False
    return digest.hexdigest() == member.sha256


def _bytes_to_come(source: PublicSource, downloads: Path) -> int:
    """What the largest home would still send, as far as its size is known."""
    return max(
        0 if (downloads / home.file).is_file() else (home.size or 0) - _part_bytes(home, downloads)
        for home in source.homes
    )


def _part_bytes(home: Archive, downloads: Path) -> int:
    part = downloads / f"{home.file}.part"
    return part.stat().st_size if part.is_file() else 0


def _first_home(source: PublicSource, downloads: Path, say: Say) -> Path:
    """The archive from the first home that can give it."""
    failures = []
    for home in sorted(source.homes, key=lambda home: not (downloads / home.file).is_file()):
        say(f"{home.file}  from {home.url}")
        try:
            return download(home, downloads)
        except DownloadError as error:
            say(f"{error}")
            failures.append(f"{error}")
    files = " or ".join(str(downloads / home.file) for home in source.homes)
    reasons = "\n  ".join(failures)
    raise InputError(f"no public home could give {files}; fetch again to resume, or put that file there:\n  {reasons}")
