"""`make setup`: an environment is made once, of what is pinned, and again only for what has changed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from commands import environment
from tests.imports import ROOT


def run(folder: Path, requirements: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    (folder / "pinned.txt").write_text(requirements, encoding="utf-8")
    command = [sys.executable, "-I", str(ROOT / "commands/environment.py"), "made", "pinned.txt"]
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), **variables}
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)


def test_an_environment_is_made_once_and_again_when_pins_change(tmp_path: Path) -> None:
    first = run(tmp_path, "# nothing\n")
    assert first.returncode == 0 and first.stdout.startswith("Installing what pinned.txt pins into made"), first.stderr
    assert (tmp_path / "made/bin/python").exists()
    again = run(tmp_path, "# nothing\n")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    failed = run(tmp_path, "no-such-project==1\n", PIP_NO_INDEX="1", PIP_INDEX_URL="file:///nowhere")
    assert failed.returncode == 1 and "no-such-project" in failed.stderr and "Traceback" not in failed.stderr
    assert (tmp_path / "made/requirements.txt").read_text(encoding="utf-8") == "# nothing\n", "it is tried again"


def test_torch_comes_without_cuda_unless_there_is_an_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands are noted and not run; the first attempt to get torch fails."""
    asked: list[list[str]] = []

    def note(command: list[str], **_: object) -> "subprocess.CompletedProcess[str]":
        asked.append(command[1:])
        fails = "config" in command or environment.CPU_WHEELS in command
        return subprocess.CompletedProcess(command, int(fails))

    monkeypatch.setattr(subprocess, "run", note)
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    pinned = tmp_path / "pinned.txt"
    pinned.write_text("numpy==1 \\\n    --hash=a\ntorch==2.0 ; python_version > '3'\n", encoding="utf-8")
    everything = ["-m", "pip", "install", "--quiet", "--requirement", str(pinned)]
    for cuda, index, own in ((False, "", True), (True, "", False), (False, "https://x", False)):
        asked.clear()
        monkeypatch.setenv("PIP_INDEX_URL", index)
        environment._install(tmp_path / "made", pinned, cuda)
        assert asked[0] == ["-m", "venv", str(tmp_path / "made")] and asked[-1] == everything
        from_there = [command for command in asked if environment.CPU_WHEELS in command]
        assert [command[-1] for command in from_there] == (["torch==2.0"] if own else [])


def test_another_python_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "OLDEST", (4, 0))
    with pytest.raises(SystemExit, match=r"Python 4\.0 to 3\.14 is needed; give one as PYTHON="):
        environment._install(tmp_path, tmp_path / "pinned.txt", False)
