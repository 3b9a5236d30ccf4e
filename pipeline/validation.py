"""Documents against their models: the first thing that is wrong becomes one line that names the key."""

from collections.abc import Sequence
from reprlib import Repr
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import ErrorDetails

from ldnet.errors import InputError
from ldnet.printable import one_line, shortened

Model = TypeVar("Model", bound=BaseModel)
MOST_BITS = 1 << 12  # of a number that is shown


class Section(BaseModel):
    """Keys and values as YAML has them: a bool is no int, text is no number; only an int may stand for a float."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, content: Any) -> Any:
        if isinstance(content, dict) and (unknown := sorted(set(map(str, content)) - set(cls.model_fields))):
            named = shortened(one_line(unknown[0]))  # pydantic cannot hold half a character
            raise ValueError(f"{named}: unknown key; expected one of {', '.join(cls.model_fields)}")
        return content


def validated(model: type[Model], content: Any, prefix: str = "") -> Model:
    """Make the model from parsed YAML. Raises InputError, one line that begins with the prefix, for what is wrong."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise InputError(prefix + _message(error.errors(include_url=False)[0])) from None


class _Shown(Repr):
    """Values on one line of bounded length; Python refuses to write numbers of thousands of digits."""

    def repr_int(self, x: int, level: int) -> str:
        return super().repr_int(x, level) if x.bit_length() < MOST_BITS else "a number of thousands of digits"


_shown = _Shown()
_shown.maxlevel, _shown.maxlist, _shown.maxdict, _shown.maxstring, _shown.maxlong, _shown.maxother = 2, 3, 3, 60, 60, 60
_TYPES = {"int": "int", "float": "float", "string": "str", "bool": "bool", "list": "list", "dict": "dict"}


def _message(error: ErrorDetails) -> str:
    """Key and what is wrong with it; pydantic's own words where there are none of ours."""
    kind, found, context = error["type"], _shown.repr(error["input"]), error.get("ctx", {})
    key = _dotted(error["loc"])
    if kind == "value_error":  # of a whole section, and it begins with the key in it
        return f"{key}.{context['error']}" if key else str(context["error"])
    if kind == "missing":
        return f"{key}: missing key"
    if kind == "model_type":
        return f"{key or 'top level'}: expected a section of keys, found {found}"
    if kind == "literal_error":
        return f"{key}: expected one of {_listed(context['expected'])}, found {found}"
    if kind == "finite_number":
        return f"{key}: expected a finite number, found {found}"
    if kind == "greater_than_equal":
        return f"{key}: expected {context['ge']:g} or more"
    if kind == "greater_than":
        return f"{key}: expected more than {context['gt']:g}"
    if kind == "less_than_equal":
        return f"{key}: expected at most {context['le']:,.0f}"
    if name := _TYPES.get(kind.removesuffix("_type")):
        return f"{key}: expected {name}, found {found}"
    return f"{key}: {error['msg']}" if kind == "expected" else f"{key}: {error['msg'].lower()}, found {found}"


def _dotted(place: Sequence[int | str]) -> str:
    """("train_tagger", "seeds", 1) as train_tagger.seeds[1]. "[key]" is pydantic's for the key before it."""
    parts = (part for part in place if part != "[key]")
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).removeprefix(".")


def _listed(choices: str) -> str:
    """pydantic's "'r1', 'r2' or 'r3'" as "r1, r2, r3"."""
    return choices.replace(" or ", ", ").replace("'", "")
