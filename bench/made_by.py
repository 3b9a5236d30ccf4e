"""What made a measurement: the commit of the code, and the machine."""

import os
import platform
import re
from pathlib import Path

from ldnet.errors import InputError
from pipeline.report.provenance import source_version

RESULTS = Path("results")


def made_by(out: Path) -> dict[str, str | None]:
    """What the file `out` says of its making. Raises InputError where results that are published would be made by code
    that is not committed, so that nobody could make them again."""
    commit = source_version(Path.cwd(), "bench")
    if commit is not None and commit.endswith("-dirty") and out.resolve().is_relative_to(RESULTS.resolve()):
        raise InputError(f"{out}: the code has changes that are not committed; commit them, or write to another folder")
    return {"git_commit": commit, "machine": machine()}


def machine() -> str:
    """The processor's name and how many cores there are."""
    try:
        found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except OSError:
        found = None
    return f"{found.group(1) if found else platform.machine()}, {os.cpu_count()} cores"
