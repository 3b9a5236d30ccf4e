"""Copying a data set from a folder that the user brings, checked against the SHA256SUMS file of that folder."""

import hashlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from ldnet.errors import InputError
from ldnet.files import sha256_of_file
from ldnet.printable import HALF_CHARACTER, quoted
from pipeline.corpus.lm_files import LM_FOLDER, left_out, listed, lm_text
from pipeline.corpus.whole_files import require_space
from pipeline.fetch.placing import SUMS, digests, hashed, place, read_sums, write_sums
from pipeline.fetch.sources import DataSet

Say = Callable[[str], None]
NOWHERE = "a link to nothing"
LM_TEXT = "lm/*.txt.gz or lm/*.txt (text for the language model, one tokenised sentence a line)"
# A split in several files, each of which prepare_conll may name: train-1.txt, test_news.txt.gz.
PART_NAME = re.compile(r"(train|dev|test)[-_.].*\.txt(\.gz|\.bz2|\.xz|\.zst)?")
VECTOR_NAME = re.compile(
    r"(.*\.vec|.*(glove|vectors?|embeddings?|[0-9]d).*\.txt)(\.gz|\.bz2|\.xz|\.zst)?", re.IGNORECASE
)  # as published files of word vectors are called


def copy_from(data_set: DataSet, brought: Path, folder: Path, say: Say) -> None:
    """Copy what is not there yet, or not the same. Raises InputError naming missing files and wrong checksums."""
    plan = _plan(data_set, brought)
    if brought.resolve() == folder.resolve():  # nothing is renamed in place
        plan = {path.relative_to(brought).as_posix(): path for path in plan.values()}
    refuse_strays(data_set, folder, plan)
    wanted = _wanted(data_set, brought, plan)
    old = {target: digest for target, digest in digests(folder, plan) if _is_current(target, digest, plan, wanted)}
    new = {target: source for target, source in plan.items() if target not in old}
    require_space(folder, sum(source.stat().st_size for source in new.values()), "the copy")
    for target, source in new.items():
        old[target] = _copy_file(source, folder, target, wanted[target])
        checked = " and ".join(wanted[target]) or "not listed in any checksum file"
        renamed = "" if source.relative_to(brought).as_posix() == target else f" from {source}"
        say(f"{folder / target}{renamed}  {source.stat().st_size:,} bytes  sha256 {old[target]}  ok ({checked})")
    if old != read_sums(folder / SUMS):
        write_sums(folder / SUMS, old)
    if not new:
        say(f"{folder}: everything is there ({len(plan)} files, sha256 ok), nothing to do")


def _plan(data_set: DataSet, brought: Path) -> dict[str, Path]:
    """Which file of the brought folder becomes which target.

    Raises InputError listing all that are missing, and for a name that a checksum file cannot have.
    """
    plan: dict[str, Path] = {}
    missing: list[str] = []
    parts = parts_of_splits(brought) if data_set.own else []
    in_parts = {f"{re.split('[-_.]', path.name)[0]}.txt" for path in parts}
    for slot in data_set.slots:
        found = next((brought / entry for entry in slot.places if (brought / entry).is_file()), None)
        if found:
            plan[slot.target] = found
        elif slot.required and slot.target not in in_parts:
            similar = _similar(slot.target, brought, data_set.name) if data_set.own else ""
            links = [f"; {entry} is {NOWHERE}" for entry in slot.places if why_no_file(brought / entry) == NOWHERE]
            missing.append(" or ".join(str(brought / entry) for entry in slot.places) + "".join(links) + similar)
    known = {entry for slot in data_set.slots for entry in slot.places}
    if data_set.own:
        others = [*parts, *vectors_under_own_names(brought)]
        plan |= {path.name: path for path in others if path.name not in known}
    shards = {shard: brought / shard for shard in data_set.shards} or lm_text(brought)
    absent = [str(source) for source in shards.values() if not source.is_file()]
    if len(absent) > 10:
        absent = [f"{absent[0]} to {absent[-1]} ({len(absent)} files)"]
    if not shards:
        absent = [f"{brought}/{LM_TEXT}{_instead_of_text(brought)}"]
    if missing or absent:
        raise InputError(f"{brought}: files of {data_set.name} are missing:\n  " + "\n  ".join(missing + absent))
    # train.txt goes last: a folder without it is seen to be unfinished
    plan = shards | dict(reversed(plan.items()))
    if (odd := next((target for target in plan if not _can_be_listed(target)), None)) is not None:
        name = quoted(plan[odd].relative_to(brought).as_posix())
        raise InputError(f"{brought}: the name {name} has a line end in it, or is not UTF-8; rename the file")
    return plan


def why_no_file(path: Path) -> str:
    """What there is instead of a file; '' for a file, and where nothing is."""
    if path.is_symlink() and not path.exists():
        return NOWHERE
    if path.is_dir():
        return "a link to a folder, which is not followed" if path.is_symlink() else "a folder"
    return "no plain file" if path.exists() and not path.is_file() else ""


def _instead_of_text(brought: Path) -> str:
    """What there is in lm/, none of which is taken, or instead of it."""
    if why_no_file(brought / LM_FOLDER) == NOWHERE:
        return f"; {LM_FOLDER} is {NOWHERE}"
    reasons = {path: why_no_file(path) for path in left_out(brought / LM_FOLDER, ())}
    # Those with a reason come first, as not all are shown.
    others = [f"{path} ({why})" for path, why in reasons.items() if why]
    others += [str(path) for path, why in reasons.items() if not why]
    return f"; not taken: {listed(others)}" if others else _similar(LM_FOLDER, brought)


def _similar(wanted: str, brought: Path, *inside: str) -> str:
    """What is there under nearly the name that is wanted: train.txt.gz or Train.conll for train.txt, LM for lm."""
    stem = wanted.partition(".")[0]
    folders = [folder for folder in (brought, *(brought / name for name in inside)) if folder.is_dir()]
    there = sorted(path for folder in folders for path in folder.iterdir() if path.name != wanted)
    found = [path for path in there if path.name.partition(".")[0].lower() == stem]
    return f"; found {listed(found)} (rename it if it is meant)" if found else ""


def _can_be_listed(name: str) -> bool:
    """Whether a checksum file can have the name."""
    return name.splitlines() == [name] and not HALF_CHARACTER.search(name)


def parts_of_splits(brought: Path) -> list[Path]:
    """Files in the folder that are parts of a split by their names."""
    return sorted(path for path in brought.iterdir() if path.is_file() and PART_NAME.fullmatch(path.name))


def vectors_under_own_names(brought: Path) -> list[Path]:
    """Files in the folder that are called as published word vectors are."""
    return sorted(path for path in brought.iterdir() if path.is_file() and VECTOR_NAME.fullmatch(path.name))


def not_taken(data_set: DataSet, brought: Path) -> list[Path]:
    """The files directly in the folder, and all in its lm/, that are not brought, but for checksums and hidden ones.

    Links to nothing are named under all names, and links to folders where files are looked for and in lm/.

    Raises InputError as `copy_from` does.
    """
    taken = {*_plan(data_set, brought).values(), brought / SUMS}
    known = {entry for slot in data_set.slots for entry in slot.places}
    here = {path for path in brought.iterdir() if path.is_file() and path.name not in known and path not in taken}
    here |= {path for path in brought.iterdir() if why_no_file(path) == NOWHERE}
    here |= {path for entry in known if (path := brought / entry).is_symlink() and why_no_file(path)}
    return sorted(path for path in here if not path.name.startswith(".")) + left_out(brought / LM_FOLDER, taken)


def refuse_strays(data_set: DataSet, folder: Path, targets: Iterable[str]) -> None:
    """All of lm/ is read as one corpus: raise InputError if text of another origin would be mixed in unnoticed."""
    if strays := sorted(set(lm_files(folder)) - set(targets)):
        lines = "\n  ".join(str(folder / stray) for stray in strays)
        accept = "" if data_set.shards else f" (or give FROM={folder} to take the folder as it is)"
        raise InputError(
            f"{folder}: holds LM text that is not part of what is fetched; move it away{accept}:\n  {lines}"
        )


def _wanted(data_set: DataSet, brought: Path, plan: dict[str, Path]) -> dict[str, dict[str, str]]:
    """For each target, the checksums it must have, by who says so."""
    sums = read_sums(brought / SUMS)
    wanted: dict[str, dict[str, str]] = {target: {} for target in plan}
    for target, source in plan.items():
        if digest := sums.get(source.relative_to(brought).as_posix()):
            wanted[target][str(brought / SUMS)] = digest
    for slot in data_set.slots:
        if slot.sha256 and slot.target in plan:
            wanted[slot.target][f"as {data_set.name} is published"] = slot.sha256
    return wanted


def _is_current(target: str, digest: str, plan: dict[str, Path], wanted: dict[str, dict[str, str]]) -> bool:
    return set(wanted[target].values() or [sha256_of_file(plan[target])]) == {digest}


def _copy_file(source: Path, folder: Path, target: str, wanted: dict[str, str]) -> str:
    digest = hashlib.sha256()

    def check(copy: Path) -> None:
        for origin, expected in wanted.items():
            if digest.hexdigest() != expected:
                raise InputError(f"{source}: sha256 is {digest.hexdigest()}, expected {expected} ({origin})")
        if sha256_of_file(copy) != digest.hexdigest():
            raise InputError(f"{copy}: the copy differs from {source}; is the disk in order?")

    with source.open("rb") as file:
        place(folder, target, hashed(file, digest, f"copying {target}"), check)
    return digest.hexdigest()


def lm_files(folder: Path) -> list[str]:
    """The LM text files of a folder, as paths inside it."""
    return sorted(path.relative_to(folder).as_posix() for path in lm_text(folder).values())


def how_to_bring(data_set: DataSet, folder: Path) -> str:
    """What to say when a data set has no public home: why, and which files are expected where."""
    lines = [f"{slot.target}{'' if slot.required else ' (if there is one)'}" for slot in data_set.slots]
    lines.append(LM_TEXT)
    return (
        f"{data_set.why_brought}. Bring it: `make data NAME={data_set.name} FROM=<folder>`, "
        f"or put these files into {folder} yourself:\n  " + "\n  ".join(lines)
    )
