"""A pool of processes without processes: a process of its own would load torch, seconds for each pool."""

import concurrent.futures
from collections.abc import Callable
from typing import Any

import pytest


class OneProcess:
    """Takes the place of a pool of processes: tasks are done at once, in this process."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """The number of processes and the like are of no interest."""

    def __enter__(self) -> "OneProcess":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def shutdown(self, *, cancel_futures: bool) -> None:
        """No task is waiting."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> "concurrent.futures.Future[Any]":
        """The result, which is there already."""
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        future.set_result(function(*arguments))
        return future


def in_one_process(patch: pytest.MonkeyPatch) -> None:
    """Let stages that run in this process do all their work here."""
    patch.setattr("pipeline.execution.processes.ProcessPoolExecutor", OneProcess)
