"""Results that are published name the code that made them."""

import subprocess
from pathlib import Path

import pytest

from bench.made_by import machine, made_by
from ldnet.errors import InputError
from tests.git_repository import make_repository


@pytest.mark.parametrize("package", ["pipeline", "bench"])
def test_code_that_is_not_committed_publishes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code = tmp_path / package / "module.py"
    code.parent.mkdir()
    code.write_text("a = 1\n", encoding="utf-8")
    make_repository(tmp_path)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    assert made_by(Path("results/a.json")) == {"git_commit": commit, "machine": machine()}
    code.write_text("a = 2\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"^results/a\.json: the code has changes that are not committed"):
        made_by(Path("results/a.json"))
    assert made_by(Path("a.json"))["git_commit"] == f"{commit}-dirty"
