"""The fixed corpus: what the fuzzers found, a file each, at corpus/<class>/<file with __ for />/<what it is>."""

from collections.abc import Iterator
from pathlib import Path

from tests.fuzz.cases import Case, InputClass

CORPUS = Path(__file__).with_name("corpus")


def kept_cases(of: InputClass, corpus: Path = CORPUS) -> Iterator[tuple[str, Case]]:
    """What was found of one class, each with its name."""
    for path in sorted((corpus / of.slug).glob("*/*")):
        yield f"{path.parent.name}/{path.name}", Case(path.parent.name.replace("__", "/"), path.read_bytes())


def keep(of: InputClass, case: Case, name: str, corpus: Path) -> Path:
    """Write a case where `kept_cases` finds it."""
    path = corpus / of.slug / case.file.replace("/", "__") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(case.content)
    return path
