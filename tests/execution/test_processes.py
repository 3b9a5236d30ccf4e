"""Work in several processes against the builtin map."""

import multiprocessing
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from typing import Any

import pytest

from ldnet.errors import InputError
from pipeline.execution.processes import ordered_map, worker_pool


def square(number: int) -> int:
    if number < 0:
        raise InputError(f"{number}: expected 0 or more")
    return number * number


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_the_order_of_the_tasks(processes: int) -> None:
    with ordered_map(processes) as run:
        assert list(run(square, iter(range(20)))) == [square(number) for number in range(20)]
        with pytest.raises(InputError, match="-1: expected"):
            list(run(square, [1, -1, -2]))


def test_tasks_are_taken_when_they_are_due() -> None:
    taken = []

    def tasks() -> Iterator[int]:
        for number in range(50):
            taken.append(number)
            yield number

    with ordered_map(2) as run:
        results = run(square, tasks())
        assert next(results) == 0
        assert len(taken) == 3, "one for each process, and one waiting"
        assert len(list(results)) == 49


def test_all_workers_are_started_however_long_that_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    submit = ProcessPoolExecutor.submit

    def submit_slowly(*arguments: Any) -> Future[Any]:
        future = submit(*arguments)
        wait([future], timeout=1.5)  # the first worker would be idle before the second is started, if it had begun
        return future

    with monkeypatch.context() as slow:
        slow.setattr(ProcessPoolExecutor, "submit", submit_slowly)
        with worker_pool(2) as pool:
            assert len(multiprocessing.active_children()) == 2
            assert pool.submit(square, 3).result() == 9


def test_a_signal_that_ends_the_workers_is_all_that_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    complaints: list[threading.ExceptHookArgs] = []

    def stop(*_: object) -> None:
        for worker in multiprocessing.active_children():
            worker.kill()
        raise KeyboardInterrupt

    monkeypatch.setattr(threading, "excepthook", complaints.append)
    before = signal.signal(signal.SIGALRM, stop)
    try:
        with pytest.raises(KeyboardInterrupt), ordered_map(2) as run:
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            list(run(time.sleep, [60.0] * 200))
    finally:
        signal.signal(signal.SIGALRM, before)
    assert not complaints and not multiprocessing.active_children()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("begun", [False, True])
def test_a_signal_while_the_pool_starts_waits(
    number: signal.Signals, begun: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pool whose own thread has not begun cannot be shut down: joining it is a RuntimeError, or never ends."""
    start, main, reached = threading.Thread.start, threading.main_thread(), []

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    def start_and_stop(thread: threading.Thread) -> None:
        if threading.current_thread() is not main:
            return start(thread)
        reached.append(thread)
        if begun:
            start(thread)
        signal.raise_signal(number)
        return None if begun else start(thread)

    before = signal.signal(number, stop)
    try:
        with monkeypatch.context() as stopping:
            stopping.setattr(threading.Thread, "start", start_and_stop)
            with pytest.raises(KeyboardInterrupt), worker_pool(2):
                pytest.fail("the signal was lost")
    finally:
        signal.signal(number, before)
    assert len(reached) == 1 and not multiprocessing.active_children()


def test_a_task_that_fails_ends_those_that_wait() -> None:
    with pytest.raises(InputError, match="-1: expected"), ordered_map(2) as run:
        for result in run(square, [2, -1, *range(500)]):
            assert result == 4
