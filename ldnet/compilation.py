"""Inner loops that numba compiles.

It does so when a function is first called with some types, and keeps the machine code: in the folder NUMBA_CACHE_DIR
if that is set, else in __pycache__ beside the function's file, else in the user's cache folder (~/.cache/numba). Where
none of them can be written, every process compiles.
"""

import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ldnet.errors import InputError

FOLDER = "NUMBA_CACHE_DIR"  # a text, of which numba refuses none


@contextmanager
def _variables_named() -> Iterator[None]:
    """Raise InputError that names the environment's NUMBA_* variables where numba, when imported, cannot use one."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "Environment variable", RuntimeWarning)  # numba would go on without its value
        try:
            yield
        except (ValueError, KeyError, RuntimeWarning) as error:
            given = sorted(name for name in os.environ if name.startswith("NUMBA_") and name != FOLDER)
            if not given:
                raise
            said = str(error).partition("\n")[0].rstrip(".")
            expected = "expected other values, or none"
            raise InputError(f"{', '.join(given)}: numba refuses the environment: {said}; {expected}") from None


with _variables_named():
    from numba import njit
    from numba.core import event

_functions: list[Any] = []


def compiled(**options: Any) -> Callable[[Callable[..., None]], Any]:
    """Decorate a function that is to be compiled without Python's lock, and kept on the disk if there is a place."""

    def decorate(function: Callable[..., None]) -> Any:
        settings = {"nogil": True, "error_model": "numpy", **options}
        try:
            dispatcher = njit(cache=True, **settings)(function)
        except RuntimeError:  # numba found no folder that it can write to
            dispatcher = njit(**settings)(function)
        _functions.append(dispatcher)
        return dispatcher

    return decorate


def announce_compilation(say: Callable[[str], object]) -> None:
    """From now on, `say` gets one line when this process is about to compile, which takes seconds."""
    announced = False

    class Listener(event.Listener):
        def on_start(self, found: Any) -> None:
            nonlocal announced
            if announced or not any(found.data["dispatcher"] is function for function in _functions):
                return
            announced = True
            folder = found.data["dispatcher"].stats.cache_path
            kept = f"once; kept in {folder}" if folder else "in every run: NUMBA_CACHE_DIR names a folder to keep it in"
            say(f"compiling inner loops for this machine ({kept})")

        def on_end(self, found: Any) -> None:
            pass

    event.register("numba:compile", Listener())  # type: ignore[no-untyped-call]
