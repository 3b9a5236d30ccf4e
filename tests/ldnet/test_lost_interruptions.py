"""Interruptions inside a finalizer, which lets no exception out."""

import signal
import sys
import threading
import time
from typing import Any

import pytest

from ldnet.interruptions import raised_again


class Ending:
    """Raises something when it goes."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __del__(self) -> None:
        raise self.error


@pytest.mark.parametrize("error", [KeyboardInterrupt("by hand"), SystemExit(143)])
def test_an_interruption_is_raised_once_more(error: BaseException) -> None:
    started = time.monotonic()
    with pytest.raises(type(error)) as raised, raised_again():
        Ending(error)
        time.sleep(60)
    assert raised.value is error and time.monotonic() - started < 30


def test_it_comes_through_several_finalizers() -> None:
    class Slow:
        def __del__(self) -> None:
            Ending(KeyboardInterrupt())
            time.sleep(0.05)  # the second time falls into this one

    with pytest.raises(KeyboardInterrupt), raised_again():
        Slow()
        time.sleep(60)


def test_what_ends_meanwhile_ends_well() -> None:
    with raised_again():
        Ending(KeyboardInterrupt())
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    time.sleep(0.03)


def test_other_errors_are_shown_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", shown.append)
    with raised_again():
        Ending(ValueError("odd"))
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert [str(one.exc_value) for one in shown] == ["odd"] and sys.unraisablehook == shown.append


def test_a_thread_changes_nothing() -> None:
    hook, seen = sys.unraisablehook, []

    def work() -> None:
        with raised_again():
            seen.append(sys.unraisablehook)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [hook]
