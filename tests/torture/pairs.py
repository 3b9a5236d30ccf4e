"""Two at once: two commands in one workspace, or in two that share a tracking store, and what is whole afterwards."""

import hashlib
import json
import random
import shutil
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import yaml

from pipeline.experiments.stage_graph import read_stages, with_later
from tests.golden.workspace import ROOT
from tests.torture.faults import Ending, lingering, wait
from tests.torture.project import SAME, compared, copy, last_line, make, start, write_project

BOTH, ONE = "both ran", "one ran, the other was refused in one line"
MOST_DELAY = 40.0  # seconds from the start of the first command to that of the second one
WORKERS_LINGERING = 40.0  # a worker of DVC's queue looks every 10 s whether the queue is empty, and asks for seconds
STRENGTHS, BUDGET = ("0.05", "0.2"), "3"  # of the points
OF_POINTS = ("select", "prune", "train_tagger_pruned", "evaluate_gold")  # whose metrics follow from strength and budget
PAGES = ("README.md", "docs", "results", "ablations", ".gitignore")  # what `make publish` reads and writes


@dataclass(frozen=True)
class Pair:
    """Two commands: words for make."""

    name: str
    commands: tuple[list[str], list[str]]
    stored: bool = False  # whether in two workspaces, which share one tracking store


def sweep(strength: str) -> list[str]:
    """A sweep with one point."""
    return ["sweep", f"STRENGTHS={strength}", f"BUDGETS={BUDGET}"]


def experiment(strength: str) -> list[str]:
    """The same point in the workspace itself, and what else depends on it."""
    return ["try", f"SET=select.strength={strength} select.max_layers={BUDGET}"]


PAIRS = (
    Pair("repro and repro", (["repro"], ["repro"])),
    Pair("repro and repro, one tracking store", (["repro"], ["repro"]), stored=True),
    Pair("publish and repro", (["repro"], ["publish"])),
    Pair("exp run and exp run (make try)", (experiment(STRENGTHS[0]), experiment(STRENGTHS[1]))),
    Pair("sweep and sweep, the same points", (sweep(STRENGTHS[0]), sweep(STRENGTHS[0]))),
    Pair("sweep and sweep, other points", (sweep(STRENGTHS[0]), sweep(STRENGTHS[1]))),
    Pair("sweep and repro", (sweep(STRENGTHS[0]), ["repro"])),
    Pair("sweep and sweep, one tracking store", (sweep(STRENGTHS[0]), sweep(STRENGTHS[0])), stored=True),
)


@dataclass(frozen=True)
class Tried:
    """What came of a pair: BOTH, ONE, or what was found to be wrong."""

    name: str
    delay: float
    outcome: str


class TwoAtOnce:
    """Pairs in `folder`, for an experiment that gave the outputs in `reference` when it was left alone."""

    def __init__(self, reference: Path, folder: Path, seed: int):
        self.reference, self.folder, self.rng = reference, folder, random.Random(seed)
        self.base, self.store = folder / "base", folder / "store"
        self.points: dict[str, dict[str, bytes]] = {}

    def pairs(self, times: int, chosen: tuple[Pair, ...] = PAIRS) -> Iterator[Tried]:
        """Each of the chosen pairs so many times."""
        for _ in range(times):
            for pair in chosen:
                if not self.base.exists():
                    self._run_base()
                delay = self.rng.uniform(0, MOST_DELAY)
                yield Tried(pair.name, delay, self._tried(pair, delay))

    def _run_base(self) -> None:
        """The experiment, and the points of sweeps, undisturbed."""
        write_repository(self.reference, self.base)
        undisturbed(["repro"], self.base)
        commit(self.base)
        points = self.folder / "points"
        shutil.copytree(self.base, points, symlinks=True)
        undisturbed(["sweep", f"STRENGTHS={' '.join(STRENGTHS)}", f"BUDGETS={BUDGET}"], points)
        self.points = points_in(points)

    def _tried(self, pair: Pair, delay: float) -> str:
        workspaces = [self.folder / name for name in ("one", "other")[: 1 + pair.stored]]
        for workspace in (*workspaces, self.store):
            shutil.rmtree(workspace, ignore_errors=True)
        self.store.mkdir()
        for workspace in workspaces:
            shutil.copytree(self.base, workspace, symlinks=True)
            if ["repro"] in pair.commands:
                forget_selection(workspace)
        environment = {"MLFLOW_TRACKING_URI": f"sqlite:///{self.store / 'runs.db'}"} if pair.stored else {}
        processes = []
        for words, workspace in zip(pair.commands, (workspaces[0], workspaces[-1]), strict=True):
            processes.append(start(make(workspace, *words), workspace, workspace, environment))
            time.sleep(delay if len(processes) == 1 else 0)
        try:
            endings = [wait(process) for process in processes]
        except subprocess.TimeoutExpired as error:
            return f"hangs: {error}"
        for words, ending in zip(pair.commands, endings, strict=True):
            if ending.status and not refused(ending):
                return f"{words[0]}: no line for users: {last_line(ending)}\n{ending.said[-3000:]}"
        if all(ending.status for ending in endings):
            return "both were refused: " + "; ".join(map(last_line, endings))
        for words, workspace, ending in zip(pair.commands, (workspaces[0], workspaces[-1]), endings, strict=True):
            if ending.status == 0 and (problem := self._result_of(words, workspace)):
                return f"{words[0]}: {problem}"
        for workspace in workspaces:
            if problem := self._not_whole(workspace):
                return problem
        for workspace in workspaces:
            git(workspace, "checkout", "--quiet", "--", "params.yaml")
            ending = wait(start(make(workspace, "repro"), workspace, workspace, environment))
            if ending.status:
                return f"repro afterwards: {ending.said[-2000:]}"
            if (outcome := compared(self.reference, workspace)) != SAME:
                return f"repro afterwards: {outcome}"
            if problem := self._not_whole(workspace):
                return f"repro afterwards: {problem}"
        if pair.stored and (problem := self._store_problem(pair, workspaces)):
            return problem
        return BOTH if not any(ending.status for ending in endings) else ONE

    def _result_of(self, words: list[str], workspace: Path) -> str | None:
        """What is wrong with the result of a command that ended well."""
        if words[0] == "publish":
            return published_problem(workspace)
        found = points_in(workspace)
        for strength in STRENGTHS:
            if strength in " ".join(words).replace("=", " ").split() and strength not in found:
                return f"no experiment of strength {strength}"
        for strength, metrics in found.items():
            if metrics != self.points[strength]:
                return f"the experiment of strength {strength} has other metrics than undisturbed"
        return None

    def _not_whole(self, workspace: Path) -> str | None:
        """What is damaged, or left over."""
        if processes := lingering(workspace, WORKERS_LINGERING):
            return f"processes go on: {'; '.join(processes)}"
        if left := [path for path in workspace.rglob("*.part") if path.is_file()]:
            return f"{left[0]} is left"
        if left := list((workspace / ".checkpoints").glob("*")):
            return f"checkpoints stay: {left[0].name}"
        for path in (workspace / ".dvc/tmp/rwlock", workspace / ".dvc/tmp/exps/rwlock"):
            if path.exists() and any(json.loads(path.read_text(encoding="utf-8")).values()):
                return f"{path} still names processes"
        if not isinstance(yaml.safe_load((workspace / "dvc.lock").read_text(encoding="utf-8")), dict):
            return "dvc.lock is not whole"
        return self._params_problem(workspace) or git_problem(workspace)

    def _params_problem(self, workspace: Path) -> str | None:
        """params.yaml is that of the reference, or has the strength of a point."""
        found, expected = (
            yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
            for folder in (workspace, self.reference)
        )
        if str(found["select"]["strength"]) in STRENGTHS:
            found["select"]["strength"] = expected["select"]["strength"]
        return None if found == expected else "params.yaml is another one"

    def _store_problem(self, pair: Pair, workspaces: list[Path]) -> str | None:
        """What is wrong with the tracking store: it lacks a run, say."""
        with closing(sqlite3.connect(self.store / "runs.db")) as database:
            if (said := database.execute("PRAGMA integrity_check").fetchall()) != [("ok",)]:
                return f"the tracking store: {said[0][0]}"
            runs = database.execute("SELECT name, status FROM runs").fetchall()
        if unfinished := [f"{name} {status}" for name, status in runs if status != "FINISHED"]:
            return f"runs in the tracking store: {', '.join(unfinished)}"
        if ["repro"] in pair.commands:
            wanted = dict.fromkeys(from_selection(workspaces[0]) - {"report"} | {"repro"}, 2)
            if (found := dict(Counter(name for name, _ in runs))) != wanted:
                return f"runs in the tracking store: {found}, not {wanted}"
        return None


def undisturbed(words: list[str], workspace: Path) -> None:
    """Run `make` there. Raises RuntimeError with what it said if it fails."""
    ending = wait(start(make(workspace, *words), workspace, workspace, {}))
    if ending.status:
        raise RuntimeError(f"undisturbed, make {words[0]}: {ending.said[-2000:]}")


def write_repository(reference: Path, workspace: Path) -> None:
    """The project in a git repository, as experiments need it, with the pages that are published."""
    workspace.mkdir()
    write_project(reference, workspace)
    for name in PAGES:
        copy(ROOT / name, workspace / name)
    (workspace / ".dvc/config").write_text("[core]\n    analytics = false\n    autostage = false\n", encoding="utf-8")
    (workspace / ".dvc/.gitignore").write_text("/config.local\n/tmp\n/cache\n", encoding="utf-8")
    with (workspace / ".gitignore").open("a", encoding="utf-8") as file:
        file.write("/environment/\n")
    git(workspace, "init", "--quiet")
    git(workspace, "config", "user.name", "torture")
    git(workspace, "config", "user.email", "torture@example.com")
    commit(workspace)


def commit(workspace: Path) -> None:
    """All that is not ignored."""
    git(workspace, "add", "--all")
    git(workspace, "commit", "--quiet", "--message", "state")


def git(workspace: Path, *words: str) -> str:
    """What git says. Raises CalledProcessError."""
    return subprocess.run(["git", *words], cwd=workspace, check=True, capture_output=True, text=True).stdout


def git_problem(workspace: Path) -> str | None:
    """A damaged repository, a stash or a lock that is left, or a branch that was left."""
    if said := git(workspace, "fsck", "--no-dangling", "--no-progress"):
        return f"git fsck: {said}"
    if left := [*(workspace / ".git").rglob("*.lock")]:
        return f"{left[0]} is left"
    if git(workspace, "stash", "list") or git(workspace, "for-each-ref", "refs/exps/stash"):
        return "an edit is left in a stash of git"
    return None if git(workspace, "branch", "--show-current") else "git is not on its branch"


def points_in(workspace: Path) -> dict[str, dict[str, bytes]]:
    """The metrics of the experiments that succeeded there, by their strength."""
    found = {}
    for line in git(workspace, "for-each-ref", "--format=%(objectname) %(refname)", "refs/exps").splitlines():
        name, reference = line.split()
        if reference.split("/")[2] in ("exec", "stash", "celery", "apply"):
            continue
        strength = yaml.safe_load(git(workspace, "show", f"{name}:params.yaml"))["select"]["strength"]
        found[str(strength)] = {
            stage: git(workspace, "show", f"{name}:metrics/{stage}.json").encode() for stage in OF_POINTS
        }
    return found


def forget_selection(workspace: Path) -> None:
    """Let `make repro` run the selection and all stages after it again, though the report is there."""
    shutil.rmtree(workspace / ".dvc/cache/runs")
    path = workspace / "dvc.lock"
    lock = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name in from_selection(workspace):
        del lock["stages"][name]
    path.write_text(yaml.safe_dump(lock, sort_keys=False), encoding="utf-8")


def from_selection(workspace: Path) -> set[str]:
    """The stages that depend on the selection, and it."""
    return with_later(read_stages(workspace / "dvc.yaml", workspace / "params.yaml"), ["select"])


def published_problem(workspace: Path) -> str | None:
    """The published state must be one state: its dvc.lock names its metrics and curves."""
    folder = workspace / "results/golden"
    stages = yaml.safe_load((folder / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    if missing := {"select", "evaluate@gold", "report"} - set(stages):
        return f"the published dvc.lock lacks {', '.join(sorted(missing))}"
    for stage in stages.values():
        for out in stage.get("outs", []):
            path = folder / out["path"]
            if out["path"].startswith(("metrics/", "curves/")) and (
                not path.is_file() or hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() != out["md5"]
            ):
                return f"the published {out['path']} is not the one of its dvc.lock"
    return None


def refused(ending: Ending) -> bool:
    """Whether a command that failed says so in one line, and DVC says nothing."""
    return ending.is_one_line and "Error: " in ending.said and "ERROR: " not in ending.said
