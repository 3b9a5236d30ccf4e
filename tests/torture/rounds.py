"""Rounds of torture: a stage, or `make repro`, meets a few faults, then runs undisturbed; its bytes are compared."""

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.dvc_stages import DvcStage
from tests.golden.workspace import ROOT
from tests.torture.faults import FAULTS, SIGNALS, lingering, wait
from tests.torture.project import compared, copy, empty, last_line, make, start, write_project

STAGES = ("prepare_corpus", "pretrain_lm@forward", "train_tagger@full", "soft_targets", "select")
REPRO = "make repro"
MOST_FAULTS = 3  # in one round
MOST_DELAY = 0.3  # seconds after a checkpoint was written


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
            if left := lingering(self.workspace):
                return f"{kind}: processes go on: {'; '.join(left)}"
        self._remove_outputs(stage)
        ending = wait(self._start(command))
        if ending.status:
            return f"does not resume: {last_line(ending)}"
        if left := list((self.workspace / ".checkpoints").glob("*")):
            return f"checkpoints stay: {left[0].name}"
        return compared(self.reference, self.workspace)

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
            if left := lingering(self.workspace):
                return f"{kind}: processes go on: {'; '.join(left)}"
        ending = wait(self._make())
        return f"does not resume: {last_line(ending)}" if ending.status else compared(self.reference, self.workspace)

    def _make(self) -> "subprocess.Popen[str]":
        return start(make(self.workspace, "repro"), self.workspace, self.workspace)

    def _start(self, command: list[str]) -> "subprocess.Popen[str]":
        return start(command, self.workspace, ROOT)

    def _wait_for_checkpoints(self, process: "subprocess.Popen[str]") -> None:
        """Until some checkpoints more have been written, or the process has ended."""
        seen, wanted = self._checkpoints(), self.rng.randint(0, 6)
        while process.poll() is None and wanted >= 0:
            if (now := self._checkpoints()) != seen:
                seen, wanted = now, wanted - 1
            time.sleep(0.002)
        time.sleep(self.rng.uniform(0, MOST_DELAY) if wanted < 0 else 0)

    def _checkpoints(self) -> dict[Path, int]:
        found: dict[Path, int] = {}
        with suppress(FileNotFoundError):  # a folder that goes while it is listed: the next look is soon
            for path in (self.workspace / ".checkpoints").glob("*/*"):
                with suppress(FileNotFoundError):
                    found[path] = path.stat().st_mtime_ns
        return found

    def _remove_outputs(self, stage: DvcStage) -> None:
        """As DVC does before it runs a stage."""
        for name in stage.outputs:
            path = self.workspace / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
