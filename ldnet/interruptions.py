"""Interruptions that get lost: a signal raises its exception wherever Python is, also in a finalizer or a callback, and
those let none out. Python would print its traceback and go on as if nothing had been asked.
"""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

MOMENT_SECONDS = 0.01  # until the finalizer or callback has been left


@contextmanager
def raised_again() -> Iterator[None]:
    """Raise a KeyboardInterrupt or SystemExit that got lost inside once more, a moment later and without a word.

    Uses SIGALRM and its timer when one got lost, and in the main thread, as signals are handled in no other.
    """
    former = sys.unraisablehook
    timed = False

    def hook(lost: "sys.UnraisableHookArgs") -> None:
        nonlocal timed
        interruption = lost.exc_value
        if not isinstance(interruption, KeyboardInterrupt | SystemExit):
            former(lost)
            return

        def again(_: int, __: FrameType | None) -> NoReturn:
            raise interruption

        signal.signal(signal.SIGALRM, again)
        signal.setitimer(signal.ITIMER_REAL, MOMENT_SECONDS)
        timed = True

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    sys.unraisablehook = hook
    try:
        yield
    finally:
        if timed:
            signal.setitimer(signal.ITIMER_REAL, 0)
        sys.unraisablehook = former
