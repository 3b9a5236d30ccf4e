"""YAML as DVC reads it: version 1.2, by the same parser; and dvc.lock, checked.

In 1.2, `010` is ten, `1:30` and `yes` are texts, and 5e-2 is a number. With another dialect a stage would compute with
one value while dvc.lock names another. What is wrong with a file is one line.
"""

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from ldnet.errors import InputError
from ldnet.files import not_utf8
from ldnet.printable import MOST_REASON, reason, shortened
from pipeline.validation import validated

# What the parser raises besides its own errors: for numbers of thousands of digits, impossible dates, unhashable keys,
# and versions of YAML that it does not know.
FAULTS = (YAMLError, ValueError, TypeError, AttributeError, AssertionError, RecursionError)
MOST_BYTES = 1 << 20  # the parser takes seconds for each million


class _Locked(BaseModel):
    """What the project reads of dvc.lock; DVC may write more."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)


class _LockedFile(_Locked):
    path: str
    md5: str = ""


class _LockedStage(_Locked):
    deps: list[_LockedFile] = []
    outs: list[_LockedFile] = []
    params: dict[str, dict[str, Any]] = {}


class _Lock(_Locked):
    version: Literal["2.0"] = Field("2.0", alias="schema")
    stages: dict[str, _LockedStage] = {}


def read_lock(path: Path) -> dict[str, Any]:
    """The content of a dvc.lock that is there, of this kind at the least; {} if it is empty.

    Raises InputError that begins with its path and says what mends it.
    """
    try:
        content = read_yaml(path)
        if content is not None:
            validated(_Lock, content, f"{path}: ")
    except InputError as error:
        raise InputError(f"{error}; {lock_remedy(path)}") from None
    return content or {}


def lock_remedy(path: Path) -> str:
    """What to do about a dvc.lock that cannot be read."""
    return f"mend it, or take what was committed: git checkout HEAD -- {path}"


def parse_yaml(text: str, name: str) -> Any:
    """The content of a YAML text. Raises InputError that begins with `name` and, where it is known, the line."""
    check_size(text, name)
    try:
        return YAML(typ="safe").load(text)
    except FAULTS as error:
        raise yaml_error(error, name) from None


def read_yaml(path: Path) -> Any:
    """The content of a YAML file that is there. Raises InputError that begins with its path."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise not_utf8(error, str(path)) from None
    return parse_yaml(text, str(path))


def check_size(text: str, name: str) -> None:
    """Raise InputError for a text that it would take minutes to parse."""
    if (size := len(text.encode("utf-8", "surrogatepass"))) > MOST_BYTES:
        raise InputError(f"{name}: {size:,} bytes; a YAML file may have at most {MOST_BYTES:,}")


def yaml_error(error: Exception, name: str) -> InputError:
    """What is wrong with a file or a text, on one line."""
    if isinstance(error, UnicodeDecodeError):
        return not_utf8(error, name)
    if isinstance(error, RecursionError):
        return InputError(f"{name}: not a readable YAML file: nested too deeply")
    if isinstance(error, MarkedYAMLError) and error.problem:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        twice = re.match(r'found duplicate key "(.*?)"', error.problem, re.DOTALL)
        problem = f"the key {twice[1]} stands there twice" if twice else error.problem
        return InputError(f"{name}:{line}: not YAML: {shortened(' '.join(problem.split()), MOST_REASON)}")
    return InputError(f"{name}: not a readable YAML file: {reason(error)}")
