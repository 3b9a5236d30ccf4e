"""The kinds of values of params.yaml: what editors are told of their bounds is what is checked."""

import math
import re
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from pipeline import values


def allowed_in_editors(schema: dict[str, Any], value: Any) -> bool:
    """What a JSON schema of one value says of it, bound by bound."""
    size = len(value) if isinstance(value, list | str) else 0
    number = value if isinstance(value, int | float) else 0
    return (
        schema.get("minimum", -math.inf) <= number <= schema.get("maximum", math.inf)
        and schema.get("exclusiveMinimum", -math.inf) < number < schema.get("exclusiveMaximum", math.inf)
        and schema.get("minItems", 0) <= size <= schema.get("maxItems", math.inf)
        and schema.get("minLength", 0) <= size
        and (not schema.get("uniqueItems") or len(set(value)) == size)
        and re.search(schema.get("pattern", ""), str(value)) is not None
    )


@pytest.mark.parametrize(
    ("kind", "tried"),
    [
        (values.Positive, [0, 1, values.MOST, values.MOST + 1]),
        (values.Count, [-1, 0, values.MOST, values.MOST + 1]),
        (values.Threads, [0, 1, values.MOST_THREADS, values.MOST_THREADS + 1]),
        (values.Rate, [0.0, 1e-9, values.MOST_RATE, 2 * values.MOST_RATE]),
        (values.Share, [-0.1, 0.0, 1.0, 1.1]),
        (values.Probability, [-0.1, 0.0, 0.99, 1.0]),
        (values.Seed, [-1, 0, 2**32 - 1, 2**32]),
        (values.Seeds, [[], [1], [1, 1], list(range(values.MOST_SEEDS)), list(range(values.MOST_SEEDS + 1))]),
        (values.Cutoffs, [[], [1], [1, 1], [1, 2]]),
        (values.Sentences, [9, 10]),
        (values.FolderName, ["", "a", "a.b-c_1", "-a", ".a", "a b", "a/b", "a" * 100, "a" * 101]),
        (values.ProfileName, ["", "a", "a.b-c_1", "-a", ".a", "a b", "a/b", "a" * 100, "a" * 101]),
        (values.DataFile, ["", "a", "a/b-*.txt"]),
    ],
)
def test_an_editor_allows_what_is_accepted(kind: Any, tried: list[Any]) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    for value in tried:
        try:
            adapter.validate_python(value)
            accepted = True
        except ValidationError:
            accepted = False
        assert allowed_in_editors(adapter.json_schema(), value) == accepted, value


@pytest.mark.parametrize("path", ["/a", "../a", "a/../../b", "a**", "a\nb", ""])
def test_data_lies_in_its_folder(path: str) -> None:
    for kind in (values.DataFile, values.DataFiles):
        with pytest.raises(ValidationError, match="in the data folder"):
            TypeAdapter(kind).validate_python(path)


def test_a_path_is_a_list_of_one() -> None:
    assert values.listed_files("a.txt") == ["a.txt"]
    assert values.listed_files(["a.txt", "b.txt"]) == ["a.txt", "b.txt"]
    assert values.listed_files("") == []
