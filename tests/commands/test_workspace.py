"""Of two commands in one workspace, the second one is refused in one line, which says who is there."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest
from click.testing import CliRunner

from commands import (
    ablations,
    demo_tagger,
    learning_curve,
    path,
    publish,
    reproduce,
    study,
    sweep,
    sweeping,
    switch_profile,
    try_values,
)
from commands.workspace import (
    EXPERIMENTS,
    LOCK,
    RUNNING_EXPERIMENT,
    WorkspaceCommand,
    mend_what_a_kill_left,
    without_experiments,
)
from ldnet.errors import InputError
from pipeline.params import load_params
from tests.git_repository import make_repository
from tests.imports import ROOT

PIPELINE = "stages: {a: {cmd: 'echo ${x} > o', params: [x], outs: [{o: {cache: false}}]}}"
HOLDER = """
import sys
import click
from commands.workspace import WorkspaceCommand
@click.command(cls=WorkspaceCommand)
def main():
    print("begun", flush=True)
    sys.stdin.read()
main()
"""


@click.command(cls=WorkspaceCommand)
@click.option("--check", is_flag=True)
def quick(check: bool) -> None:
    click.echo("checked" if check else "done")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A committed DVC repository with one stage."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text("[core]\n    analytics = false\n", encoding="utf-8")
    (tmp_path / ".dvc/.gitignore").write_text("/tmp\n/cache\n", encoding="utf-8")
    (tmp_path / "dvc.yaml").write_text(PIPELINE, encoding="utf-8")
    (tmp_path / "params.yaml").write_text("x: 1\n", encoding="utf-8")
    make_repository(tmp_path)


@pytest.fixture
def experiment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that looks like an experiment of DVC, until it is ended."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc").write_text("#!/bin/sh\necho runs\nread line\n", encoding="utf-8")
    (tmp_path / "dvc").chmod(0o755)
    with subprocess.Popen(["./dvc", "exp", "run"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"runs\n"  # before, it may have the command line of this process
        yield process


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["subprocess.Popen[str]"]:
    """A command that has the workspace until it is ended."""
    monkeypatch.chdir(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "begun\n"
        yield process


def test_the_second_command_is_told_who_was_first(held: "subprocess.Popen[str]") -> None:
    done = CliRunner().invoke(quick)
    assert done.exit_code == 1 and done.output.count("\n") == 1
    assert f"is running in this workspace (process {held.pid}); wait until it has ended, or" in done.output
    assert CliRunner().invoke(quick, ["--check"]).output == "checked\n"
    LOCK.write_text("", encoding="utf-8")  # as it is while the first one begins
    assert "another command is running in this workspace; wait until it has" in CliRunner().invoke(quick).output
    held.kill()
    held.wait(timeout=60)
    assert CliRunner().invoke(quick).output == "done\n"


def test_an_experiment_that_runs_in_the_workspace_is_seen(experiment: "subprocess.Popen[bytes]") -> None:
    RUNNING_EXPERIMENT.parent.mkdir(parents=True)
    running = f"`dvc exp run` is running in this workspace (process {experiment.pid})"
    for number, expected in ((experiment.pid, running), (os.getpid(), "done")):
        RUNNING_EXPERIMENT.write_text(json.dumps({"pid": number, "stdin": None}), encoding="utf-8")
        assert expected in CliRunner().invoke(quick).output
    experiment.kill()
    experiment.wait(timeout=60)
    RUNNING_EXPERIMENT.write_text(json.dumps({"pid": experiment.pid, "stdin": None}), encoding="utf-8")
    assert CliRunner().invoke(quick).output == "done\n"


def test_a_try_has_the_workspace_until_dvc_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "params.yaml", tmp_path)
    (tmp_path / "dvc").write_text('#!/bin/sh\necho "$@"\nread line\n', encoding="utf-8")
    (tmp_path / "dvc").chmod(0o755)
    with subprocess.Popen(
        [sys.executable, "-m", try_values.__name__, "seed=2", "select.strength=0.3"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "exp run --set-param seed=2 --set-param select.strength=0.3\n"
        refused = CliRunner().invoke(quick).output
        assert f"commands.try_values` is running in this workspace (process {process.pid})" in refused
        process.communicate("", timeout=60)
    assert CliRunner().invoke(quick).output == "done\n"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # in DVC
@pytest.mark.usefixtures("repository")
def test_dvc_begins_no_experiment_where_stages_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from dvc.lock import LockError
    from dvc.repo import Repo

    with without_experiments(), Repo() as repo, pytest.raises(LockError, match=rf"\(PID {os.getpid()}\)"):
        monkeypatch.setattr(sys, "argv", ["dvc", "exp", "run"])  # by which DVC tells two from each other
        repo.experiments.run(params=["x=2"])
    assert Path("params.yaml").read_text(encoding="utf-8") == "x: 1\n"


def note(number: int) -> None:
    """What DVC notes before an experiment begins, with the number of its process."""
    EXPERIMENTS.mkdir(parents=True, exist_ok=True)
    begins = {"write": {"workspace": {"pid": number, "cmd": "dvc exp run"}}, "read": {}}
    (EXPERIMENTS / "rwlock").write_text(json.dumps(begins), encoding="utf-8")


def test_an_experiment_that_has_just_begun_is_seen(experiment: "subprocess.Popen[bytes]") -> None:
    note(experiment.pid)
    with pytest.raises(InputError, match="`dvc exp run` is running in this workspace; wait"), without_experiments():
        raise AssertionError
    experiment.kill()
    experiment.wait(timeout=60)
    for killed in (experiment.pid, os.getppid()):  # the second number has gone to another process
        note(killed)
        with without_experiments():
            pass


@pytest.mark.parametrize("command", [reproduce.main, ablations.main])
def test_no_stage_runs_beside_an_experiment(command: click.Command, experiment: "subprocess.Popen[bytes]") -> None:
    note(experiment.pid)
    done = CliRunner().invoke(command, [])
    assert done.exit_code == 1 and "`dvc exp run` is running in this workspace; wait" in done.output


def test_no_stage_of_a_sweep_runs_beside_an_experiment(experiment: "subprocess.Popen[bytes]") -> None:
    note(experiment.pid)
    with pytest.raises(InputError, match="`dvc exp run` is running in this workspace; wait"):
        sweeping.update_shared_stages(load_params(ROOT / "params.yaml"), [], [])


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize(
    "changes",
    [
        *(reproduce, sweep, path, study, learning_curve, ablations, switch_profile, publish, demo_tagger, try_values),
    ],
)
def test_what_changes_a_workspace_waits_for_nobody(changes: ModuleType) -> None:
    given = {switch_profile: ["demo"], try_values: ["x=2"]}.get(changes, [])
    done = CliRunner().invoke(changes.main, given)
    assert done.exit_code == 1 and "is running in this workspace (process " in done.output


@pytest.mark.parametrize(
    ("file", "whole", "cut"),
    [
        (".dvc/tmp/rwlock", "{}", '{"write": {"/'),
        (".dvc/tmp/rwlock", '{"read": {}}', ""),
        (".dvc/tmp/exps/rwlock", "{}", ""),
        ("dvc.lock", "schema: '2.0'\n", "schema: '2.0'\nstages:\n  a:\n   - b\n  c: {"),
        ("dvc.lock", "schema: '2.0'\nstages: {}\n", ""),
    ],
)
def test_files_of_dvc_that_a_kill_has_cut_short_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], file: str, whole: str, cut: str
) -> None:
    monkeypatch.setattr("commands.workspace.LOOK_AGAIN_SECONDS", 0)
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(whole, encoding="utf-8")
    mend_what_a_kill_left(tmp_path)
    assert path.read_text(encoding="utf-8") == whole and not capsys.readouterr().err
    path.write_text(cut, encoding="utf-8")
    mend_what_a_kill_left(tmp_path)
    assert not path.exists() and f"{path}: cut short" in capsys.readouterr().err
    mend_what_a_kill_left(tmp_path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            b"schema: '2.0'\n<<<<<<< HEAD\nstages: {}\n=======\n>>>>>>> b\n",
            r"dvc\.lock:2: marks of a merge conflict; mend it",
        ),
        (b"schema: '2.0'\nschema: '2.0'\n", "schema"),
        (
            b"- a\n",
            r"top level: expected a section of keys, found \['a'\]; mend it, or take what was committed: git checkout "
            r"HEAD -- .*dvc\.lock$",
        ),
        (b"schema: '2.0'\nstages:\n", "stages: expected dict, found None; mend it"),
        (b"schema: '9.0'\nstages: {}\n", "schema: expected one of 2.0, found '9.0'; mend it"),
        (
            b"stages:\n  a:\n    outs: [{path: b, md5: 5}]\n",
            r"stages\.a\.outs\[0\]\.md5: expected str, found 5; mend it",
        ),
        (b"a: \xff\n", "dvc.lock"),
    ],
)
def test_a_lock_that_no_kill_has_cut_short_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, reason: str
) -> None:
    """After a merge with conflicts it was removed, and all stages would have run again."""
    monkeypatch.setattr("commands.workspace.LOOK_AGAIN_SECONDS", 0)
    (tmp_path / "dvc.lock").write_bytes(content)
    with pytest.raises(InputError, match=reason):
        mend_what_a_kill_left(tmp_path)
    assert (tmp_path / "dvc.lock").read_bytes() == content
