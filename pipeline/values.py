"""The kinds of values that params.yaml holds, each with its bounds and words for what is wrong with a value."""

import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from ldnet.limits import MOST_LAYERS, MOST_WIDTH

Value = TypeVar("Value")
# Far beyond all that was ever of use; docs/limits.md states them. Rates below theirs keep weights finite, since a step
# is refused where its gradient is not (see `pipeline.execution.finite`).
MOST_THREADS = 1024
MOST_SEEDS = 1000
MOST_RATE = 1e6
MOST_NORM = 1e12
MOST = 10**12  # of anything that is counted
NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}"  # as it stands in commands and paths
KEY = r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}"  # the same within a dotted name


def _expected(holds: Callable[[Any], bool], message: str) -> AfterValidator:
    """A check of one value. JSON schema cannot say it, so its bounds are given beside it, for editors."""

    def check(value: Value) -> Value:
        if not holds(value):
            raise PydanticCustomError("expected", message)
        return value

    return AfterValidator(check)


def _inside(path: str) -> bool:
    """Whether the path, or pattern of paths, stays in the folder that it is relative to."""
    parts = PurePosixPath(path).parts
    whole = all("**" not in part or part == "**" for part in parts)  # what patterns allow
    return bool(parts) and not path.startswith("/") and ".." not in parts and whole and path.isprintable()


Positive = Annotated[int, Field(ge=1, le=MOST)]
Count = Annotated[int, Field(ge=0, le=MOST)]
LayerCount = Annotated[int, Field(ge=1, le=MOST_LAYERS)]
Width = Annotated[int, Field(ge=1, le=MOST_WIDTH)]
Threads = Annotated[int, Field(ge=1, le=MOST_THREADS)]
Rate = Annotated[float, Field(gt=0, le=MOST_RATE)]
Norm = Annotated[float, Field(gt=0, le=MOST_NORM)]
Share = Annotated[
    float,
    _expected(lambda share: 0 <= share <= 1, "expected a share from 0 to 1"),
    Field(json_schema_extra={"minimum": 0, "maximum": 1}),
]
Probability = Annotated[
    float,
    _expected(lambda probability: 0 <= probability < 1, "expected a probability below 1"),
    Field(json_schema_extra={"minimum": 0, "exclusiveMaximum": 1}),
]
Seed = Annotated[
    int,
    _expected(lambda seed: 0 <= seed < 2**32, "expected a number from 0 to 2**32 - 1"),
    Field(json_schema_extra={"minimum": 0, "exclusiveMaximum": 2**32}),
]
Seeds = Annotated[
    list[Seed],
    _expected(
        lambda seeds: len(set(seeds)) == len(seeds) > 0 and len(seeds) <= MOST_SEEDS,
        f"expected distinct numbers, at most {MOST_SEEDS:,}",
    ),
    Field(json_schema_extra={"minItems": 1, "maxItems": MOST_SEEDS, "uniqueItems": True}),
]
Cutoffs = Annotated[
    list[int],
    _expected(
        lambda ends: len(ends) > 0 and ends == sorted(set(ends)) and ends[0] > 0,
        "expected increasing positive numbers, at least one",
    ),
    Field(json_schema_extra={"minItems": 1, "uniqueItems": True}),
]
Sentences = Annotated[
    int,
    _expected(lambda sentences: sentences >= 10, "at least 10 sentences are needed"),
    Field(json_schema_extra={"minimum": 10}),
]
_LETTERS = "at most 100 letters, digits and _ . - (it stands in commands and paths), not beginning with . or -"
FolderName = Annotated[
    str,
    _expected(
        lambda name: bool(re.fullmatch(NAME, name)), f"expected the name of a folder under data/raw/, {_LETTERS}"
    ),
    Field(json_schema_extra={"pattern": f"^{NAME}$"}),
]
ProfileName = Annotated[
    str,
    _expected(lambda name: bool(re.fullmatch(NAME, name)), f"expected a name, {_LETTERS}"),
    Field(json_schema_extra={"pattern": f"^{NAME}$"}),
]
KeyName = Annotated[
    str,
    _expected(
        lambda name: bool(re.fullmatch(KEY, name)),
        "expected a name, at most 100 letters, digits and _ - (it stands in commands and paths), not beginning with -",
    ),
]
DataFile = Annotated[
    str,
    _expected(_inside, "expected a path in the data folder: not empty, not absolute, without .."),
    Field(json_schema_extra={"minLength": 1}),
]


def _several(value: Any) -> Any:
    """Paths in the data folder, checked before pydantic tries the types one by one and names each."""
    if not isinstance(value, str | list):
        raise PydanticCustomError("string_type", "expected a text")  # `pipeline.validation` has our words for it
    paths = value if isinstance(value, list) and value else [value]
    if not all(isinstance(path, str) and _inside(path) for path in paths):
        raise PydanticCustomError(
            "expected", "expected a path in the data folder, a pattern as train-*.txt, or a list of them"
        )
    return value


DataFiles = Annotated[str | list[str], BeforeValidator(_several)]
DataFilesOrNone = Annotated[str | list[str], BeforeValidator(lambda value: value if value == "" else _several(value))]
DataFileOrNone = Annotated[
    str,
    _expected(
        lambda path: path == "" or _inside(path), "expected a path in the data folder, not absolute, without .., or ''"
    ),
]


def listed_files(given: str | list[str]) -> list[str]:
    """A path or pattern, or a list of them, as a list; none for ''."""
    return [path for path in (given if isinstance(given, list) else [given]) if path]
