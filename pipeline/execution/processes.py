"""Work spread over processes, its results in the order of the tasks and its memory bounded."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Protocol, TypeVar

from ldnet.processors import processors

Task = TypeVar("Task")
Result = TypeVar("Result")


class OrderedMap(Protocol):
    """What applies a function to each task and yields the results in the order of the tasks."""

    def __call__(self, function: Callable[[Task], Result], tasks: Iterable[Task], /) -> Iterator[Result]: ...


def processes_for(tasks: int, threads: int) -> int:
    """How many processes work on so many tasks at once, each of so many threads; one task has one at least."""
    return min(tasks, max(1, processors() // threads))


@contextmanager
def ordered_map(processes: int) -> Iterator[OrderedMap]:
    """A `map` that works in so many other processes, or in this one if that is 1.

    Tasks are taken from the iterable only when a process will soon be free for them, so that they may be large.
    The pool's own `map` takes all at once. It also cancels the others where one fails, and if the workers are gone as
    well, a thread of the pool ends with a traceback, and workers may be left (Python 3.11). `worker_pool` cancels tasks
    in the pool's own way.
    """
    if processes == 1:
        yield map
        return
    with worker_pool(processes) as pool:

        def results(function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
            waiting: deque[Future[Result]] = deque()
            for task in tasks:
                waiting.append(pool.submit(function, task))
                if len(waiting) > processes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

        yield results


@contextmanager
def worker_pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    """So many processes, all of them started.

    Each call of submit starts one process unless one is idle, and the pool watches that one only from the next call on:
    the death of the last would go unnoticed. So no worker begins before all are started. Ctrl-C reaches workers as
    well; it waits until they can bear it (see `begin_worker`). Nor can a pool be shut down whose start was broken off.
    """
    context = multiprocessing.get_context("spawn")
    starting, all_started = context.Pipe(duplex=False)  # an event would wait for workers that a signal has ended
    with starting, ProcessPoolExecutor(processes, context, _begin_together, (starting,)) as pool:
        try:
            with _signals_later():
                signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
                try:
                    with all_started:
                        for _ in range(processes + 1):
                            pool.submit(os.getpid)
                finally:
                    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
            yield pool
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


@contextmanager
def _signals_later() -> Iterator[None]:
    """Call the handler of a signal that comes inside when all of that is done. Only the main thread has handlers."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    usual = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    ours = {number: handler for number, handler in usual.items() if callable(handler)}
    for number in ours:
        signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)
        for late in came:
            signal.raise_signal(late)


def _begin_together(starting: Connection) -> None:
    begin_worker()
    starting.poll(None)  # until the other end is closed


def begin_worker() -> None:
    """Let a worker end in silence on Ctrl-C, and as soon as its parent does, even a parent that was killed."""

    def wait() -> None:
        parent = multiprocessing.parent_process()
        assert parent is not None
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
