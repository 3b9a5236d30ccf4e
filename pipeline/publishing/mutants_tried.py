"""Which small changes of the code its tests noticed: results/mutants.json and the table made from it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ldnet.files import read_json, write_json
from pipeline.report.tables import markdown_table

MUTANTS_FILE = Path("results/mutants.json")
COUNTS = ("mutants", "tried", "killed", "explained", "survived")


def record(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write what became of the mutants of some modules, in the place of what was written of these modules before.

    A row has module, command, and numbers of mutants: mutants (all), tried, killed, explained and survived.
    """
    known = read_json(path) if path.is_file() else {}
    write_json(path, {**known, **{row["module"]: dict(row) for row in rows}})


def mutants_section(results: Path) -> str:
    """The table, a row a module. Raises InputError if the file is not JSON."""
    path = results / MUTANTS_FILE.name
    if not path.is_file():
        return "Nothing was tried yet.\n"
    rows = read_json(path).values()
    cells = [[f"`{row['module']}`", *(f"{row[key]:,}" for key in COUNTS), f"`{row['command']}`"] for row in rows]
    return markdown_table(["module", *COUNTS, "command"], cells)
