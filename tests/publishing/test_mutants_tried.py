"""What `make mutants` has counted, a row a module, whichever modules it ran over last."""

from pathlib import Path

import pytest

from ldnet.errors import InputError
from pipeline.publishing.mutants_tried import mutants_section, record


def row(module: str, mutants: int, survived: int = 0) -> dict[str, object]:
    counts = {"mutants": mutants, "tried": mutants, "killed": mutants - 1 - survived, "explained": 1}
    return {"module": module, **counts, "survived": survived, "command": "make mutants ONLY=gates"}


def test_a_module_keeps_its_last_row(tmp_path: Path) -> None:
    path = tmp_path / "mutants.json"
    assert mutants_section(tmp_path) == "Nothing was tried yet.\n"
    record(path, [row("a.py", 5), row("b.py", 1_234)])
    record(path, [row("a.py", 7, 2)])
    lines = mutants_section(tmp_path).splitlines()
    assert [line for line in lines if line.startswith("|")][2:] == [
        "| `a.py` | 7 | 7 | 4 | 1 | 2 | `make mutants ONLY=gates` |",
        "| `b.py` | 1,234 | 1,234 | 1,233 | 1 | 0 | `make mutants ONLY=gates` |",
    ]


def test_a_damaged_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "mutants.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"mutants\.json:1: not JSON"):
        mutants_section(tmp_path)
