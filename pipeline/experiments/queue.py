"""DVC's experiment queue, through its command line: tasks go in, workers run them, git refs hold the results."""

import hashlib
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePath

import click
import psutil

STATE = Path(".dvc/tmp/exps/celery")  # where workers keep the queue, and write what goes wrong
STATUS_ATTEMPTS = 3
START_SECONDS, STOP_SECONDS = 10.0, 30.0
_TASK = re.compile(r"[0-9a-f]{7}\s+(\S+)\s.*\s(Queued|Running|Failed|Success)")
_REF = re.compile(r"(\w{40}) refs/exps/\w{2}/\w{38}/(\S+)")


def finished(names: Collection[str]) -> dict[str, str]:
    """The commits of those experiments among `names` that have succeeded."""
    listed = _run("git", "for-each-ref", "--format=%(objectname) %(refname)", "refs/exps")
    found = {match[2]: match[1] for line in listed.splitlines() if (match := _REF.fullmatch(line))}
    return {name: found[name] for name in names if name in found}


def read_from(commit: str, path: str) -> str:
    """A file of an experiment."""
    return _run("git", "show", f"{commit}:{path}")


def baseline(commit: str) -> str:
    """The commit that an experiment was tried on."""
    return _run("git", "rev-parse", f"{commit}^").strip()


def tasks() -> dict[str, str]:
    """Queued, Running, Failed or Success for each task in the queue."""
    for _ in range(STATUS_ATTEMPTS - 1):  # DVC stumbles over a task that is just changing its state
        try:
            return parse_tasks(_run("dvc", "queue", "status"))
        except click.ClickException:
            time.sleep(1)
    return parse_tasks(_run("dvc", "queue", "status"))


def parse_tasks(text: str) -> dict[str, str]:
    """Names and statuses in the output of `dvc queue status`. DVC lists what runs or waits before what is over."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if match := _TASK.fullmatch(line.strip()):
            found.setdefault(match[1], match[2])
    return found


def put(name: str, targets: Collection[str], overrides: Collection[str], copied: Collection[PurePath] = ()) -> None:
    """Put an experiment into the queue, which runs the stages `targets` and those that they need.

    Data that was brought is neither in git nor in DVC's cache, so it is missing where workers run. Most experiments do
    not need it: the stages that read it are up to date, and --allow-missing lets them pass. For others it is `copied`.
    """
    options = [word for override in overrides for word in ("--set-param", override)]
    options += [word for path in copied for word in ("--copy-paths", str(path))]
    # DVC puts the edits in the workspace aside for a moment: a signal must not come in between.
    held = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        _run("dvc", "exp", "run", "--queue", "--quiet", "--allow-missing", "--name", name, *targets, *options)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def start_workers(count: int) -> None:
    """Have so many workers, counting those that run already. They end by themselves when the queue is empty.

    Each gets processors of its own: training starts as many processes as the machine has processors, so one point
    would take them from the others.
    """
    if len(workers()) < count:  # DVC asks those that run as well, but does not wait for one that is busy
        with tempfile.TemporaryFile() as said:  # not a pipe: the workers inherit it, and its end would come with theirs
            command = ["dvc", "queue", "start", "--jobs", str(count)]
            if subprocess.run(command, stdout=said, stderr=subprocess.STDOUT).returncode != 0:
                said.seek(0)
                raise click.ClickException(f"dvc queue start: {said.read().decode().strip()}")
    deadline = time.monotonic() + START_SECONDS
    while len(started := workers()) < count and time.monotonic() < deadline:
        time.sleep(0.1)
    if not started:
        raise click.ClickException(f"no worker of DVC's queue has started; {STATE}/*.out say why")
    for worker in started if hasattr(os, "sched_setaffinity") else []:  # Linux
        share = shares(sorted(os.sched_getaffinity(0)), max(count, worker.number))[worker.number - 1]
        for thread in Path(f"/proc/{worker.process}/task").glob("*"):
            with suppress(ProcessLookupError):  # threads come and go
                os.sched_setaffinity(int(thread.name), share)


def shares(processors: Sequence[int], count: int) -> list[Sequence[int]]:
    """The processors in `count` parts, as equal as can be; neighbours stay together."""
    ends = [number * len(processors) // count for number in range(count + 1)]
    return [processors[start:end] or processors for start, end in pairwise(ends)]


@dataclass(frozen=True)
class Worker:
    """A worker of the queue. Its process group is the worker, what it runs, and nothing else."""

    number: int  # from 1
    process: int
    group: int


def workers() -> list[Worker]:
    """The workers of this workspace that are alive, by their command lines.

    DVC notes one process for each number only. A worker that was busy while DVC asked for it has a second beside it.
    """
    workspace = hashlib.sha256(str(STATE.resolve()).encode()).hexdigest()[:6]
    name = re.compile(rf"dvc-exp-{workspace}-(\d+)@localhost")
    alive = []
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        numbers = [int(found[1]) for word in command if (found := name.fullmatch(word))]
        if numbers and "queue-worker" in command:
            with suppress(ProcessLookupError):  # it has just ended
                alive.append(Worker(numbers[0], process.pid, os.getpgid(process.pid)))
    return alive


def stop(names: Collection[str]) -> None:
    """Stop the workers and all that they run, and take the tasks `names` out of the queue."""
    with suppress(click.ClickException):  # a worker takes one of them
        _remove_waiting(names)  # at once, should another signal end this
    for number in (signal.SIGTERM, signal.SIGKILL):
        for worker in workers():
            with suppress(ProcessLookupError):  # it has just ended
                os.killpg(worker.group, number)
        deadline = time.monotonic() + STOP_SECONDS
        while workers() and time.monotonic() < deadline:
            time.sleep(0.2)
    _remove_waiting(names)
    remove_dead(names)


def _remove_waiting(names: Collection[str]) -> None:
    now = tasks()
    if waiting := [name for name in names if now.get(name) == "Queued"]:
        _run("dvc", "queue", "remove", *waiting)


def remove_dead(names: Collection[str]) -> None:
    """Remove from the queue the tasks that failed, or whose worker was killed."""
    now = tasks()
    dead = [name for name in names if now.get(name) == "Running"] if not workers() else []
    if dead:
        _run("dvc", "queue", "kill", *dead)  # there is nothing to kill: it makes DVC see that they failed
    if over := [*dead, *(name for name in names if now.get(name) == "Failed")]:
        _run("dvc", "queue", "remove", *over)


def log(name: str) -> str:
    """What the task has printed so far, or why there is nothing."""
    done = subprocess.run(["dvc", "queue", "logs", name], capture_output=True, text=True)
    return (done.stdout if done.returncode == 0 else done.stderr).strip()


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}").splitlines()[-1]
        raise click.ClickException(f"{' '.join(command[:3])}: {reason}")
    return done.stdout
