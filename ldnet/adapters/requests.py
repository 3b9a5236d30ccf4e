"""What a served model accepts: a bounded number of texts of bounded length. The reason for a refusal names the text.

And what it answers: tags in one string, which must be taken apart again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ldnet.errors import InputError
from ldnet.printable import HALF_CHARACTER, quoted


@dataclass(frozen=True, kw_only=True)
class RequestLimits:
    """The most of everything in one request; 0 is no limit."""

    max_texts: int
    max_text_characters: int
    max_characters: int  # of all texts together

    @classmethod
    def configured(cls, config: Mapping[str, Any]) -> "RequestLimits":
        """Those of a served model's configuration, in which people may set them. Raises InputError."""
        for name, value in config.items():
            if name in cls.__annotations__ and (type(value) is not int or value < 0):
                expected = "a whole number, 0 for no limit"
                raise InputError(f"model configuration: {name}: expected {expected}, found {quoted(repr(value))}")
        return cls(**{name: config[name] for name in cls.__annotations__})


SERVING_LIMITS = RequestLimits(max_texts=1_000, max_text_characters=20_000, max_characters=1_000_000)
NO_LIMITS = RequestLimits(max_texts=0, max_text_characters=0, max_characters=0)


def check_texts(values: Sequence[object], limits: RequestLimits) -> list[str]:
    """The values, which must be texts within the limits. Raises InputError; texts count from 0."""
    if 0 < limits.max_texts < len(values):
        raise InputError(f"{len(values):,} texts; at most {limits.max_texts:,} are allowed in one request")
    texts = [_check_text(value, number, limits.max_text_characters) for number, value in enumerate(values)]
    characters = sum(map(len, texts))
    if 0 < limits.max_characters < characters:
        raise InputError(
            f"{characters:,} characters in all; at most {limits.max_characters:,} are allowed in one request"
        )
    return texts


def _check_text(value: object, number: int, most: int) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):  # NaN, as tables say null
        raise InputError(f"text {number} is null; expected a text")
    if not isinstance(value, str):
        raise InputError(f"text {number} is of type {type(value).__name__}; expected a text")
    if 0 < most < len(value):
        raise InputError(f"text {number} has {len(value):,} characters; at most {most:,} are allowed")
    if HALF_CHARACTER.search(value):
        raise InputError(f"text {number} has half a character (a lone surrogate); expected whole ones")
    return value


def check_tags(tags: Iterable[str], remedy: str) -> None:
    """Raise InputError, with the remedy, if a tag has a blank in it: blanks separate the tags of an answer."""
    if blank := next((tag for tag in tags if " " in tag), None):
        raise InputError(
            f"the model's tag {quoted(blank)} has a blank in it, as those have that separate tags; {remedy}"
        )
