"""Requests to a served model are bounded, and refused with a reason."""

import math
import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ldnet.adapters.requests import NO_LIMITS, RequestLimits, check_tags, check_texts
from ldnet.errors import InputError

LIMITS = RequestLimits(max_texts=3, max_text_characters=5, max_characters=8)


@pytest.mark.parametrize("texts", [[], [""], ["12345", "123", ""]])
def test_texts_within_the_limits_are_taken_as_they_are(texts: list[str]) -> None:
    assert check_texts(texts, LIMITS) == texts


def test_without_limits_any_texts_are_taken() -> None:
    texts = ["x" * 100_000] * 5
    assert check_texts(texts, NO_LIMITS) == texts


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (["a", None], "text 1 is null; expected a text"),
        ([math.nan], "text 0 is null; expected a text"),
        ([pd.NA], "text 0 is null; expected a text"),
        (["a", 3], "text 1 is of type int; expected a text"),
        ([np.array(["a", "b"])], "text 0 is of type ndarray; expected a text"),
        ([pd.Series(["a", "b"])], "text 0 is of type Series; expected a text"),
        ([["a", "b"]], "text 0 is of type list; expected a text"),
        (["a", "x \ud800"], r"text 1 has half a character \(a lone surrogate\); expected whole ones"),
        (["a", "123456"], "text 1 has 6 characters; at most 5 are allowed"),
        (["1234", "1234", "1"], "9 characters in all; at most 8 are allowed in one request"),
        (["", "", "", ""], "4 texts; at most 3 are allowed in one request"),
    ],
)
def test_other_requests_are_refused_with_the_reason(values: list[object], reason: str) -> None:
    with pytest.raises(InputError, match=f"^{reason}$"):
        check_texts(values, LIMITS)


def test_a_tag_with_a_blank_is_refused_where_blanks_separate_tags() -> None:
    check_tags(["O", "S-LOC"], "do so")
    with pytest.raises(InputError, match=r"^the model's tag 'S-work of art' has a blank in it, .*; do so$"):
        check_tags(["O", "S-work of art"], "do so")


def test_limits_are_those_of_the_configuration() -> None:
    given = {"precision": "int8", "max_texts": 0, "max_text_characters": 7, "max_characters": 9}
    assert RequestLimits.configured(given) == RequestLimits(max_texts=0, max_text_characters=7, max_characters=9)


@pytest.mark.parametrize("value", ["5", None, -1, 2.0, True])
def test_limits_that_are_no_numbers_are_refused(value: object) -> None:
    with pytest.raises(
        InputError, match=r"^model configuration: max_texts: expected a whole number, 0 for no limit, found"
    ):
        RequestLimits.configured({"max_texts": value, "max_text_characters": 7, "max_characters": 9})


@pytest.mark.parametrize("value", [8, None, "int4"])
def test_a_precision_that_is_none_is_refused(value: object) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow wants a narrower type of what `predict` takes
        from ldnet.adapters.mlflow_model import CONFIGURATION, TextTagger
    context: Any = SimpleNamespace(artifacts={}, model_config={**CONFIGURATION, "precision": value})
    with pytest.raises(InputError, match=r"^model configuration: precision: expected one of .*, found"):
        TextTagger().load_context(context)
