"""DVC's own queue, on a pipeline that echoes a parameter, and what it says of its tasks and workers."""

import hashlib
import os
import signal
import subprocess
import time
from pathlib import Path, PurePath

import click
import pytest

from pipeline.experiments import queue as _queue
from tests.git_repository import commit_all, make_repository

PIPELINE = """
stages:
  a:
    cmd: "test ${x} != 9 || { echo no nines; exit 1; }; echo ${x} > o"
    params: [x]
    outs: [{o: {cache: false}}]
  b:
    cmd: "cp o p"
    deps: [o]
    outs: [{p: {cache: false}}]
  c:
    cmd: "cp raw/data/text q"
    deps: [raw/data]
    params: [x]
    outs: [{q: {cache: false}}]
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A committed DVC repository whose stage fails where x is 9, with an edit that is not committed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    (tmp_path / "dvc.yaml").write_text(PIPELINE, encoding="utf-8")
    (tmp_path / "params.yaml").write_text("x: 1\n", encoding="utf-8")
    make_repository(tmp_path)
    subprocess.run(["dvc", "init", "-q"], check=True)
    commit_all(tmp_path)
    (tmp_path / "params.yaml").write_text("x: 1  # edited\n", encoding="utf-8")
    return tmp_path


def head() -> str:
    """The commit that is checked out."""
    return subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()


def test_experiments_go_in_and_results_come_out(repository: Path) -> None:
    for number in (5, 9):
        _queue.put(f"p{number}", ["a"], [f"x={number}"])
    assert (repository / "params.yaml").read_text(encoding="utf-8") == "x: 1  # edited\n"
    started = time.monotonic()
    _queue.start_workers(1)
    try:
        assert [worker.number for worker in _queue.workers()] == [1]
        while not _queue.finished(["p5"]) or set(_queue.tasks().values()) & {"Queued", "Running"}:
            assert time.monotonic() < started + 300
            time.sleep(0.5)
        assert _queue.tasks() == {"p5": "Success", "p9": "Failed"}
        done = _queue.finished(["p5", "p9"])
        assert _queue.read_from(done["p5"], "o") == "5\n" and list(done) == ["p5"]
        assert "'b'" not in _queue.log("p5")  # which the target does not need
        assert _queue.baseline(done["p5"]) == head()
        assert "no nines" in _queue.log("p9")
    finally:
        _queue.stop(["p9"])
    assert _queue.workers() == [] and _queue.tasks() == {"p5": "Success"}


def test_busy_workers_are_not_started_again(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DVC would: it asks them, and waits a second for the answer. From a path with a link, too."""
    (repository / "link").symlink_to(repository)
    monkeypatch.chdir(repository / "link")
    _queue.put("p5", ["a"], ["x=5"])
    _queue.start_workers(1)
    try:
        [worker] = _queue.workers()
        os.kill(worker.process, signal.SIGSTOP)
        try:
            _queue.start_workers(1)
            assert _queue.workers() == [worker]
        finally:
            os.kill(worker.process, signal.SIGCONT)
    finally:
        _queue.stop(["p5"])


def test_all_targets_run_and_data_that_was_brought_is_copied_to_them(repository: Path) -> None:
    (repository / ".git" / "info" / "exclude").write_text("/raw/\n", encoding="utf-8")
    (repository / "raw" / "data").mkdir(parents=True)
    (repository / "raw" / "data" / "text").write_text("brought\n", encoding="utf-8")
    _queue.put("brought", ["a", "c"], ["x=3"], [PurePath("raw/data")])
    _queue.start_workers(1)
    try:
        deadline = time.monotonic() + 300
        while not (done := _queue.finished(["brought"])) and _queue.tasks()["brought"] != "Failed":
            assert time.monotonic() < deadline
            time.sleep(0.5)
        assert done, _queue.log("brought")
        assert [_queue.read_from(done["brought"], file) for file in ("o", "q")] == ["3\n", "brought\n"]
    finally:
        _queue.stop(["brought"])


def test_workers_that_end_by_themselves_while_they_are_stopped_are_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """And after each of the signals the workers have the time to end."""
    alive = [[_queue.Worker(1, 5, 5)]] * 5 + [[]] * 9
    sent, waited = [], []

    def gone(group: int, number: int) -> None:
        sent.append(number)
        raise ProcessLookupError

    monkeypatch.setattr(_queue, "tasks", dict)
    monkeypatch.setattr(_queue, "workers", lambda: alive.pop(0))
    monkeypatch.setattr("os.killpg", gone)
    monkeypatch.setattr("time.sleep", waited.append)
    monkeypatch.setattr("time.monotonic", iter([0.0, 1.0, 99.0, 100.0, 101.0]).__next__)
    _queue.stop(["x"])
    assert sent == [signal.SIGTERM, signal.SIGKILL] and len(waited) == 2, "once after each"


STATUS = """Task     Name                  Created       Status
3a87363  demo-0.02-2-b4d3bda8  03:25 PM      Running
d6b4cde  demo-0.02-6-2e8eb653  Nov 23, 2026  Queued
944ec7b                        03:26 PM      Queued
0a4ec7b  demo-0.02-6-2e8eb653  03:20 PM      Failed
1a4ec7b  demo-0.1-2-6178ff35   03:20 PM      Success

Worker status: 1 active, 0 idle
"""


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
            process.wait(timeout=5)


def test_finished_experiments_are_read_from_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics/a.json").write_text("{}", encoding="utf-8")
    make_repository(tmp_path)
    commit = head()
    for ref in (f"refs/exps/{commit[:2]}/{commit[2:]}/demo-0.1-2-aa", "refs/exps/celery/stash", "refs/heads/demo"):
        subprocess.run(["git", "update-ref", ref, commit], check=True)
    assert _queue.finished(["demo-0.1-2-aa", "demo", "stash"]) == {"demo-0.1-2-aa": commit}
    assert _queue.read_from(commit, "metrics/a.json") == "{}"
    with pytest.raises(click.ClickException, match=f"git show {commit}:b.json: fatal"):
        _queue.read_from(commit, "b.json")
