"""Whether tests notice mutants: each is tried in a process of its own, forked from one that has collected the tests.

Nothing is imported again in such a process: the functions of the module get the mutant's code, wherever they are held.
So a mutant costs what the tests cost that run its line, up to the first one that fails.
"""

import contextlib
import gc
import importlib
import itertools
import os
import signal
import sys
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import pytest

from ldnet.files import read_json, write_json
from tests.imports import ROOT
from tests.mutants.mutations import Mutant

HUNG = 5.0  # processor seconds that a test may take beyond three times what it takes without a mutant
WAITING = 1800  # seconds after which a process is ended that waits and computes nothing
SURVIVED, KILLED, BROKEN = 0, 1, 99


class Trials:
    """A pytest plugin that tries `mutants`, in the place of running the tests that were collected.

    A mutant is given up as a survivor when tests that take so many processor `seconds` have passed. `killers` are the
    tests that noticed mutants in earlier runs, by the mutants' names; they are tried first, and brought up to date.
    """

    def __init__(
        self,
        mutants: Sequence[Mutant],
        seconds: float,
        killers: dict[str, str],
        scratch: Path,
        say: Callable[[str], object],
    ):
        self.mutants, self.seconds, self.killers, self.scratch, self.say = mutants, seconds, killers, scratch, say
        self.survivors: list[str] = []
        self.failing: list[str] = []  # tests that fail without any mutant; if there are any, nothing was tried

    def pytest_configure(self) -> None:
        """Have hypothesis make the same cases for all mutants."""
        from hypothesis import settings  # not earlier, since pytest wants to see it imported

        settings.register_profile("mutants", derandomize=True, database=None, deadline=None)
        settings.load_profile("mutants")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try all mutants; `survivors` are the names of those that no test notices."""
        files = {mutant.path for mutant in self.mutants}
        lines, costs, self.failing, imported = self._without_mutant(session.items, files)
        for name in imported:  # late imports, once and not in each process
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
        functions = _functions(files)
        gc.collect()
        gc.freeze()  # so that forked processes share more memory
        items, kills = {item.nodeid: item for item in session.items}, defaultdict[str, int](int)
        for number, mutant in enumerate([] if self.failing else self.mutants, start=1):
            known, of_file = (
                self.killers.pop(mutant.name, None),
                {test: lines[test][str(mutant.path)] for test in items},
            )
            promise = {
                test: (test == known, bool(of_file[test]), (kills[test] + 0.1) / (costs[test] + 0.02)) for test in items
            }
            covering = [test for test in items if not mutant.lines or not of_file[test].isdisjoint(mutant.lines)]
            covering.sort(key=promise.__getitem__, reverse=True)
            spent = itertools.accumulate((costs[test] for test in covering), initial=0.0)
            chosen = [test for test, before in zip(covering, spent, strict=False) if before < self.seconds]
            killer = self._try(mutant, functions, [items[test] for test in chosen], costs)
            if killer is None:
                self.survivors.append(mutant.name)
                ran = f"{len(chosen)} of {len(covering)} tests that run it"
                self.say(f"{number}/{len(self.mutants)} {mutant.name}: not noticed by {ran}")
            else:
                self.killers[mutant.name] = killer
                kills[killer] += 1
        return True

    def _without_mutant(
        self, items: Sequence[pytest.Item], files: Collection[Path]
    ) -> tuple[dict[str, dict[str, set[int]]], dict[str, float], list[str], list[str]]:
        """For each test the lines of the files that it runs and its processor seconds; the tests that fail; and the
        modules that tests import while they run."""
        path = self.scratch / "without.json"

        def run() -> int:
            lines, costs, failing, before = {}, {}, [], set(sys.modules)
            for item, following in _with_following(items):
                start = time.process_time()
                with _Watched(files) as watched:
                    failed = _fails(item, following)
                costs[item.nodeid] = time.process_time() - start
                lines[item.nodeid] = {file: sorted(numbers) for file, numbers in watched.lines.items()}
                failing += [item.nodeid] if failed else []
            write_json(path, [lines, costs, failing, sorted({*sys.modules} - before)])
            return SURVIVED

        _forked(run)
        lines, *rest = read_json(path)
        return {test: {file: set(of) for file, of in by_file.items()} for test, by_file in lines.items()}, *rest

    def _try(
        self,
        mutant: Mutant,
        functions: Iterable[FunctionType],
        items: Sequence[pytest.Item],
        costs: Mapping[str, float],
    ) -> str | None:
        """The test that fails, or what else ended the process; None if the mutant survives."""
        path = self.scratch / "killer.json"
        path.unlink(missing_ok=True)

        def run() -> int:
            if not put_into_place(mutant, functions):
                write_json(path, "import")
                return KILLED
            for item, following in _with_following(items):
                signal.setitimer(signal.ITIMER_PROF, 3 * costs[item.nodeid] + HUNG)
                if _fails(item, following):
                    write_json(path, item.nodeid)
                    return KILLED
            return SURVIVED

        status = _forked(run)
        if status == SURVIVED:
            return None
        if status == BROKEN:
            raise RuntimeError(f"{mutant.name}: could not be tried")
        return str(read_json(path)) if path.is_file() else f"status {status}"


def put_into_place(mutant: Mutant, functions: Iterable[FunctionType]) -> bool:
    """Make a module what it is in the mutant: the code of its `functions`, or its constants and default values.

    False if it cannot be imported.
    """
    code = mutant.compiled()
    if mutant.lines:
        codes = _codes(code)
        for function in functions:
            if function.__code__.co_filename == str(mutant.path):
                function.__code__ = codes[_key(function.__code__)]
        return True
    module = next(of for of in list(sys.modules.values()) if getattr(of, "__file__", None) == str(mutant.path))
    changed: dict[str, Any] = {"__name__": module.__name__, "__file__": module.__file__}
    try:
        exec(code, changed)
    except Exception:
        return False
    for name, value in list(vars(module).items()):
        if isinstance(value, type | FunctionType) and value.__module__ == module.__name__:
            _take_values(changed[name], value)
        elif not (name.startswith("__") or isinstance(value, ModuleType) or changed.get(name, value) is value):
            setattr(module, name, changed[name])
            _replace_in_project(name, value, changed[name])
    return True


def _functions(files: Collection[Path]) -> list[FunctionType]:
    """All functions that stand in the files, also those that a decorator has wrapped."""
    names = {str(path) for path in files}
    return [of for of in gc.get_objects() if type(of) is FunctionType and of.__code__.co_filename in names]


def _key(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


def _codes(code: CodeType) -> dict[tuple[str, int], CodeType]:
    """The code of all functions below some code."""
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return {key: of for one in inner for key, of in {_key(one): one, **_codes(one)}.items()}


def _take_values(source: Any, target: Any) -> None:
    """Default values of a function, or of a class and its fields."""
    if isinstance(source, FunctionType):
        target.__defaults__, target.__kwdefaults__ = source.__defaults__, source.__kwdefaults__
        return
    for name, value in list(vars(source).items()):
        if isinstance(value, FunctionType):
            _take_values(value, vars(target)[name])
        elif isinstance(value, str | int | float | tuple | None) and not name.startswith("__"):
            setattr(target, name, value)


def _replace_in_project(name: str, value: object, changed: object) -> None:
    """In all modules of the project that have imported the value; a table also under another name."""
    modules = [of for of in list(sys.modules.values()) if str(getattr(of, "__file__", "")).startswith(str(ROOT))]
    for module in modules:
        for held, other in list(vars(module).items()):
            if other is value and (held == name or isinstance(value, dict)):
                setattr(module, held, changed)


def _with_following(items: Sequence[pytest.Item]) -> Iterable[tuple[pytest.Item, pytest.Item | None]]:
    return itertools.zip_longest(items, items[1:])


def _fails(item: pytest.Item, following: pytest.Item | None) -> bool:
    """Run a test, its fixtures included."""
    recorder = _Recorder()
    item.config.pluginmanager.register(recorder)
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    item.config.pluginmanager.unregister(recorder)
    return recorder.failed


class _Recorder:
    failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed |= report.failed


class _Watched:
    """The lines of some files that are run in this thread."""

    def __init__(self, files: Collection[Path]):
        self.lines: dict[str, set[int]] = {str(file): set() for file in files}

    def __enter__(self) -> "_Watched":
        sys.settrace(self._on_call)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _on_call(self, frame: FrameType, event: str, argument: Any) -> Any:
        return self._on_line if frame.f_code.co_filename in self.lines else None

    def _on_line(self, frame: FrameType, event: str, argument: Any) -> Any:
        self.lines[frame.f_code.co_filename].add(frame.f_lineno)
        return self._on_line


def _forked(run: Callable[[], int]) -> int:
    """The exit status of a forked process that runs this, negative if a signal ended it."""
    sys.stdout.flush()
    process = os.fork()
    if process == 0:
        status = BROKEN
        said = os.dup(2)
        try:
            os.setsid()
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(nowhere, stream)
            signal.alarm(WAITING)
            status = run()
        except BaseException:
            os.write(said, traceback.format_exc().encode())
        finally:
            os._exit(status)
    _, ended = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(ended)
