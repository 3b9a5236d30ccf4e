"""Which mutants are made of a few lines, how they are put into place, and that tests notice or miss them."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.imports import ROOT
from tests.mutants.accepted import ACCEPTED, accepted_mutants, of_modules
from tests.mutants.groups import GROUPS
from tests.mutants.mutations import mutants

FEW_LINES = '''"""A module."""

LIMIT: int = 3


class Heap:
    """Of things."""

    size = 2.0

    @property
    def full(self) -> bool:
        """Whether there is no place."""
        if not self.size < LIMIT:
            raise ValueError(f"{self.size} are too many")
        return self.size + 1 == LIMIT and LIMIT is not None


def first(names: list[str], count: int = 1) -> list[str]:
    """The first names."""
    assert count > 0, "some"
    return sorted(names, key=len)[:count] if count else []
'''
MADE_OF_THEM = [
    "module: 3 -> 4",
    "Heap: 2.0 -> 4.0",
    "Heap.full: if not self.size < LIMIT -> if not not self.size < LIMIT",
    "Heap.full: not self.size < LIMIT -> self.size < LIMIT",
    "Heap.full: self.size < LIMIT -> self.size <= LIMIT",
    "Heap.full: raise ValueError(f'{self.size} are too many') -> pass",
    "Heap.full: self.size + 1 == LIMIT and LIMIT is not None -> self.size + 1 == LIMIT or LIMIT is not None",
    "Heap.full: self.size + 1 == LIMIT -> self.size + 1 != LIMIT",
    "Heap.full: self.size + 1 -> self.size - 1",
    "Heap.full: 1 -> 2",
    "Heap.full: LIMIT is not None -> LIMIT is None",
    "first: 1 -> 2",
    "first: sorted(names, key=len)[:count] if count else [] -> [] if count else sorted(names, key=len)[:count]",
    "first: sorted(names, key=len) -> list(names, key=len)",
    "first: sorted(names, key=len) -> sorted(names)",
    "first: :count -> :",
]
TESTS = """
import few_lines
import pytest
from few_lines import LIMIT, Heap, first


def test_full():
    heap = Heap()
    assert heap.full
    heap.size = 1.0
    assert not heap.full
    heap.size = 3.0
    with pytest.raises(ValueError):
        heap.full


def test_first():
    assert LIMIT == 3
    assert first(["bb", "a"]) == ["a"]
"""
DRIVER = """
import sys
from pathlib import Path

import pytest

from tests.mutants.mutations import mutants
from tests.mutants.trials import Trials

folder = Path(sys.argv[1])
killers = {}
trials = Trials(mutants(folder / "few_lines.py", folder), 9.0, killers, folder, lambda said: None)
options = ["-c", "/dev/null", "--rootdir", str(folder), "-p", "no:terminal", "-p", "no:cacheprovider", "-s"]
pytest.main([*options, str(folder / "test_few_lines.py")], plugins=[trials])
print(*trials.survivors, len(killers), *trials.failing, sep="\\n")
"""


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    (tmp_path / "few_lines.py").write_text(FEW_LINES, encoding="utf-8")
    (tmp_path / "test_few_lines.py").write_text(TESTS, encoding="utf-8")
    return tmp_path


def test_mutants_of_a_few_lines(folder: Path) -> None:
    found = mutants(folder / "few_lines.py", folder)
    assert [mutant.name for mutant in found] == [f"few_lines.py {name}" for name in MADE_OF_THEM]
    for mutant in found:
        mutant.compiled()
    assert [mutant.name for mutant in mutants(folder / "few_lines.py", folder)] == [mutant.name for mutant in found]


def tried(folder: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(folder)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_what_tests_miss_survives(folder: Path) -> None:
    """The names of the test have the same order by length and by letters."""
    assert tried(folder) == [
        "few_lines.py first: sorted(names, key=len) -> sorted(names)",
        str(len(MADE_OF_THEM) - 1),
    ]


def test_nothing_is_tried_while_tests_fail(folder: Path) -> None:
    (folder / "test_few_lines.py").write_text(TESTS.replace("== 3", "== 4"), encoding="utf-8")
    assert tried(folder) == ["0", "test_few_lines.py::test_first"]


def test_modules_and_tests_of_groups_are_there() -> None:
    modules = [module for group in GROUPS for module in group.modules]
    assert len(modules) == len(set(modules))
    named = [name.partition("::")[0] for group in GROUPS for name in (*group.modules, *group.tests)]
    assert all((ROOT / path).exists() for path in named)


def test_accepted_mutants_are_made() -> None:
    names = list(accepted_mutants())
    assert ACCEPTED.read_text(encoding="utf-8").count("\n    - ") == len(names), "each once"
    modules = {name.split(" ", 1)[0] for name in names}
    made = {mutant.name for module in modules for mutant in mutants(ROOT / module, ROOT)}
    assert sorted(set(names) - made) == []
    assert of_modules(names, [module for group in GROUPS for module in group.modules]) == set(names)
