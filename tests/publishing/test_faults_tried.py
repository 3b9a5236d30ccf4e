"""What `make fuzz` and `make torture` have counted stands side by side in one table."""

from pathlib import Path

import pytest

from ldnet.errors import InputError
from pipeline.publishing.faults_tried import faults_section, record


def row(name: str, tried: int, other: int = 0) -> dict[str, object]:
    return {"class": name, "tried": tried, "ok": 1, "refused": tried - 1 - other, "other": other}


def test_each_kind_of_faults_has_its_own_rows(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    assert faults_section(tmp_path) == "Nothing was tried yet.\n"
    record(path, "torture", "make torture ROUNDS=3 PAIRS=0 SEED=1", [row("select", 3)])
    record(path, "fuzz", "make fuzz SECONDS=1 SEED=1", [row("LM text", 5)])
    record(path, "fuzz", "make fuzz SECONDS=9 SEED=2", [row("LM text", 12_345, 2), row("word vectors", 7)])
    lines = faults_section(tmp_path).splitlines()
    assert [line for line in lines if line.startswith("|")][2:] == [
        "| LM text | 12,345 | 1 | 12,342 | 2 | `make fuzz SECONDS=9 SEED=2` |",
        "| word vectors | 7 | 1 | 6 | 0 | `make fuzz SECONDS=9 SEED=2` |",
        "| select | 3 | 1 | 2 | 0 | `make torture ROUNDS=3 PAIRS=0 SEED=1` |",
    ]


def test_a_damaged_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "faults.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match=r"faults\.json:1: not JSON"):
        faults_section(tmp_path)
