"""Which modules of this project a source file imports, read from its syntax tree."""

from functools import cache
from pathlib import Path

from commands import package_graph

ROOT = Path(__file__).parents[1]
WITHOUT_MLFLOW = str(ROOT / "tests/without_mlflow")  # as PYTHONPATH


def sources(*folders: str) -> list[str]:
    """The Python files in the folders, as paths from the root, sorted."""
    return sorted(path.relative_to(ROOT).as_posix() for folder in folders for path in (ROOT / folder).rglob("*.py"))


@cache
def imported_modules(file: str) -> frozenset[str]:
    """Dotted names of what the file, a path from the root, imports; see `package_graph.imported_modules`."""
    return package_graph.imported_modules(ROOT / file)


@cache
def imported_files(file: str) -> frozenset[str]:
    """The files of this project that the file imports directly, packages' __init__ files left out."""
    paths = {name.replace(".", "/") + ".py" for name in imported_modules(file)}
    return frozenset(path for path in paths if (ROOT / path).exists())


def closure(file: str, without: frozenset[str] = frozenset()) -> set[str]:
    """The files of this project that the file needs, itself included; those in `without` are left out."""
    found, waiting = {file}, [file]
    while waiting:
        new = imported_files(waiting.pop()) - found - without
        found |= new
        waiting += new
    return found
