"""Commands run side by side, and what ends them: the failure of one, a signal, or a kill of whoever started them."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import IO

import click

from commands import guard
from ldnet.command_line import echo

PARENT = os.getppid()
LISTEN_SECONDS = 5.0  # for the last lines of commands that have ended; what they left behind may hold their output open
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
Reader = Callable[[str], str | None]
NewReader = Callable[[], Reader]


def run_side_by_side(commands: Sequence[Sequence[str]], reader: NewReader | None = None) -> None:
    """Run the commands at the same time. If one fails or this process ends, even by a kill, the others are stopped.

    With a `reader`, what it makes of the lines of each command's standard output is printed in their place.
    Raises FileNotFoundError for a program that is not there, and ClickException for a command that fails, and where
    `make`, which started this process, was killed.
    """
    for program in dict.fromkeys(command[0] for command in commands):
        if shutil.which(program) is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), program)
    lifeline, held = os.pipe()  # see commands.guard
    guarded = [sys.executable, "-I", guard.__file__, str(lifeline)]
    # Each has a process group of its own: a signal to the group also reaches the stage that DVC runs.
    processes = [
        subprocess.Popen(
            [*guarded, *command],
            start_new_session=True,
            pass_fds=[lifeline],
            stdout=subprocess.PIPE if reader else None,
            text=True,
            errors="replace",
        )
        for command in commands
    ]
    listeners = [_listen(process.stdout, reader()) for process in processes if reader and process.stdout]
    try:
        while None in (codes := [process.poll() for process in processes]) and not any(codes):
            if _make_is_gone():
                raise click.ClickException("make was killed, so its stages are stopped; the same command resumes")
            time.sleep(0.1)
    finally:
        for process in processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in processes:
            process.wait()
        for listener in listeners:
            listener.join(LISTEN_SECONDS)
        os.close(lifeline)
        os.close(held)
    if failed := [" ".join(command) for command, code in zip(commands, codes, strict=True) if code]:
        raise click.ClickException(f"failed: {failed[0]}")


def _listen(output: IO[str], read: Reader) -> threading.Thread:
    """A thread that prints what `read` makes of the lines of the output, until its end."""

    def listen() -> None:
        shown = True
        with output:
            for line in output:
                text = read(line.rstrip("\n"))
                try:
                    if text is not None and shown:
                        echo(text)
                except OSError:  # a full disk, for one; the command must not wait for us
                    shown = False

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    return thread


def _make_is_gone() -> bool:
    """Whether the `make` that started this process is there no more."""
    return "MAKELEVEL" in os.environ and os.getppid() != PARENT


def end_on_signals() -> None:
    """Let SIGINT, SIGTERM and SIGHUP end this process by an exception, so that it cleans up."""
    for number in STOP_SIGNALS:
        signal.signal(number, _stop)


def _stop(number: int, _: FrameType | None) -> None:
    """End this process, once: make repeats a signal that reached us already, and must not cut the clean-up off."""
    for other in STOP_SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    if number == signal.SIGINT:
        raise KeyboardInterrupt  # `Command` says how to resume, and ends with the same status
    sys.exit(128 + number)
