"""YAML as DVC reads it: version 1.2, by the same parser.

In 1.2, `010` is ten, `1:30` and `yes` are texts, and 5e-2 is a number. With another dialect a stage would compute with
one value while dvc.lock names another. What is wrong with a file is one line.
"""

import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from ldnet.errors import InputError
from ldnet.files import not_utf8
from ldnet.printable import MOST_REASON, reason, shortened

# What the parser raises besides its own errors: for numbers of thousands of digits, impossible dates, unhashable keys,
# and versions of YAML that it does not know.
FAULTS = (YAMLError, ValueError, TypeError, AttributeError, AssertionError, RecursionError)


def parse_yaml(text: str, name: str) -> Any:
    """The content of a YAML text. Raises InputError that begins with `name` and, where it is known, the line."""
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
