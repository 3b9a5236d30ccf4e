"""How a stage ends that is stopped from outside, or loses a worker: its workers first, and in one line."""

import signal
import time
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from types import FrameType

import psutil

from ldnet.errors import InputError

STOP_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
STARTING_SECONDS = 5.0


class Stopped(KeyboardInterrupt):
    """A signal has come; its number is the argument."""


@contextmanager
def one_line_endings(resume: str) -> Iterator[None]:
    """Raise Stopped where a signal comes, and InputError where a worker is gone; `resume` says what is to be done then.

    A signal that was ignored before, as by nohup, stays ignored. Of Ctrl-C `Command` speaks; it reaches the workers as
    well, but SIGINT that is sent to this process alone does not.
    """
    for number in STOP_SIGNALS:
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _stop)
    if signal.getsignal(signal.SIGINT) == signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)
    try:
        yield
    except BrokenProcessPool:
        raise InputError(
            f"a worker of this stage was killed, as the system does where memory is short; expected it to end by "
            f"itself; {resume}"
        ) from None


def _stop(number: int, _: FrameType | None) -> None:
    """End the workers, also one that is being started, before they can complain; then this process, once."""
    for other in STOP_SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for child in psutil.Process().children():
        if _is_worker(child):
            child.kill()
    raise KeyboardInterrupt if number == signal.SIGINT else Stopped(number)


def _is_worker(child: psutil.Process) -> bool:
    """Whether it is a worker. One that is being started has no command line for a moment, which is waited for."""
    over = time.monotonic() + STARTING_SECONDS
    try:
        while not (words := child.cmdline()) and child.status() != psutil.STATUS_ZOMBIE and time.monotonic() < over:
            time.sleep(0.001)
    except psutil.Error:  # it has ended meanwhile
        return False
    return any("multiprocessing.spawn" in word for word in words)
