"""Sweeps: the points, what identifies them, what is run again and what is not."""

import hashlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

import click
import pytest
import yaml
from tqdm import tqdm

from commands import sweeping
from ldnet.errors import InputError
from pipeline.experiments import queue as _queue
from pipeline.experiments.learning_curve import Size
from pipeline.experiments.points import (
    Experiment,
    Point,
    doubling_budgets,
    fingerprint,
    grid,
    name_points,
    numbers,
)
from pipeline.experiments.regularisation_path import point_row
from pipeline.experiments.stage_graph import Stage, leading_to, read_stages
from pipeline.experiments.study_points import Choice
from pipeline.params import Params
from pipeline.profiles import load_profile
from pipeline.yaml_text import parse_yaml
from tests.git_repository import make_repository
from tests.imports import ROOT
from tests.report_factories import make_row

STATUS = """Task     Name                  Created       Status
3a87363  demo-0.02-2-b4d3bda8  03:25 PM      Running
d6b4cde  demo-0.02-6-2e8eb653  Nov 23, 2026  Queued
944ec7b                        03:26 PM      Queued
0a4ec7b  demo-0.02-6-2e8eb653  03:20 PM      Failed
1a4ec7b  demo-0.1-2-6178ff35   03:20 PM      Success

Worker status: 1 active, 0 idle
"""


@pytest.fixture
def params() -> Params:
    return load_profile(ROOT / "profiles", "demo")


@pytest.fixture
def sources(tmp_path: Path) -> list[Path]:
    files = [tmp_path / "dvc.yaml", tmp_path / "stage.py"]
    for file in files:
        file.write_text(file.name, encoding="utf-8")
    return files


STAGES = [
    Stage(name="prepare", sections=frozenset(["seed"]), deps=(), outs=()),
    Stage(name="prune", sections=frozenset(["select"]), deps=(), outs=()),
]
OF_POINTS = {"select", "prune", "train_pruned@gold", "evaluate@gold"}
LEADING = leading_to(read_stages(ROOT / "dvc.yaml", ROOT / "params.yaml"), ["evaluate@gold"])
LOCK: dict[str, Any] = {"stages": {"prepare": {"outs": [{"md5": "a"}]}, "prune": {"outs": [{"md5": "b"}]}}}


def test_grid_is_every_strength_with_every_budget(params: Params) -> None:
    points = grid(params, [0.02, 0.1], [2, 6])
    assert points == [Point(0.02, 2), Point(0.02, 6), Point(0.1, 2), Point(0.1, 6)]
    assert points[1].command() == "dvc exp run evaluate@gold -S select.strength=0.02 -S select.max_layers=6"


@pytest.mark.parametrize("point", [Point(0.02, 2), Choice("r3", 2)])
def test_points_are_trained_on_gold_tags_as_their_ends_are(point: Experiment) -> None:
    assert point.stages(LEADING) == OF_POINTS
    shared = {stage.name for stage in LEADING} - OF_POINTS
    assert {"train_tagger@no_lm", "train_tagger@full"} <= shared
    assert not [name for name in shared if name.startswith(("soft_targets", "train_taught", "prepare_unlabelled"))]


@pytest.mark.parametrize(
    ("strength", "budget", "message"),
    [
        (0.1, 13, "max_layers: expected at most 12"),
        (-0.1, 2, "strength: expected 0 or more"),
        (float("inf"), 2, "strength: expected a finite number, found inf"),
        (float("nan"), 2, "strength: expected a finite number, found nan"),
    ],
)
def test_points_that_cannot_be_run_are_refused(params: Params, strength: float, budget: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        grid(params, [0.05, strength], [budget])


def test_accepted_strengths_survive_yaml() -> None:
    for strength in (0.0, 0.00001, 0.0001, 0.05, 1.0, 12.5):
        assert parse_yaml(str(strength), "a strength") == strength


def test_numbers_are_read_once_each_in_order() -> None:
    assert numbers(" 0.1 0.02  0.1 ", float, "strengths") == [0.02, 0.1]
    assert numbers("6 2", int, "budgets") == [2, 6]
    for text in ("0.1,0.2", "two", "2.5", ""):
        with pytest.raises(InputError, match="budgets: expected"):
            numbers(text, int, "budgets")


@pytest.mark.parametrize("layers", range(1, 20))
def test_doubling_budgets_stay_below_all_layers(layers: int) -> None:
    obvious = [budget for budget in range(1, 2 * layers) if bin(budget).count("1") == 1]
    assert doubling_budgets(layers) == obvious


def test_fingerprint_changes_with_all_that_results_follow_from(params: Params, sources: list[Path]) -> None:
    point, other = Point(0.1, 2), {"stages": {"prepare": {"outs": [{"md5": "c"}]}}}
    before = fingerprint(params, point, LOCK, STAGES, sources)
    changed = [
        fingerprint(params, Point(0.2, 2), LOCK, STAGES, sources),
        fingerprint(params, Point(0.1, 3), LOCK, STAGES, sources),
        fingerprint(params.model_copy(update={"seed": 2}), point, LOCK, STAGES, sources),
        fingerprint(params.model_copy(update={"threads": 2}), point, LOCK, STAGES, sources),
        fingerprint(params, point, other, STAGES, sources),
    ]
    sources[1].write_text("changed", encoding="utf-8")
    changed.append(fingerprint(params, point, LOCK, STAGES, sources))
    assert len({before, *changed}) == 1 + len(changed)


def test_fingerprint_does_not_change_with_the_point_that_was_run_last(params: Params, sources: list[Path]) -> None:
    select = params.select.model_copy(update={"strength": 0.7, "max_layers": 1})
    last = params.model_copy(update={"select": select})
    lock = {"stages": {**LOCK["stages"], "prune": {"outs": [{"md5": "other"}]}}}
    before = fingerprint(params, Point(0.1, 2), LOCK, STAGES, sources)
    assert before == fingerprint(last, Point(0.1, 2), lock, STAGES, sources)


def test_names_tell_the_points_and_are_git_refs(params: Params, sources: list[Path]) -> None:
    names = name_points(params, grid(params, [0.0001, 0.1], [2]), LOCK, STAGES, sources)
    assert [name.rsplit("-", 1)[0] for name in names] == ["demo-0.0001-2", "demo-0.1-2"]
    for name in names:
        subprocess.run(["git", "check-ref-format", f"refs/exps/ab/{name}"], check=True)


def test_what_points_share_is_made_up_to_date_before(params: Params) -> None:
    shared = sweeping.shared_stages(grid(params, [0.02, 0.1], [2, 6]), LEADING)
    assert shared == [stage.name for stage in LEADING if stage.name not in OF_POINTS]


def test_tasks_are_read_from_dvc_queue_status() -> None:
    tasks = _queue.parse_tasks(STATUS)
    assert tasks["demo-0.02-2-b4d3bda8"] == "Running" and tasks["demo-0.1-2-6178ff35"] == "Success"
    assert tasks["demo-0.02-6-2e8eb653"] == "Queued"  # put in again after it failed
    assert _queue.parse_tasks("No experiment tasks in the queue.\n\nWorker status: 0 active, 0 idle\n") == {}


def test_the_status_is_asked_for_again_where_dvc_stumbles(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[str | None] = [None, STATUS, None, None, None]

    def run(*command: str) -> str:
        if (answer := answers.pop(0)) is None:
            raise click.ClickException("a task has gone")
        return answer

    monkeypatch.setattr(_queue, "_run", run)
    monkeypatch.setattr(_queue.time, "sleep", lambda seconds: None)
    assert _queue.tasks()["demo-0.1-2-6178ff35"] == "Success"
    with pytest.raises(click.ClickException, match="a task has gone"):
        _queue.tasks()
    assert not answers


@pytest.mark.parametrize("count", range(1, 9))
def test_processors_are_shared_out(count: int) -> None:
    processors = list(range(8))
    shares = _queue.shares(processors, count)
    assert sorted(processor for share in shares for processor in share) == processors
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert all(_queue.shares([0, 1], count))  # nobody is left without


def test_workers_are_limited_by_processors_and_threads(params: Params) -> None:
    assert len(params.train_tagger.seeds) == 4
    assert sweeping.worker_count(params, None, 2) == 1
    assert sweeping.worker_count(params, None, 16) == 4
    assert sweeping.worker_count(params, 3, 2) == 2
    assert sweeping.worker_count(params.model_copy(update={"threads": 4}), 3, 2) == 1


def test_stages_that_were_run_are_told_from_the_log() -> None:
    log = "Stage 'a' didn't change, skipping\nRunning stage 'prune':\n> b\nStage 'c' is cached - skipping run"
    assert sweeping.stages_run(log) == ["prune"]


class StandInQueue:
    """A queue that finishes its first task at each look; what is in `failing` fails, `dead` never ends."""

    def __init__(self, done: Collection[str] = (), failing: Collection[str] = (), dead: Collection[str] = ()) -> None:
        self.done, self.failing, self.dead = dict.fromkeys(done, "commit"), set(failing), set(dead)
        self.queued: list[str] = []
        self.failed: list[str] = []
        self.put_names: list[str] = []
        self.puts: list[tuple[Collection[str], Collection[PurePath]]] = []
        self.removed: list[str] = []
        self.stopped = False
        self.starts = 0

    def finished(self, names: Collection[str]) -> dict[str, str]:
        if self.starts and self.queued:
            name = self.queued.pop(0)
            if name in self.failing:
                self.failed.append(name)
            elif name not in self.dead:
                self.done[name] = "commit"
        return {name: self.done[name] for name in names if name in self.done}

    def tasks(self) -> dict[str, str]:
        dead = dict.fromkeys(self.dead, "Running")
        return {**dead, **dict.fromkeys(self.queued, "Queued"), **dict.fromkeys(self.failed, "Failed")}

    def put(
        self, name: str, targets: Collection[str], overrides: Collection[str], copied: Collection[PurePath]
    ) -> None:
        self.puts.append((targets, copied))
        self.queued.append(name)
        self.put_names.append(name)

    def remove_dead(self, names: Collection[str]) -> None:
        self.removed += [name for name in names if name in self.dead]
        self.dead -= set(names)

    def start_workers(self, count: int) -> None:
        self.starts += 1

    def workers(self) -> list[int]:
        return [1] * bool(self.starts and self.queued)

    def stop(self, names: Collection[str]) -> None:
        self.stopped = True

    def baseline(self, commit: str) -> str:
        return f"before {commit}"

    def log(self, name: str) -> str:
        return f"log of {name}\nRunning stage 'prune':"

    def read_from(self, commit: str, path: str) -> str:
        rows = [make_row(name, 83.2, 150_000, [1], []) for name in ("no_lm", "full", "pruned")]
        document = {"rows": rows, "budget_reached_by": "optimiser", "dev_f1_sd": 0.1, "dev_f1": 80.0}
        return json.dumps(document)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No waiting, no tracking, and shared stages that are up to date."""
    monkeypatch.setattr(sweeping, "log_pipeline_run", lambda **given: True)
    monkeypatch.setattr(sweeping, "without_run", lambda names: [])
    monkeypatch.setattr(sweeping, "REFRESH_SECONDS", 0.0)
    monkeypatch.setattr(sweeping, "STATUS_SECONDS", 0.0)
    monkeypatch.setattr(sweeping, "update_shared_stages", lambda *_: None)
    monkeypatch.setattr(sweeping, "end_on_signals", lambda: None)
    monkeypatch.chdir(ROOT)
    return monkeypatch


def use(queue: StandInQueue, quick: pytest.MonkeyPatch) -> None:
    for name in (
        "finished", "tasks", "put", "remove_dead", "start_workers", "workers", "stop", "log", "read_from", "baseline",
    ):  # fmt: skip
        quick.setattr(_queue, name, getattr(queue, name))


def names_of(params: Params, points: list[Point], quick: pytest.MonkeyPatch) -> list[str]:
    """The names that a sweep gives the points."""
    seen: list[str] = []

    def spy(*arguments: Any) -> dict[str, Point]:
        named = name_points(*arguments)
        seen.extend(named)
        return named

    with quick.context() as patch:
        use(StandInQueue(), patch)
        patch.setattr(sweeping, "name_points", spy)
        sweeping.run_sweep(params, points, 1, point_row)
    return seen


def test_all_points_are_run_and_told(params: Params, quick: pytest.MonkeyPatch) -> None:
    points, queue = grid(params, [0.02, 0.1], [2, 6]), StandInQueue()
    use(queue, quick)
    logged: list[dict[str, Any]] = []
    quick.setattr(sweeping, "log_pipeline_run", lambda **given: logged.append(given))
    rows = sweeping.run_sweep(params, points, 2, point_row)
    assert [(row["strength"], row["max_layers"]) for row in rows] == [(p.strength, p.max_layers) for p in points]
    assert len(queue.put_names) == 4 and not queue.stopped
    assert queue.puts == [(["evaluate@gold"], [])] * 4
    # MLflow compares points with whole runs, by the same metrics and tags.
    assert sorted(run["name"] for run in logged) == sorted(queue.put_names)
    first = next(run for run in logged if run["name"] == queue.put_names[0])
    assert (first["tags"]["dvc_exp"], first["tags"]["baseline_rev"]) == (queue.put_names[0], "before commit")
    assert first["params"]["select"]["strength"] == 0.02 and first["metrics"]["test_f1"] == 83.2
    assert first["metrics"]["evaluate_gold/full/test_f1_mean"] == 83.2


def test_points_that_are_there_are_not_run_again(params: Params, quick: pytest.MonkeyPatch) -> None:
    points = grid(params, [0.02, 0.1], [2, 6])
    names = names_of(params, points, quick)
    queue = StandInQueue(done=names[:3])
    use(queue, quick)
    assert len(sweeping.run_sweep(params, points, 1, point_row)) == 4
    assert queue.put_names == names[3:]

    queue = StandInQueue(done=names)
    use(queue, quick)
    assert len(sweeping.run_sweep(params, points, 1, point_row)) == 4
    assert queue.starts == 0


def test_points_that_ended_while_no_sweep_waited_are_logged_once(params: Params, quick: pytest.MonkeyPatch) -> None:
    points, logged = grid(params, [0.02, 0.1], [2]), list[str]()
    names = names_of(params, points, quick)

    def log(**given: Any) -> bool:
        logged.append(given["tags"]["dvc_exp"])
        return True

    use(StandInQueue(done=names), quick)
    quick.setattr(sweeping, "log_pipeline_run", log)
    quick.setattr(sweeping, "without_run", lambda done: [name for name in done if name not in logged])
    for _ in range(2):
        sweeping.run_sweep(params, points, 1, point_row)
    assert logged == names


def test_points_wait_for_mlflow_once(
    params: Params, quick: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    points, tried = grid(params, [0.02, 0.1], [2]), list[str]()
    names = names_of(params, points, quick)
    use(StandInQueue(done=names), quick)
    quick.setattr(sweeping, "log_pipeline_run", lambda **given: tried.append(given["name"]))
    quick.setattr(sweeping, "without_run", list)
    assert len(sweeping.run_sweep(params, points, 1, point_row)) == 2 and tried == names[:1]

    def down(names: Collection[str]) -> list[str]:
        raise ConnectionError("down")

    quick.setattr(sweeping, "without_run", down)
    assert len(sweeping.run_sweep(params, points, 1, point_row)) == 2 and tried == names[:1]
    assert "warning: MLflow does not say which points it has: down; the sweep" in capsys.readouterr().err


def test_what_waits_in_the_queue_is_not_put_in_twice(params: Params, quick: pytest.MonkeyPatch) -> None:
    points = grid(params, [0.02, 0.1], [2])
    names = names_of(params, points, quick)
    queue = StandInQueue()
    queue.queued = names[:1]
    use(queue, quick)
    assert len(sweeping.run_sweep(params, points, 1, point_row)) == 2
    assert queue.put_names == names[1:]


def test_a_point_whose_experiment_was_removed_is_run_again(params: Params, quick: pytest.MonkeyPatch) -> None:
    points = grid(params, [0.02], [2])
    names = names_of(params, points, quick)
    queue = StandInQueue()
    use(queue, quick)
    tasks = queue.tasks
    quick.setattr(_queue, "tasks", lambda: tasks() or {names[0]: "Success"})
    assert len(sweeping.run_sweep(params, points, 1, point_row)) == 1
    assert queue.put_names == names


def test_tasks_of_killed_workers_are_put_in_again(params: Params, quick: pytest.MonkeyPatch) -> None:
    points = grid(params, [0.02, 0.1], [2])
    names = names_of(params, points, quick)
    queue = StandInQueue(dead=names[:1])
    use(queue, quick)
    assert len(sweeping.run_sweep(params, points, 1, point_row)) == 2
    assert queue.removed == names[:1] and queue.put_names == names


@pytest.mark.parametrize("way", ["failing", "dead"])
def test_a_failure_is_told_after_the_others_are_done(
    params: Params, quick: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], way: str
) -> None:
    points = grid(params, [0.02, 0.1, 0.2], [2])
    names = names_of(params, points, quick)
    queue = StandInQueue()
    setattr(queue, way, {names[1]})
    quick.setattr(queue, "remove_dead", lambda names: None)
    use(queue, quick)
    with pytest.raises(click.ClickException, match=f"1 of 3 points failed: {names[1]}"):
        sweeping.run_sweep(params, points, 1, point_row)
    assert set(queue.done) == {names[0], names[2]}
    assert f"log of {names[1]}" in capsys.readouterr().err


def test_a_worker_that_is_gone_is_replaced(params: Params, quick: pytest.MonkeyPatch) -> None:
    queue = StandInQueue()  # has one worker, however many are started
    use(queue, quick)
    points = grid(params, [0.02, 0.1], [2, 6])
    named = {point.label: point for point in points}
    assert sweeping.run_missing(params, named, {}, LEADING, 1) == set() and queue.starts == 1
    queue.done.clear()
    assert sweeping.run_missing(params, named, {}, LEADING, 2) == set() and queue.starts > 2


def test_an_interruption_stops_the_workers(params: Params, quick: pytest.MonkeyPatch) -> None:
    queue = StandInQueue()
    use(queue, quick)
    quick.setattr(_queue, "start_workers", lambda count: sys.exit(128 + signal.SIGTERM))
    with pytest.raises(SystemExit):
        sweeping.run_sweep(params, grid(params, [0.02], [2]), 1, point_row)
    assert queue.stopped


def test_a_point_that_repeats_shared_work_is_told(
    quick: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = StandInQueue()
    use(queue, quick)
    quick.setattr(_queue, "log", lambda name: "Running stage 'pretrain_lm@forward':")
    with tqdm(total=1, disable=True) as progress:
        sweeping.print_success(Point(0.1, 2), "name", "commit", progress)
    assert "warning: name has also run pretrain_lm@forward" in capsys.readouterr().err


def test_living_workers_are_found_and_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand-ins for two workers with one number, each in a process group with what it runs, and for one elsewhere."""
    monkeypatch.setattr(_queue, "STATE", tmp_path)
    monkeypatch.setattr(_queue, "tasks", dict)
    names = [hashlib.sha256(str(path).encode()).hexdigest()[:6] for path in (tmp_path, tmp_path, tmp_path / "other")]
    *mine, other = (
        subprocess.Popen(
            ["sh", "-c", "sleep 60 & wait", "queue-worker", f"dvc-exp-{name}-1@localhost"], start_new_session=True
        )
        for name in names
    )
    try:
        deadline = time.monotonic() + 5
        while len(_queue.workers()) < 2 and time.monotonic() < deadline:  # until sh has replaced this process's image
            time.sleep(0.02)
        expected = [_queue.Worker(1, worker.pid, worker.pid) for worker in mine]
        assert sorted(_queue.workers(), key=lambda worker: worker.process) == expected
        _queue.stop(["name"])
        assert [worker.wait(timeout=5) for worker in mine] == [-signal.SIGTERM] * 2
        assert other.poll() is None
    finally:
        for process in (*mine, other):
            process.kill()
            process.wait()


def test_finished_experiments_are_read_from_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics/a.json").write_text("{}", encoding="utf-8")
    make_repository(tmp_path)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    for ref in (f"refs/exps/{commit[:2]}/{commit[2:]}/demo-0.1-2-aa", "refs/exps/celery/stash", "refs/heads/demo"):
        subprocess.run(["git", "update-ref", ref, commit], check=True)
    assert _queue.finished(["demo-0.1-2-aa", "demo", "stash"]) == {"demo-0.1-2-aa": commit}
    assert _queue.read_from(commit, "metrics/a.json") == "{}"
    with pytest.raises(click.ClickException, match=f"git show {commit}:b.json: fatal"):
        _queue.read_from(commit, "b.json")


def test_sizes_take_brought_data_with_them_and_end_with_both_trainings(
    params: Params, quick: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    queue = StandInQueue()
    use(queue, quick)
    values = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    own = tmp_path / "params.yaml"
    own.write_text(yaml.safe_dump({**values, "data": "mine", "generate_data": {}}), encoding="utf-8")
    size = Size(250, (1,))
    stages = leading_to(read_stages(ROOT / "dvc.yaml", own), size.targets)
    assert sweeping.run_missing(params, {size.label: size}, {}, stages, 1) == set()
    assert queue.puts == [(["evaluate@gold", "evaluate@taught"], [PurePosixPath("data/raw/mine")])]
