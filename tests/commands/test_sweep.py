"""Sweeps: what is run, what is run again and what is not, and what is said of it."""

import json
import signal
import sys
from collections.abc import Collection
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

import click
import pytest
import yaml
from tqdm import tqdm

from commands import sweeping
from pipeline.experiments import queue as _queue
from pipeline.experiments.learning_curve import Size
from pipeline.experiments.points import (
    Point,
    grid,
    name_points,
)
from pipeline.experiments.regularisation_path import point_row
from pipeline.experiments.stage_graph import leading_to, read_stages
from pipeline.params import Params
from tests.experiment_factories import LEADING, OF_POINTS
from tests.imports import ROOT
from tests.report_factories import make_row


def test_what_points_share_is_made_up_to_date_before(params: Params) -> None:
    shared = sweeping.shared_stages(grid(params, [0.02, 0.1], [2, 6]), LEADING)
    assert shared == [stage.name for stage in LEADING if stage.name not in OF_POINTS]


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
