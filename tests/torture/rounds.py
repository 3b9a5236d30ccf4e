"""Rounds of torture: a stage, or `make repro`, meets a few faults, then runs undisturbed; its bytes are compared."""

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.dvc_stages import DvcStage
from tests.golden.workspace import ROOT
from tests.torture.faults import FAULTS, SIGNALS, Ending, gone_within, wait

STAGES = ("prepare_corpus", "pretrain_lm@forward", "train_tagger@full", "soft_targets", "select")
REPRO = "make repro"
OUTPUTS = ("work", "metrics", "curves")
CODE = ("ldnet", "pipeline", "stages", "commands", "profiles")
FILES = ("Makefile", "pyproject.toml", "requirements.txt", "params.schema.json")
MOST_FAULTS = 3  # in one round
MOST_DELAY = 0.3  # seconds after a checkpoint was written
LINGERING = 8.0  # seconds that processes of a killed `make` may take to end
SAME = "same bytes"


@dataclass(frozen=True)
class Round:
    """What was done to which stage, and what came of it."""

    stage: str
    faults: str
    outcome: str


class Torture:
    """Rounds in `workspace`, for stages that gave the outputs in `reference` when they were left alone."""

    def __init__(self, reference: Path, stages: list[DvcStage], workspace: Path, seed: int):
        self.reference, self.workspace, self.rng = reference, workspace, random.Random(seed)
        self.stages = {stage.name: stage for stage in stages}

    def rounds(self, count: int, targets: tuple[str, ...] = (*STAGES, REPRO)) -> Iterator[Round]:
        """So many rounds, each target about equally often."""
        for number in range(count):
            if number % len(targets) == 0:
                order = self.rng.sample(targets, len(targets))
            target = order[number % len(targets)]
            kinds = self.rng.choices(list(SIGNALS if target == REPRO else FAULTS), k=self.rng.randint(1, MOST_FAULTS))
            outcome = self._repro(kinds) if target == REPRO else self._stage(self.stages[target], kinds)
            yield Round(target, ", ".join(kinds), outcome)

    def _stage(self, stage: DvcStage, kinds: list[str]) -> str:
        """What comes of a stage whose runs meet one fault each."""
        empty(self.workspace)
        for name in ("data", "work", "metrics", "curves", "params.yaml"):
            copy(self.reference / name, self.workspace / name)
        path = self.workspace / "params.yaml"
        params = yaml.safe_load(path.read_text(encoding="utf-8")) | {"checkpoint_steps": 7}
        path.write_text(yaml.safe_dump(params), encoding="utf-8")
        module, *arguments = stage.command[2:]
        command = [sys.executable, "-m", module, *arguments]
        for kind in kinds:
            self._remove_outputs(stage)
            process = self._start(command)
            self._wait_for_checkpoints(process)
            ending = FAULTS[kind](process, self.workspace) if process.poll() is None else wait(process)
            if not ending.is_one_line:
                return f"{kind}: no line for users: {last_line(ending)}"
            if not gone_within(self.workspace, LINGERING):
                return f"{kind}: processes go on"
        self._remove_outputs(stage)
        ending = wait(self._start(command))
        if ending.status:
            return f"does not resume: {last_line(ending)}"
        if left := list((self.workspace / ".checkpoints").glob("*")):
            return f"checkpoints stay: {left[0].name}"
        return self._compared()

    def _repro(self, kinds: list[str]) -> str:
        """What comes of `make repro` from the start, which meets these faults one after the other."""
        empty(self.workspace)
        write_project(self.reference, self.workspace)
        for kind in kinds:
            process = self._make()
            time.sleep(self.rng.uniform(1, 60))
            ending = FAULTS[kind](process, self.workspace) if process.poll() is None else wait(process)
            if not ending.is_one_line:
                return f"{kind}: no line for users: {last_line(ending)}"
            if not gone_within(self.workspace, LINGERING):
                return f"{kind}: processes go on"
        ending = wait(self._make())
        return f"does not resume: {last_line(ending)}" if ending.status else self._compared()

    def _make(self) -> "subprocess.Popen[str]":
        environment = self.workspace / "environment"  # that of this process, as it is
        environment.mkdir(exist_ok=True)
        for name in ("requirements.txt", "pyproject.toml"):
            shutil.copyfile(self.workspace / name, environment / name)
        return self._start(["make", "--no-print-directory", f"VENV={environment}", "repro"])

    def _start(self, command: list[str]) -> "subprocess.Popen[str]":
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "DVC", "PYTEST"))}
        project = self.workspace if command[0] == "make" else ROOT
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        own = {"PYTHONPATH": str(project), "PATH": path, "MLFLOW_TRACKING_URI": "nowhere:", "DVC_NO_ANALYTICS": "1"}
        return subprocess.Popen(
            command,
            cwd=self.workspace,
            env={**inherited, **own},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _wait_for_checkpoints(self, process: "subprocess.Popen[str]") -> None:
        """Until some checkpoints more have been written, or the process has ended."""
        seen, wanted = self._checkpoints(), self.rng.randint(0, 6)
        while process.poll() is None and wanted >= 0:
            if (now := self._checkpoints()) != seen:
                seen, wanted = now, wanted - 1
            time.sleep(0.002)
        time.sleep(self.rng.uniform(0, MOST_DELAY) if wanted < 0 else 0)

    def _checkpoints(self) -> dict[Path, int]:
        found = {}
        for path in (self.workspace / ".checkpoints").glob("*/*"):
            try:
                found[path] = path.stat().st_mtime_ns
            except FileNotFoundError:
                continue
        return found

    def _remove_outputs(self, stage: DvcStage) -> None:
        """As DVC does before it runs a stage."""
        for name in stage.outputs:
            path = self.workspace / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def _compared(self) -> str:
        expected, found = files(self.reference), files(self.workspace)
        if names := sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name)):
            return f"{len(names)} files differ: {', '.join(names[:3])}"
        return SAME


def write_project(reference: Path, workspace: Path) -> None:
    """A project whose `make repro` runs the experiment of the reference from its raw data on."""
    for name in CODE:
        shutil.copytree(ROOT / name, workspace / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copyfile(ROOT / name, workspace / name)
    shutil.copytree(reference / "data", workspace / "data")
    shutil.copyfile(reference / "params.yaml", workspace / "params.yaml")
    pipeline = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
    del pipeline["stages"]["generate_data"]  # more was added to what it makes
    (workspace / "dvc.yaml").write_text(yaml.safe_dump(pipeline, sort_keys=False), encoding="utf-8")
    (workspace / ".dvc").mkdir()
    (workspace / ".dvc/config").write_text("[core]\n    no_scm = true\n    analytics = false\n", encoding="utf-8")


def copy(source: Path, target: Path) -> None:
    """A copy, since stages write in their outputs' place."""
    shutil.copytree(source, target) if source.is_dir() else shutil.copyfile(source, target)


def empty(folder: Path) -> None:
    """Remove what is in the folder, which may be a disk."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def files(folder: Path) -> dict[str, bytes]:
    """The outputs in a workspace, by their names there."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for name in OUTPUTS
        for path in (folder / name).rglob("*")
        if path.is_file()
    }


def last_line(ending: Ending) -> str:
    """The last that a process said, with its exit status."""
    lines = [line for line in ending.said.splitlines() if line.strip()]
    return f"status {ending.status}, {lines[-1][:160] if lines else 'without a word'}"
