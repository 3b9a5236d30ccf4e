"""A user's mistake ends a command with one line; a mistake of ours keeps its traceback."""

import errno
import importlib
import os
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from ldnet.command_line import EXPECTED, Command
from ldnet.errors import InputError
from tests.imports import ROOT, sources


def has_command(file: str) -> bool:
    """Whether it defines a command of its own."""
    return "def main(" in (text := (ROOT / file).read_text(encoding="utf-8")) and "Command" in text


@click.command(cls=Command, examples=["python -m command input"])
@click.argument("kind")
def stage(kind: str) -> None:
    """Fail as told."""
    if kind == "input":
        raise InputError("file: expected something else")
    if kind == "interrupt":
        raise KeyboardInterrupt
    if kind == "interrupt with words":
        raise KeyboardInterrupt("go on at line 3")
    if "\n" in kind:
        raise InputError(kind)
    raise ValueError("a mistake of ours")


def test_bad_input_is_one_line_and_status_1() -> None:
    result = CliRunner().invoke(stage, ["input"])
    assert (result.exit_code, result.output) == (1, "Error: file: expected something else\n")


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("x\nError: y: unknown key", r"x\nError: y: unknown key"),
        ("missing:\n  a\n  b\nKeep them: make", "missing:\n  a\n  b\n  Keep them: make"),
        ("x\nError: y:\n  z", "x\n  Error: y:\n  z"),
    ],
)
def test_a_name_with_a_line_end_begins_no_message(message: str, shown: str) -> None:
    result = CliRunner().invoke(stage, [message])
    assert (result.exit_code, result.output) == (1, f"Error: {shown}\n")


@click.command(cls=Command)
@click.argument("number", type=int)
@click.argument("name")
def refused(number: int, name: str) -> None:
    """Fail as the system does."""
    raise OSError(number, os.strerror(number), name)


@pytest.mark.parametrize(
    ("number", "name", "said"),
    [
        (errno.EISDIR, "a", "a: Is a directory; expected a file in its place, not a folder"),
        (errno.ENOSPC, "a", f"a: No space left on device; {EXPECTED[errno.ENOSPC]}"),
        (errno.ELOOP, "a", f"a: Too many levels of symbolic links; {EXPECTED[errno.ELOOP]}"),
        (errno.EIO, "a", "a: Input/output error; expected a file or a folder that can be used"),
        (errno.ENAMETOOLONG, "a" * 5000, f"{'a' * 197}...: File name too long; expected a shorter name"),
        (errno.ENOENT, "a", "a: No such file or directory; expected it to be there"),
        (errno.ENOENT, "git", "git: no such program; expected it on the PATH: install git"),
    ],
)  # fmt: skip
def test_what_the_system_refuses_names_the_file_and_what_was_expected(number: int, name: str, said: str) -> None:
    result = CliRunner().invoke(refused, [str(number), name])
    assert (result.exit_code, result.output) == (1, f"Error: {said}\n")


def test_other_errors_are_not_hidden() -> None:
    result = CliRunner().invoke(stage, ["bug"])
    assert isinstance(result.exception, ValueError)


def test_verbose_shows_where_an_error_comes_from() -> None:
    told = CliRunner().invoke(stage, ["input", "--verbose"])
    assert (
        told.exit_code == 1
        and "Traceback" in told.stderr
        and told.stderr.endswith("Error: file: expected something else\n")
    )
    assert isinstance(CliRunner().invoke(stage, ["bug", "--verbose"]).exception, ValueError)


@pytest.mark.parametrize(
    ("kind", "told"), [("interrupt", "start the same command again"), ("interrupt with words", "go on at line 3")]
)
def test_an_interruption_says_how_to_go_on(kind: str, told: str) -> None:
    result = CliRunner().invoke(stage, [kind])
    assert result.exit_code == 130 and told in result.stderr and "Traceback" not in result.output
    verbose = CliRunner().invoke(stage, [kind, "--verbose"])
    assert verbose.exit_code == 130 and "Traceback" in verbose.stderr


def test_help_ends_with_examples() -> None:
    assert CliRunner().invoke(stage, ["--help"]).output.endswith("Examples:\n  python -m command input\n")


@pytest.mark.parametrize(
    "file", [file for file in sources("stages", "ablations", "commands", "bench") if has_command(file)]
)
def test_every_help_ends_with_examples(file: str) -> None:
    command = importlib.import_module(file.removesuffix(".py").replace("/", ".")).main
    result = CliRunner().invoke(command, ["--help"])
    assert result.exit_code == 0 and "\nExamples:\n  " in result.output


def test_errors_go_nowhere_else_where_standard_error_is_closed() -> None:
    command = "import sys; sys.stderr = None; from ldnet.__main__ import main; main(['tag', 'demo', 'no file'])"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")


def test_characters_that_the_output_lacks_are_escaped() -> None:
    command = "from ldnet.command_line import echo; echo('a \u2192 b'); echo('\xe9')"
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1:strict"}
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, env=environment)
    assert (done.returncode, done.stdout) == (0, b"a \\u2192 b\n\xe9\n")
