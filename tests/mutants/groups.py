"""What is mutated, and which tests speak of it."""

from dataclasses import dataclass

from tests.imports import sources


@dataclass(frozen=True)
class Group:
    """Modules, and the tests that are to notice their mutants, as paths from the root."""

    slug: str
    modules: list[str]
    tests: list[str]


def _modules(folder: str) -> list[str]:
    return [file for file in sources(folder) if not file.endswith("__init__.py")]


GROUPS = [
    Group("gates", _modules("pipeline/selection"), ["tests/selection"]),
    Group("pruning", _modules("pipeline/pruning"), ["tests/pruning", "tests/selection/test_selection.py"]),
]
