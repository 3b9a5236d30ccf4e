"""What was tried to break the project, and what came of it: results/faults.json and the table made from it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ldnet.files import read_json, write_json
from pipeline.report.tables import markdown_table

FAULTS_FILE = Path("results/faults.json")
HEADER = ["class", "cases tried", "ok", "refused in one line", "anything else", "command"]


def record(path: Path, kind: str, command: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write what a command of `make` has tried, in the place of what was written of this kind of faults before.

    A row has class, tried, ok, refused and other: numbers of cases, but for the first one.
    """
    known = read_json(path) if path.is_file() else {}
    write_json(path, {**known, kind: {"command": command, "rows": list(rows)}})


def faults_section(results: Path) -> str:
    """The table, a row a class. Raises InputError if the file is not JSON."""
    path = results / FAULTS_FILE.name
    if not path.is_file():
        return "Nothing was tried yet.\n"
    cells = [
        [row["class"], *(f"{row[key]:,}" for key in ("tried", "ok", "refused", "other")), f"`{of_kind['command']}`"]
        for of_kind in read_json(path).values()
        for row in of_kind["rows"]
    ]
    return markdown_table(HEADER, cells)
