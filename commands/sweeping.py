"""The points of a sweep: run as DVC experiments, several at a time, logged to MLflow, and what they measured."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import pandas as pd
from tqdm import tqdm

from commands.reproduce import DVC, GROUPS, check_data, groups_among, run_groups
from commands.supervision import end_on_signals
from commands.workspace import without_experiments
from ldnet.command_line import echo
from ldnet.errors import InputError
from ldnet.printable import printable
from ldnet.processors import processors
from pipeline.experiments import queue as _queue
from pipeline.experiments.points import TRAINING, AnyExperiment, Experiment, name_points
from pipeline.experiments.rows import experiment_row
from pipeline.experiments.stage_graph import PIPELINE, Stage, brought, code, leading_to, read_stages
from pipeline.params import Params, experiment_values
from pipeline.report.measurements import flat_metrics
from pipeline.report.results import evaluated_rows
from pipeline.report.run_comparison import comparison_view, headline_metrics
from pipeline.six_taggers import metrics_name
from pipeline.tracking import log_pipeline_run
from pipeline.tracking_store import WAIT_SECONDS, TrackingError, within, without_run
from pipeline.yaml_text import read_lock

REFRESH_SECONDS, STATUS_SECONDS = 1.0, 15.0  # asking DVC for the status takes a second of computing
LOG_LINES = 20
Row = dict[str, Any]


def run_sweep(
    params: Params,
    points: Sequence[AnyExperiment],
    jobs: int | None,
    row: Callable[[AnyExperiment, Mapping[str, Any]], Row],
) -> list[Row]:
    """The results of all points, in their order; `row` makes each of the point and its metrics files by name.

    Raises ClickException if some failed, when the others are done.
    """
    end_on_signals()
    stages = leading_to(read_stages(), points[0].targets)
    update_shared_stages(params, points, stages)
    lock = read_lock(Path("dvc.lock"))
    named = name_points(params, points, lock, stages, [PIPELINE, *code(stages)])
    done = _queue.finished(named)
    if done:
        echo(f"{len(done)} of {len(named)} points are finished already")
        track_missed(params, named, done)
    if len(done) < len(named):
        try:
            failed = run_missing(params, named, done, stages, worker_count(params, jobs, processors()))
        except BaseException:
            echo("stopping the workers; run the same command again to resume with the missing points", err=True)
            _queue.stop(named)
            raise
        if failed:
            raise click.ClickException(f"{len(failed)} of {len(named)} points failed: {', '.join(sorted(failed))}")
        done = _queue.finished(named)
    return [result(named[name], name, done[name], row) for name in named]


@without_experiments()
def update_shared_stages(params: Params, points: Sequence[Experiment], stages: Collection[Stage]) -> None:
    """Run what all or most points share of the `stages`, once and here, if it is not up to date."""
    check_data(params, Path("data/raw"))
    shared = shared_stages(points, stages)
    if subprocess.run([*DVC, "status", "--quiet", *shared], stdout=subprocess.DEVNULL).returncode != 0:
        groups = groups_among(shared)
        alone = [(stage,) for stage in shared if not any(stage in group for group in GROUPS)]
        run_groups([*groups, *alone])


def shared_stages(points: Sequence[Experiment], stages: Collection[Stage]) -> list[str]:
    """The stages that at least one point takes as they are, in their order."""
    own = [point.stages(stages) for point in points]
    return [stage.name for stage in stages if not all(stage.name in of_point for of_point in own)]


def worker_count(params: Params, jobs: int | None, cores: int) -> int:
    """How many points run at a time: no more than processors for params.threads each.

    Left open, as many as the processors can take while all of them train their seeds side by side.
    """
    most = max(1, cores // params.threads)
    if jobs is None:
        return max(1, most // len(params.train_tagger.seeds))
    if jobs > most:
        echo(f"{jobs} points at a time are too many for {cores} processors; taking {most}", err=True)
    return min(jobs, most)


def run_missing(
    params: Params, named: Mapping[str, Experiment], done: Mapping[str, str], stages: Collection[Stage], jobs: int
) -> set[str]:
    """Run the points that are not in `done`; the names of those that failed."""
    missing = [name for name in named if name not in done]
    _queue.remove_dead(missing)
    waiting = _queue.tasks()  # workers outlive a sweep that was killed outright
    if others := [name for name, status in waiting.items() if name not in named and status == "Queued"]:
        echo(f"the workers run what waits in DVC's queue besides: {', '.join(others)}", err=True)
    for name in tqdm(missing, desc="queueing", unit=" points", disable=None, leave=False):
        if waiting.get(name) not in ("Queued", "Running"):
            point = named[name]
            _queue.put(name, point.targets, point.overrides(), brought(stages, point.stages(stages)))
    echo(f"running {len(missing)} of {len(named)} points, {jobs} at a time", err=True)
    _queue.start_workers(jobs)
    with tqdm(total=len(named), initial=len(done), desc="sweep", unit=" points", disable=None) as progress:
        return wait(params, named, set(missing), jobs, progress)


def wait(
    params: Params, named: Mapping[str, Experiment], missing: set[str], jobs: int, progress: "tqdm[Any]"
) -> set[str]:
    """Wait until each missing point has succeeded or failed, and print each; the names of the failed ones."""
    failed: set[str] = set()
    asked = time.monotonic()
    while missing:
        time.sleep(REFRESH_SECONDS)
        alive = len(_queue.workers())  # before looking for results: what is not there now will not come
        for name, commit in _queue.finished(missing).items():
            missing.remove(name)
            print_success(named[name], name, commit, progress)
            track(params, named[name], name, commit)
        if not missing or (alive and time.monotonic() - asked < STATUS_SECONDS):
            continue
        now, asked = _queue.tasks(), time.monotonic()
        running = [name for name in missing if now.get(name) == "Running"]
        progress.set_postfix_str(", ".join(named[name].label for name in running))
        queued = {name for name in missing if now.get(name) == "Queued"}
        lost = {name for name in missing if now.get(name) == "Failed" or not (alive or name in queued)}
        for name in sorted(lost - set(_queue.finished(lost))):
            missing.remove(name)
            failed.add(name)
            print_failure(name)
        if queued and alive < jobs:  # some had nothing to do, and left just before these came, or were killed
            _queue.start_workers(jobs)
    return failed


def print_success(point: Experiment, name: str, commit: str, progress: "tqdm[Any]") -> None:
    """Print the result of a point, and a warning should it have computed anything that all points share."""
    row = result(point, name, commit, experiment_row)
    progress.write(
        f"{point.title}: dev F1 {row['dev_f1_mean']:.2f}, "
        f"{row['macs_per_word'] / 1e6:.3f} M multiply-accumulates a word"
    )
    progress.update()
    if repeated := set(stages_run(_queue.log(name))) - point.stages(leading_to(read_stages(), point.targets)):
        progress.write(f"warning: {name} has also run {', '.join(sorted(repeated))}", sys.stderr)


def track_missed(params: Params, named: Mapping[str, Experiment], done: Mapping[str, str]) -> None:
    """Log the finished points that MLflow has no run of: the sweep was killed before they ended, or MLflow was down."""
    try:
        missed = within(WAIT_SECONDS, lambda: without_run(done))
    except TrackingError as error:
        echo(f"warning: MLflow does not say which points it has: {error}; the sweep continues", err=True)
        return
    for name in missed:
        if not track(params, named[name], name, done[name]):
            return  # each point would wait as long as this one


def track(params: Params, point: Experiment, name: str, commit: str) -> bool:
    """Log the point to MLflow as the stage report logs a whole run; points end before that stage. Whether all is
    written."""
    metrics = metrics_of(point, commit)
    made_on = {"git_commit": commit, "baseline_rev": _queue.baseline(commit)}
    numbers = {**headline_metrics(evaluated_rows(metrics, TRAINING).values()), **flat_metrics(metrics)}
    return log_pipeline_run(
        params=experiment_values(point.params(params)),
        metrics=numbers,
        artifacts=[],
        tables={"rows": pd.concat([pd.DataFrame(metrics[f"evaluate_{name}"]["rows"]) for name in point.trainings])},
        tags={"profile": params.profile, "dvc_exp": name, **made_on},
        stage_outs={},
        note=f"A point: {point.title}. Its taggers: {' and '.join(point.trainings)}.\n",
        view=comparison_view(numbers),
        name=name,
    )


def stages_run(log: str) -> list[str]:
    """The stages that were computed, neither up to date nor from the cache, by the log of an experiment."""
    return re.findall(r"(?m)^Running stage '(.+)'", log)


def print_failure(name: str) -> None:
    """Print the last lines of the log of a failed point."""
    end = "\n".join(f"  {line}" for line in _queue.log(name).splitlines()[-LOG_LINES:])
    said = f"{name} failed. The last lines of its log (all of it: `dvc queue logs {name}`):\n{end}"
    tqdm.write(printable(said), sys.stderr)


def result(point: AnyExperiment, name: str, commit: str, row: Callable[[AnyExperiment, Mapping[str, Any]], Row]) -> Row:
    """What the experiment measured. Raises InputError if it lacks a metric."""
    try:
        return row(point, metrics_of(point, commit))
    except InputError as error:
        raise InputError(f"experiment {name}: {error}") from None


def metrics_of(point: Experiment, commit: str) -> dict[str, Any]:
    """The metrics files of an experiment that its point is measured by."""
    stages = ["prepare_conll", "select", "prune"]
    for training in point.trainings:
        stages += [metrics_name("pruned", training), f"evaluate_{training}"]
    return {stage: json.loads(_queue.read_from(commit, f"metrics/{stage}.json")) for stage in stages}
