"""Checkpoints are listed with what would resume from them, and removed where nothing would."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from commands import checkpoints
from commands.checkpoints import Verdict, expected_checkpoints, main, verdict
from pipeline.checkpoints import Computation, checkpoint_folder, folder_of
from pipeline.execution.snapshots import pack
from pipeline.profiles import render
from tests.factories import WORDS
from tests.imports import ROOT


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo, whose corpus is there, and nothing after it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    shutil.copyfile(ROOT / "dvc.yaml", tmp_path / "dvc.yaml")
    (tmp_path / "params.yaml").write_text(render(ROOT / "profiles", "demo"), encoding="utf-8")
    (tmp_path / "work/corpus").mkdir(parents=True)
    (tmp_path / "work/corpus/vocabulary.json").write_text(json.dumps(WORDS), encoding="utf-8")
    return tmp_path


def stopped(stage: str = "pretrain_lm@forward", **changes: object) -> Path:
    """The checkpoint of a stage as params.yaml has it, or with other parameters."""
    description = expected_checkpoints()[0]["pretrain_lm@forward"]
    other = {**description, "stage": stage, "inputs": {**description["inputs"], **changes}}
    path = folder_of(other)
    path.mkdir(parents=True)
    (path / "computation.json").write_text(json.dumps(other), encoding="utf-8")
    (path / "state").write_bytes(pack({}, {}, "step 500 of 1,000"))
    return path


def run(*arguments: str) -> list[str]:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    return result.output.splitlines()


def test_none(folder: Path) -> None:
    assert run() == [".checkpoints: no checkpoints"]


def test_the_stage_resumes_from_its_own(folder: Path) -> None:
    path = stopped()
    os.utime(path / "state", (0, 0))
    os.utime(path / "computation.json", (0, 0))
    (line,) = run("--remove")
    assert " MB " in line and " days " in line and " pretrain_lm@forward " in line
    assert line.endswith(f"{path.name}: the stage resumes from it: state, step 500 of 1,000")
    assert path.exists()


def test_other_parameters_are_named_and_removed(folder: Path) -> None:
    path = stopped(learning_rate=0.5)
    (line,) = run()
    assert line.endswith(f"{path.name}: of other learning_rate (0.5, now 0.004)") and path.exists()
    (line,) = run("--remove")
    assert ": removed: of other learning_rate" in line and not path.exists()


def test_other_data_or_code(folder: Path) -> None:
    path = stopped()
    (folder / "work/corpus/train-000.npy").write_bytes(b"more")
    (line,) = run("--remove")
    assert line.endswith("removed: of other data or code") and not path.exists()


def test_as_many_processes_as_began_it_may_go_on(folder: Path) -> None:
    path = stopped(processes=4)
    assert "the stage resumes from it" in run("--remove")[0] and path.exists()


def test_what_cannot_be_told_is_kept(folder: Path) -> None:
    path = stopped("train_tagger@full")
    assert "not known: " in run("--remove")[0] and path.exists(), "its language models are not there yet"


def test_parameters_of_nonsense_are_one_line(folder: Path) -> None:
    path = stopped()
    (folder / "params.yaml").write_text("seed: x", encoding="utf-8")
    result = CliRunner().invoke(main, ["--remove"])
    assert result.exit_code == 1 and result.stderr.startswith("Error: params.yaml: ") and path.exists()


def test_leftovers_and_damaged_ones_are_removed_and_evidence_is_kept(folder: Path) -> None:
    done, cut, foreign = Path(f"{stopped()}.123"), stopped(layers=3), stopped(layers=4)
    Path(str(done).removesuffix(".123")).rename(done)
    (cut / "state").write_bytes(b"x")
    (foreign / "computation.json").unlink()
    evidence = done.with_name("diverged-select.safetensors")
    evidence.write_bytes(b"x")
    (link := done.with_name("a\nlink")).symlink_to(".")
    said = "\n".join(run("--remove"))
    assert link.is_symlink() and r"a\nlink: no checkpoint; kept" in said
    assert not done.exists() and not cut.exists() and not foreign.exists() and evidence.exists()
    assert "of a stage that has finished" in said and "what a diverged training has left; kept" in said


def test_what_is_in_use_is_kept(folder: Path) -> None:
    with checkpoint_folder(Computation(stage="select", inputs={}, files=[])) as path:
        assert run("--remove")[0].endswith(f"{path.name}: in use") and path.exists()


def test_what_a_running_stage_removes_is_left_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file goes just after it was looked at, and another entry as a whole."""
    cut, removed, look = stopped(), stopped(layers=3), Path.stat

    def look_and_remove(file: Path, **options: Any) -> os.stat_result:
        found = look(file, **options)
        if file == cut / "state":
            file.unlink()
        return found

    def judge_and_remove(path: Path, *known: Any) -> Verdict:
        found = verdict(path, *known)
        if path == removed:
            shutil.rmtree(path)
        return found

    monkeypatch.setattr(Path, "stat", look_and_remove)
    monkeypatch.setattr(checkpoints, "verdict", judge_and_remove)
    (line,) = run()
    assert f" {cut.name}: the stage resumes from it" in line and not (cut / "state").exists()


def test_every_stage_with_checkpoints_is_known(folder: Path) -> None:
    (folder / "work").rename(folder / "gone")
    expected, unknown = expected_checkpoints()
    assert expected == {}
    assert {"prepare_corpus", "pretrain_lm@forward", "train_pruned@taught"} < set(unknown)
    params = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    assert params["data"] == "demo", "which needs no raw data to be named"
