"""Values to try are checked as params.yaml is, before DVC starts."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from commands.try_values import main
from pipeline.profiles import render
from tests.git_repository import make_repository
from tests.imports import ROOT


@pytest.fixture(autouse=True)
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command lines that would be run, from a folder with the demo's params.yaml."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(render(ROOT / "profiles", "demo"), encoding="utf-8")
    lines: list[list[str]] = []
    monkeypatch.setattr("commands.try_values.run_side_by_side", lines.extend)
    monkeypatch.setattr("commands.try_values.end_on_signals", lambda: None)
    return lines


@pytest.mark.parametrize(
    "values",
    [
        ["select.strength=0.2", "select.max_layers=6"],
        ["select.strength=5e-2", "train_tagger.seeds=[1,2,3]", "prepare_conll.train=train-*.txt"],
        ["+generate_data.x={seed:1,train_sentences:20,dev_sentences:10,test_sentences:10,lm_sentences:10}"],
    ],
)
def test_values_that_fit_go_to_dvc(values: list[str], started: list[list[str]]) -> None:
    before = Path("params.yaml").read_bytes()
    result = CliRunner().invoke(main, values)
    assert (result.exit_code, result.output) == (0, "")
    given = [word for value in values for word in ("--set-param", value)]
    assert started == [["dvc", "exp", "run", *given]] and Path("params.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["select.strength=abc"], "params.yaml with these values: select.strength: expected float, found 'abc'"),
        (["seed=2", "select.strength=-1"], "params.yaml with these values: select.strength: expected 0 or more"),
        (["select.max_layers=99"], "params.yaml with these values: select.max_layers: expected at most 12"),
        (["select.strenght=1"], "params.yaml with these values: select.strenght: unknown key; expected one of repeats"),
        (["strength=1"], "params.yaml with these values: strength: unknown key; expected one of profile"),
        (["select="], "params.yaml with these values: select: expected a section of keys, found ''"),
        (["select.strength"], "'select.strength': expected section.key=value, with one value"),
        ([], "which values? make try SET=select.strength=0.2"),
        ([""], "'': expected section.key=value, with one value"),
        (["select.strength=0.1", "seed=2", "+select.strength=0.2"], "'select.strength' is given twice; one run has"),
        (["seed=1,2"], "'seed=1,2': expected section.key=value, with one value"),
        (["seed=range(1,3)"], "'seed=range(1,3)': expected section.key=value, with one value"),
        (["seed=${gone}"], "'seed=${gone}': expected section.key=value, with one value"),
    ],
)
def test_what_a_stage_would_refuse_is_one_line(values: list[str], message: str, started: list[list[str]]) -> None:
    result = CliRunner().invoke(main, values)
    assert result.exit_code == 1 and result.output.startswith(f"Error: {message}")
    assert result.output.count("\n") == 1 and not started


def test_a_file_that_is_wrong_already_is_named_as_it_is() -> None:
    Path("params.yaml").write_text("profile: demo\n", encoding="utf-8")
    assert CliRunner().invoke(main, ["seed=2"]).output == "Error: params.yaml: data: missing key\n"


PIPELINE = """
stages:
  quick: {cmd: 'echo ${seed} > quick', params: [seed], outs: [quick]}
  long: {cmd: 'echo $$ > ../started; exec sleep 60', params: [seed], deps: [quick], outs: [long]}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A committed DVC repository with a stage that takes its time."""
    folder = tmp_path / "workspace"
    (folder / ".dvc").mkdir(parents=True)
    (folder / ".dvc/config").write_text("[core]\n    analytics = false\n", encoding="utf-8")
    (folder / ".dvc/.gitignore").write_text("/tmp\n/cache\n", encoding="utf-8")
    (folder / ".gitignore").write_text("/quick\n/long\n", encoding="utf-8")
    (folder / "dvc.yaml").write_text(PIPELINE, encoding="utf-8")
    (folder / "params.yaml").write_text(render(ROOT / "profiles", "demo"), encoding="utf-8")
    make_repository(folder)
    return folder


def is_alive(process: int) -> bool:
    """Whether the process is there and not a zombie."""
    return psutil.pid_exists(process) and psutil.Process(process).status() != psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL])
def test_a_try_that_is_stopped_leaves_no_stage_and_git_on_its_branch(workspace: Path, number: signal.Signals) -> None:
    """DVC, which ends at once, would leave git off its branch, so that later commits would be on none."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DVC_NO_ANALYTICS": "1"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    before = (workspace / ".git/HEAD").read_text(encoding="utf-8")
    line = [sys.executable, "-m", "commands.try_values", "seed=9"]
    process = subprocess.Popen(line, cwd=workspace, env=environment, stderr=subprocess.PIPE, text=True)
    started = workspace.parent / "started"
    while not (started.exists() and started.read_text(encoding="utf-8").strip()):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    stage = int(started.read_text(encoding="utf-8"))
    process.send_signal(number)
    _, said = process.communicate(timeout=30)  # until all that write there are gone
    assert not is_alive(stage) and "seed: 9" in (workspace / "params.yaml").read_text(encoding="utf-8")
    if number == signal.SIGKILL:  # nothing was left to bring git back: the next command does
        line[-1] = "seed=x"
        next_one = subprocess.run(line, cwd=workspace, env=environment, capture_output=True, text=True, check=False)
        assert "params.yaml with these values: seed: expected int" in next_one.stderr
        said += next_one.stderr
    else:
        assert "params.yaml keeps the values that were tried: seed=9\n" in said
    assert (workspace / ".git/HEAD").read_text(encoding="utf-8") == before
    assert "off which a killed try had left it" in said and not list((workspace / ".git/refs/exps/exec").glob("*"))
