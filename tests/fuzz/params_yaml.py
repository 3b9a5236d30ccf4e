"""params.yaml and profiles: read with the values that DVC reads, or refused."""

import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from dvc.utils.serialize import parse_yaml as parse_as_dvc
from hypothesis import strategies as st

from pipeline.params import load_params
from pipeline.profiles import load_profile, render
from tests.fuzz.cases import Case, InputClass, put
from tests.fuzz.mutations import Draw, mutated
from tests.imports import ROOT

PARAMS, OWN = "params.yaml", "own.yaml"
SAFE = re.compile(r"[A-Za-z0-9_.-]+")
SCALARS = [
    *("010", "0o10", "1:30", "yes", "off", "5e-2", "1e400", ".inf", "-.inf", ".nan", "~", "null", "true", "1_000"),
    *("'010'", '"\\x00"', "''", "!!python/object:os.system x", "!!float 3", "!!int 7", "!!str 3", "!!binary aGk="),
    *("&a 3", "*a", "*seed", "<<", "2001-01-01", "2001-99-99", "!!set {a}", "!!omap [a: 1]", "!x y", "? a", "{}", "[]"),
    *("{a: 1}", "[1, 2, 3]", "[1, 1]", "[[1]]", "{a: {b: {c: 1}}}", "|", ">-", "0.0", "-0.0", "1e-320", "1e308", "0"),
    *(
        "-1",
        "1",
        "4294967296",
        "1000000000000000",
        "a b",
        "a;b",
        "$(x)",
        "../x",
        "/x",
        "-x",
        ".x",
        "ä",
        "a" * 101,
        "a\\n",
    ),
    *("[" * 300, "9" * 5000, "%TAG", "---", "...", "# x", "lm/**", "lm/**x", "r1", "gates", "sgd", "bfloat16", "1.0"),
]
LINE = re.compile(rb"(?m)^(\s*[\w-]+:) .*$")


@cache
def starts() -> Mapping[str, bytes]:
    """The demo's parameters, and a profile that differs in a few."""
    own = "profile: own\nseed: 7\ntrain_tagger:\n  seeds: [1, 2]\nselect:\n  repeats: 1\n  strength: 0.5\n"
    return {PARAMS: render(ROOT / "profiles", "demo").encode(), OWN: own.encode()}


@st.composite
def _with_scalars(draw: Draw) -> Case:
    """Other values after one or two of the keys."""
    file = draw(st.sampled_from([PARAMS, OWN]))
    content = starts()[file]
    for _ in range(draw(st.integers(1, 2))):
        lines = list(LINE.finditer(content))
        line = lines[draw(st.integers(0, len(lines) - 1))]
        scalar = draw(st.one_of(st.sampled_from(SCALARS), st.text(max_size=5))).encode("utf-8", "replace")
        content = content[: line.start()] + line[1] + b" " + scalar + content[line.end() :]
    return Case(file, content)


def cases() -> st.SearchStrategy[Case]:
    """Other values, and files with other changes."""
    return st.one_of(_with_scalars(), mutated(starts, [*SCALARS, ": ", "\n  ", "- ", "seed: 1\n"]))


def read(case: Case, folder: Path) -> None:
    """Load it, and compare each value with what DVC reads."""
    base = folder / "base.yaml"
    if not base.exists():
        base.write_bytes((ROOT / "profiles/base.yaml").read_bytes())
    with put(folder, case, starts()[case.file]) as path:
        params = load_params(path) if case.file == PARAMS else load_profile(folder, "own")
        text = path.read_text(encoding="utf-8")
    values = parse_as_dvc(text, str(path)) or {}
    for key, value in leaves(params.model_dump()):
        if isinstance(value, float):
            assert math.isfinite(value), key
        given = lookup(values, key)
        if case.file == PARAMS and given is not None:
            assert type(given) is type(value) or (type(given), type(value)) == (int, float), (key, given, value)
            assert given == value, (key, given, value)
    names = [params.profile, params.data, *params.generate_data]
    names += params.ablations.candidates if params.ablations else []
    assert all(SAFE.fullmatch(name) and name[0] not in ".-" for name in names), names


def leaves(value: Any, key: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """All values that are no mappings and no lists, by their places."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if inner is None:
        yield key, value
        return
    for name, item in inner:
        yield from leaves(item, (*key, name))


def lookup(value: Any, key: tuple[Any, ...]) -> Any:
    """The value at a place; None where there is none."""
    for name in key:
        try:
            value = value[name]
        except (KeyError, IndexError, TypeError):
            return None
    return value


CLASS = InputClass(name="params.yaml and profiles", starts=starts, cases=cases, read=read)
