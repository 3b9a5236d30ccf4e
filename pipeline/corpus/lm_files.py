"""Which files are text of the language models: those that are taken, under which names, and those that are left out."""

import re
from collections.abc import Collection, Iterable
from itertools import islice
from pathlib import Path

from ldnet.errors import InputError
from ldnet.text.foreign_formats import LINES, foreign_format, in_columns
from ldnet.text.lines import ENDINGS
from pipeline.text.bounded_lines import bounded_lines
from pipeline.text.stray_files import is_stray

LM_FOLDER = "lm"
# The One Billion Word benchmark calls its files news.en-00001-of-00100; a compressed file needs no other ending.
SHARD = re.compile(r".+-\d+-of-\d+")
EXPECTED = "*.txt, *-00001-of-00100 and compressed files (.gz, .bz2, .xz, .zst) are"
SHOWN = 10


def brought_as(path: str) -> str | None:
    """The name in lm/ under which a file, with its path inside of lm/, is brought; None for what is no LM text.

    All names end alike, in small letters, and none is in a folder of its own: so `lm/*.txt*` finds them all.
    """
    *folders, name = path.split("/")
    stem, dot, ending = name.rpartition(".")
    packed = f".{ending.lower()}" if dot and f".{ending.lower()}" in ENDINGS else ""
    stem = stem if packed else name
    if any(part.startswith(".") for part in (*folders, name)) or not stem:
        return None
    if stem.lower().endswith(".txt"):
        stem = stem[: -len(".txt")]
    elif not SHARD.fullmatch(stem) and (not packed or "." in stem):
        return None
    return f"{LM_FOLDER}/{'-'.join([*folders, stem])}.txt{packed}"


def lm_text(folder: Path) -> dict[str, Path]:
    """The LM text below folder/lm by the names under which it is brought. Raises InputError if two have the same."""
    found: dict[str, Path] = {}
    for path in sorted(path for path in (folder / LM_FOLDER).rglob("*") if path.is_file()):
        target = brought_as(path.relative_to(folder / LM_FOLDER).as_posix())
        if target is not None and target in found:
            raise InputError(f"{path}: would be brought as {target}, as {found[target]} would; rename one of them")
        if target is not None:
            found[target] = path
    return found


def left_out(folder: Path, taken: Iterable[Path]) -> list[Path]:
    """What is below a folder and not among the files taken, without hidden files.

    Folders are not named, but links to folders, which are not followed, and links to nothing are.
    """
    known = set(taken)
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(path for path in found if path not in known and not path.name.startswith("."))


def listed(paths: Collection[Path | str]) -> str:
    """The paths, or some of them and how many more there are."""
    rest = f" and {len(paths) - SHOWN:,} more" if len(paths) > SHOWN else ""
    return ", ".join(map(str, islice(paths, SHOWN))) + rest


def text_files(raw: Path, pattern: str) -> tuple[list[Path], list[Path]]:
    """The files of LM text that `pattern` finds in `raw`, sorted, and the files beside them that it leaves out.

    Raises InputError if there is none, and for files that are no text: JSON, CSV, or tagged columns.
    """
    paths, others = find_text(raw, pattern)
    for path in paths:
        check_text(path)
    return paths, others


def find_text(raw: Path, pattern: str) -> tuple[list[Path], list[Path]]:
    """The same files, without a look into them. Raises InputError if there is none."""
    folder = raw / Path(re.split(r"[*?[]", pattern)[0] + "x").parent
    found = sorted(path for path in raw.glob(pattern) if path.is_file())
    stray = [path for path in found if is_stray(path.relative_to(raw), pattern)]
    paths = [path for path in found if path not in stray]
    others = sorted({*stray, *(left_out(folder, paths) if folder != raw else [])})
    if not paths:
        beside = f"; found {listed(others)}" if others else ""
        expected = "expected one tokenised sentence a line, .txt or compressed"
        raise InputError(f"{raw / pattern}: no LM text found; {expected}{beside}")
    return paths, others


def check_text(path: Path) -> None:
    """Raise InputError if the file is no text: JSON, CSV, or tagged columns."""
    start = [line.decode("utf-8", errors="replace") for line in islice(bounded_lines(path), LINES)]
    found = foreign_format(start) or ("columns" if in_columns(start) else "")
    if found:
        raise InputError(f"{path}:1: {found}; expected text, one tokenised sentence a line")
