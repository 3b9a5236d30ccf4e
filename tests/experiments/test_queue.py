"""DVC's own queue, on a pipeline that echoes a parameter."""

import os
import signal
import subprocess
import time
from pathlib import Path, PurePath

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
        assert _queue.baseline(done["p5"]) == _queue._run("git", "rev-parse", "HEAD").strip()
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
    [worker] = _queue.workers()
    try:
        os.kill(worker.process, signal.SIGSTOP)
        _queue.start_workers(1)
        assert _queue.workers() == [worker]
    finally:
        os.kill(worker.process, signal.SIGCONT)
        _queue.stop(["p5"])


def test_all_targets_run_and_data_that_was_brought_is_copied_to_them(repository: Path) -> None:
    (repository / ".git" / "info" / "exclude").write_text("/raw/\n", encoding="utf-8")
    (repository / "raw" / "data").mkdir(parents=True)
    (repository / "raw" / "data" / "text").write_text("brought\n", encoding="utf-8")
    _queue.put("brought", ["a", "c"], ["x=3"], [PurePath("raw/data")])
    _queue.start_workers(1)
    deadline = time.monotonic() + 60
    while not (done := _queue.finished(["brought"])) and _queue.tasks()["brought"] != "Failed":
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert done, _queue.log("brought")
    assert [_queue.read_from(done["brought"], file) for file in ("o", "q")] == ["3\n", "brought\n"]


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
