"""Work spread over processes, its results in the order of the tasks and its memory bounded."""

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Protocol, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


class OrderedMap(Protocol):
    """What applies a function to each task and yields the results in the order of the tasks."""

    def __call__(self, function: Callable[[Task], Result], tasks: Iterable[Task], /) -> Iterator[Result]: ...


@contextmanager
def ordered_map(processes: int) -> Iterator[OrderedMap]:
    """A `map` that works in so many other processes, or in this one if that is 1.

    Tasks are taken from the iterable only when a process will soon be free for them, so that they may be large.
    """
    if processes == 1:
        yield map
        return
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), end_with_parent) as pool:

        def results(function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
            waiting: deque[Future[Result]] = deque()
            for task in tasks:
                waiting.append(pool.submit(function, task))
                if len(waiting) > processes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

        yield results


def end_with_parent() -> None:
    """Let a worker end as soon as its parent does, even a parent that was killed."""

    def wait() -> None:
        parent = multiprocessing.parent_process()
        assert parent is not None
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
