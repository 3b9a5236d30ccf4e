"""What is looked at is noted, and only that; with sections of either kind."""

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from pydantic import BaseModel

from tests.golden.recording import watch
from tests.golden.workspace import ROOT


@dataclasses.dataclass(frozen=True, kw_only=True)
class Inner:
    """A section of a dataclass."""

    one: int
    two: list[int]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outer:
    """A dataclass with sections."""

    seed: int
    inner: Inner
    many: dict[str, Inner]

    def twice(self) -> int:
        """A value made of another one."""
        return 2 * self.seed


class InnerModel(BaseModel, frozen=True):
    """A section of a model."""

    one: int
    two: list[int]


class OuterModel(BaseModel, frozen=True):
    """A model with sections."""

    seed: int
    inner: InnerModel
    many: dict[str, InnerModel]

    def twice(self) -> int:
        """A value made of another one."""
        return 2 * self.seed


def make(kind: str) -> Any:
    classes: dict[str, tuple[Any, Any]] = {"dataclass": (Outer, Inner), "pydantic": (OuterModel, InnerModel)}
    outer, inner = classes[kind]
    return outer(seed=1, inner=inner(one=2, two=[3]), many={name: inner(one=4, two=[5]) for name in "ab"})


def changed(section: Any, **values: Any) -> Any:
    return dataclasses.replace(section, **values) if isinstance(section, Inner) else section.model_copy(update=values)


def as_dict(section: Any) -> dict[str, Any]:
    return dataclasses.asdict(section) if isinstance(section, Inner | Outer) else dict(section.model_dump())


@pytest.mark.parametrize("kind", ["dataclass", "pydantic"])
def test_values_looked_at_are_noted(kind: str) -> None:
    noted: set[str] = set()
    outer = watch(make(kind), noted.add)

    def seen() -> set[str]:
        now = set(noted)
        noted.clear()
        return now

    assert outer.inner and outer.many["a"] and seen() == set()
    assert outer.inner.one == 2 and seen() == {"inner.one"}
    assert outer.many["b"].two == [5] and seen() == {"many.b.two"}
    assert outer.twice() == 2 and seen() == {"seed"}
    assert as_dict(outer.inner) == {"one": 2, "two": [3]} and seen() == {"inner.one", "inner.two"}
    copied = changed(outer.inner, one=7)
    assert seen() == {"inner.two"}
    assert (copied.one, copied.two) == (7, [3]) and seen() == set()
    everything = {"seed", *(f"{place}.{name}" for place in ("inner", "many.a", "many.b") for name in ("one", "two"))}
    assert as_dict(outer) == as_dict(make(kind)) and seen() == everything
    assert isinstance(outer, type(make(kind))) and seen() == set()


def test_files_opened_for_reading_are_noted(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("words", encoding="utf-8")
    np.save(tmp_path / "array.npy", np.ones(3))
    safetensors.numpy.save_file({"ones": np.ones(3)}, tmp_path / "weights")
    code = """
import os, shutil, sys
from pathlib import Path
from tests.golden.recording import watch_reads
noted = set()
watch_reads(noted.add)
from safetensors.torch import load_file
import numpy as np
folder = Path(sys.argv[1])
os.chdir(folder)
np.load("array.npy", mmap_mode="r")
load_file(str(folder / "weights"))
shutil.copyfile("text", "copy")
(folder / "new").write_bytes(b"")
print(sorted(Path(name).name for name in noted if Path(name).parent == folder))
"""
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert run.stdout.strip() == "['array.npy', 'text', 'weights']", run.stderr
