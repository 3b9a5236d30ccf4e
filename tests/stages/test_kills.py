"""Stages that are killed (SIGKILL) and run again end with the bytes of one that was not, and do nothing twice.

The processes are real ones, with their workers. Where a stage takes its checkpoints is found in the temporary folder.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from ldnet.processors import processors
from tests.imports import ROOT
from tests.stages.test_faults import command
from tests.stages.test_faults import prepared as prepared

SCRIPTS = {"train_pruned": "train_tagger"}
Identities = dict[Path, tuple[int, int]]


class Killing:
    """A stage in a folder with all that it reads."""

    def __init__(self, folder: Path, stage: str):
        self.folder, self.stage = folder, stage

    def start(self) -> "subprocess.Popen[str]":
        shutil.rmtree(self.folder / "new", ignore_errors=True)  # as DVC does
        return subprocess.Popen(
            [sys.executable, "-m", f"stages.{SCRIPTS.get(self.stage, self.stage)}", *command(self.stage, self.folder)],
            cwd=ROOT,
            env={**os.environ, "DVC_ROOT": str(self.folder), "MLFLOW_TRACKING_URI": "nowhere:"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def finish(self) -> dict[str, bytes]:
        """What an uninterrupted run writes."""
        process = self.start()
        said, _ = process.communicate()
        assert process.returncode == 0, said
        assert not list((self.folder / ".checkpoints").iterdir()), "success removes them"
        return self.written()

    def kill_at(self, file: str) -> None:
        """Start, and kill as soon as this file is among the checkpoints, newer than the start."""
        before = self.identities()
        process = self.start()
        while process.poll() is None:
            new = self.identities().items() - before.items()
            if any(path.name == file for path, _ in new):
                process.kill()
                break
            time.sleep(0.002)
        said, _ = process.communicate()  # until the workers, which write there too, are gone
        assert process.returncode == -signal.SIGKILL, said

    def identities(self) -> Identities:
        """Which files the checkpoints are, and when they were written."""
        found = {}
        for path in (self.folder / ".checkpoints").glob("*/*"):
            try:
                found[path] = (path.stat().st_ino, path.stat().st_mtime_ns)
            except FileNotFoundError:  # renamed meanwhile
                continue
        return found

    def written(self) -> dict[str, bytes]:
        new = self.folder / "new"
        return {str(path.relative_to(new)): path.read_bytes() for path in sorted(new.rglob("*")) if path.is_file()}


@pytest.fixture
def folder(prepared: Path, tmp_path: Path) -> Iterator[Path]:
    """Long enough trainings of few sentences, two seeds one after the other, and many sentences for soft targets."""
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "params.yaml"
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    params["threads"] = processors()
    params["train_tagger"].update(seeds=[1, 2], epochs=30)
    params["select"].update(epochs=30, enforce_epoch=20)
    path.write_text(yaml.safe_dump(params), encoding="utf-8")
    (tmp_path / "unlabelled.txt").write_text("the cat saw a dog in Rome\n" * 6000, encoding="utf-8")
    shutil.copytree(tmp_path / "full/seed-1", tmp_path / "full/seed-2")
    yield tmp_path


def test_taggers_killed_in_an_epoch_and_between_seeds(folder: Path) -> None:
    killing = Killing(folder, "train_tagger")
    whole = killing.finish()
    assert {"out/seed-1/weights.safetensors", "out/seed-2/weights.safetensors", "metrics", "curve"} <= set(whole)
    killing.kill_at("seed-1")
    kept = {path.name for path in killing.identities()}
    assert {"features", "seed-1"} <= kept and "seed-2" not in kept
    killing.kill_at("seed-2")
    done = {path: identity for path, identity in killing.identities().items() if path.name in ("features", "seed-1")}
    assert len(done) == 2
    killing.kill_at("seed-2")
    assert done.items() <= killing.identities().items(), "a finished seed, or the features, have been done again"
    assert killing.finish() == whole


@pytest.mark.parametrize(("stage", "file"), [("select", "state"), ("soft_targets", "progress.json")])
def test_killed_twice(folder: Path, stage: str, file: str) -> None:
    killing = Killing(folder, stage)
    whole = killing.finish()
    killing.kill_at(file)
    killing.kill_at(file)
    assert killing.finish() == whole
