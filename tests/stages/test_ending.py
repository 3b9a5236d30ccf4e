"""Stages that are stopped or lose a worker: one line, and nothing of them is left. Each is a process of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.imports import ROOT

STAGE = """
import multiprocessing.util
import os
import signal
import time

import click
from tqdm import tqdm

from pipeline.execution.processes import ordered_map
from stages._run import StageCommand

start = multiprocessing.util.spawnv_passfds
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # also where the tests run under nohup, or in the background
signal.signal(signal.SIGINT, signal.default_int_handler)


def task(number: int) -> None:
    with tqdm(total=1, disable=None):
        print(f"at {number}", flush=True)
    if number == BROKEN:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60 if number >= 0 else 0)


def starting(path, words, *others):
    worker = start(path, words, *others)
    if b"spawn_main" in b"".join(os.fsencode(word) for word in words):
        signal.raise_signal(signal.SIGTERM)
    return worker


if EARLY:
    multiprocessing.util.spawnv_passfds = starting


@click.command(cls=StageCommand)
def main() -> None:
    with ordered_map(2) as run:
        list(run(task, [0, 1]))
    print("whole")


if __name__ == "__main__":
    main()
"""


def start(folder: Path, stage: str = STAGE, early: bool = False, broken: int | None = None) -> "subprocess.Popen[str]":
    script = folder / "stage.py"
    script.write_text(f"EARLY, BROKEN = {early}, {broken}\n{stage}", encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, str(script)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ending(process: "subprocess.Popen[str]") -> tuple[int, list[str]]:
    """Status and what was said, when all that could write has ended."""
    said = process.communicate(timeout=60)[1].splitlines()
    return process.returncode, said


STOPPED = "stopped by {}: what is finished is kept; start the same command again to resume"


# SIGHUP to the group ends the tracker of Python's semaphores as well, which complains; its terminal is gone then.
@pytest.mark.parametrize(("number", "group"), [(signal.SIGTERM, False), (signal.SIGTERM, True), (signal.SIGHUP, False)])
def test_a_signal(tmp_path: Path, number: signal.Signals, group: bool) -> None:
    process = start(tmp_path)
    assert process.stdout is not None and process.stdout.readline().startswith("at ")
    os.killpg(process.pid, number) if group else process.send_signal(number)
    assert ending(process) == (128 + number, [STOPPED.format(number.name)])


@pytest.mark.parametrize("group", [False, True])
def test_ctrl_c(tmp_path: Path, group: bool) -> None:
    """From a terminal it reaches the workers as well."""
    process = start(tmp_path)
    assert process.stdout is not None and process.stdout.readline().startswith("at ")
    os.killpg(process.pid, signal.SIGINT) if group else process.send_signal(signal.SIGINT)
    status, said = ending(process)
    assert status == 130 and said == ["", STOPPED.format("Ctrl-C").replace("stopped by Ctrl-C", "interrupted")]


def test_a_signal_while_a_worker_starts(tmp_path: Path) -> None:
    """A worker whose parent is gone before it has told it what to do would complain of an EOFError.

    Ten times: a worker that has not even a command line yet is met in one of five.
    """
    for _ in range(10):
        assert ending(start(tmp_path, early=True)) == (128 + signal.SIGTERM, [STOPPED.format("SIGTERM")])


def test_a_worker_that_is_killed(tmp_path: Path) -> None:
    status, said = ending(start(tmp_path, broken=1))
    assert status == 1 and len(said) == 1
    assert said[0].startswith("Error: a worker of this stage was killed, as the system does where memory is short")


FINALIZER = """
import signal
import time

import click

from stages._run import StageCommand

signal.signal(signal.SIGINT, signal.default_int_handler)


class Stopping:
    def __del__(self) -> None:
        signal.raise_signal(NUMBER)


@click.command(cls=StageCommand)
def main() -> None:
    Stopping()
    time.sleep(60)


if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize(("number", "word"), [(signal.SIGTERM, "stopped by SIGTERM"), (signal.SIGINT, "interrupted")])
def test_a_signal_during_a_finalizer(tmp_path: Path, number: signal.Signals, word: str) -> None:
    """Python lets no exception out of one: the stage used to print a traceback and to go on."""
    status, said = ending(start(tmp_path, FINALIZER.replace("NUMBER", str(int(number)))))
    assert status == 128 + number and said[-1] == STOPPED.format("").replace("stopped by ", word) and not any(said[:-1])
