"""Stages that are killed (SIGKILL), or find the disk full, and run again end with the bytes of one that was left alone.

The processes are real ones, with their workers. Checkpoints are in the temporary folder, which is a small disk of its
own where that is allowed; elsewhere a full disk is one on which no file may grow.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from stages._run import LONG_STAGES
from tests.imports import ROOT, WITHOUT_MLFLOW
from tests.tiny_experiment import stage_options
from tests.torture.faults import Ending, Fault, full_disk, kill, own_disk, terminate, wait

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="binds stages to a processor, as Linux can"
)
DISK_MEGABYTES = 64
# Each stage that is long, and the file among its checkpoints at which it is disturbed.
CHECKPOINTS = {
    "pretrain_lm": "state",
    "train_tagger": "seed-1",
    "select": "seed-1",
    "soft_targets": "progress.json",
}
Identities = dict[Path, tuple[int, int]]


class Interrupted:
    """A stage in a folder with all that it reads."""

    def __init__(self, folder: Path, stage: str):
        self.folder, self.stage = folder, stage

    def start(self) -> "subprocess.Popen[str]":
        shutil.rmtree(self.folder / "new", ignore_errors=True)  # as DVC does
        with one_processor():
            return subprocess.Popen(
                [sys.executable, "-m", f"stages.{self.stage}", *stage_options(self.stage, self.folder)],
                cwd=ROOT,
                env={**os.environ, "DVC_ROOT": str(self.folder), "PYTHONPATH": WITHOUT_MLFLOW},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )

    def finish(self, kept: Identities | None = None) -> dict[str, bytes]:
        """What a run writes that is left alone, and does not write again what is `kept` of the checkpoints."""
        process = self.start()
        while kept and process.poll() is None:
            now = self.identities()
            assert all(now[path] == identity for path, identity in kept.items() if path in now), "done again"
            time.sleep(0.002)
        ending = wait(process)
        assert ending.status == 0, ending.said
        assert not list((self.folder / ".checkpoints").iterdir()), "success removes them"
        new = self.folder / "new"
        return {str(path.relative_to(new)): path.read_bytes() for path in sorted(new.rglob("*")) if path.is_file()}

    def disturb(self, file: str, fault: Fault) -> Ending:
        """Start, and let the fault happen as soon as this file is written among the checkpoints."""
        before, process = self.identities(), self.start()
        while process.poll() is None:
            if any(path.name == file for path, _ in self.identities().items() - before.items()):
                return fault(process, self.folder)
            time.sleep(0.002)
        raise AssertionError(wait(process).said)

    def identities(self) -> Identities:
        """Which files the checkpoints are, and when they were written."""
        found = {}
        for path in (self.folder / ".checkpoints").glob("*/*"):
            try:
                found[path] = (path.stat().st_ino, path.stat().st_mtime_ns)
            except FileNotFoundError:  # renamed meanwhile
                continue
        return found


@contextmanager
def one_processor() -> Iterator[None]:
    """What is started in here has one processor, and so trains one seed after the other."""
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(mine)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, mine)


@pytest.fixture(scope="module")
def folder(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Trainings of few sentences that are long enough, two seeds one after the other, and many sentences to teach."""
    folder = tmp_path_factory.mktemp("disk")
    with own_disk(folder, DISK_MEGABYTES):
        shutil.copytree(prepared, folder, dirs_exist_ok=True)
        path = folder / "params.yaml"
        params = yaml.safe_load(path.read_text(encoding="utf-8"))
        params["checkpoint_steps"] = 20
        params["pretrain_lm"].update(epochs=8)
        params["train_tagger"].update(seeds=[1, 2], epochs=20)
        params["select"].update(epochs=12, enforce_epoch=8)
        path.write_text(yaml.safe_dump(params), encoding="utf-8")
        (folder / "unlabelled.txt").write_text("the cat saw a dog in Rome\n" * 4000, encoding="utf-8")
        shutil.copytree(folder / "full/seed-1", folder / "full/seed-2")
        yield folder


@pytest.fixture(scope="module")
def left_alone(folder: Path) -> dict[str, dict[str, bytes]]:
    """What each stage writes if nothing happens to it."""
    return {stage: Interrupted(folder, stage).finish() for stage in CHECKPOINTS}


def test_taggers_killed_and_stopped_and_the_disk_is_full(folder: Path, left_alone: dict[str, dict[str, bytes]]) -> None:
    stage = Interrupted(folder, "train_tagger")
    assert stage.disturb("seed-1", kill).status == -signal.SIGKILL
    assert_one_line(stage.disturb("seed-1", full_disk), stage)
    assert "seed-2" not in {path.name for path in stage.identities()}
    stopped = stage.disturb("seed-2", terminate)
    assert stopped.status == 128 + signal.SIGTERM
    assert stopped.said.splitlines()[-1] == f"stopped by SIGTERM: {LONG_STAGES['train_tagger']}"
    assert "resource_tracker" not in stopped.said, "its workers end in good order"
    done = {path: identity for path, identity in stage.identities().items() if path.name in ("features-0", "seed-1")}
    assert len(done) == 2
    assert stage.finish(done) == left_alone["train_tagger"]
    assert {"out/seed-1/weights.safetensors", "metrics", "curve"} <= set(left_alone["train_tagger"])


@pytest.mark.parametrize("stage", ["pretrain_lm", "select"])
def test_killed_and_then_the_disk_is_full(folder: Path, left_alone: dict[str, dict[str, bytes]], stage: str) -> None:
    disturbed = Interrupted(folder, stage)
    assert disturbed.disturb(CHECKPOINTS[stage], kill).status == -signal.SIGKILL
    assert_one_line(disturbed.disturb(CHECKPOINTS[stage], full_disk), disturbed)
    assert disturbed.finish() == left_alone[stage]


def test_soft_targets_killed(folder: Path, left_alone: dict[str, dict[str, bytes]]) -> None:
    killed = Interrupted(folder, "soft_targets")
    assert killed.disturb(CHECKPOINTS["soft_targets"], kill).status == -signal.SIGKILL
    assert killed.finish() == left_alone["soft_targets"]


def assert_one_line(ending: Ending, stage: Interrupted) -> None:
    """A full disk costs what came after the last checkpoint, which is still there, and says so."""
    errors = [line for line in ending.said.splitlines() if line.startswith("Error: ")]
    assert ending.status == 1 and len(errors) == 1 and "Traceback" not in ending.said, ending.said
    assert ": a checkpoint of " in errors[0] and "resumes from the checkpoint before" in errors[0]
    assert CHECKPOINTS[stage.stage] in {path.name for path in stage.identities()}
