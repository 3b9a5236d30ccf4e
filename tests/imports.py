"""Which modules of this project a source file imports, read from its syntax tree."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]


def sources(*folders: str) -> list[str]:
    """The Python files in the folders, as paths from the root, sorted."""
    return sorted(path.relative_to(ROOT).as_posix() for folder in folders for path in (ROOT / folder).rglob("*.py"))


@cache
def imported_modules(file: str) -> frozenset[str]:
    """Dotted names of the modules that the file imports, at its top or in functions, and of what it takes from them.

    `from pipeline.data import corpus` gives pipeline.data and pipeline.pretraining.encoded_corpus.
    """
    names: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{file}: relative import"
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def imported_files(file: str) -> set[str]:
    """The files of this project that the file imports directly, packages' __init__ files left out."""
    paths = {name.replace(".", "/") + ".py" for name in imported_modules(file)}
    return {path for path in paths if (ROOT / path).exists()}


def closure(file: str, without: frozenset[str] = frozenset()) -> set[str]:
    """The files of this project that the file needs, itself included; those in `without` are left out."""
    found, waiting = {file}, [file]
    while waiting:
        new = imported_files(waiting.pop()) - found - without
        found |= new
        waiting += new
    return found
