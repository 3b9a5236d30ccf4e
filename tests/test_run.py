"""A user's mistake ends a stage with one line; a mistake of ours keeps its traceback."""

from pathlib import Path

import click
from click.testing import CliRunner

from pipeline.errors import InputError
from stages._run import StageCommand, params_option


@click.command(cls=StageCommand)
@params_option
@click.argument("kind")
def stage(params_path: Path, kind: str) -> None:
    """Fail as told."""
    if kind == "input":
        raise InputError(f"{params_path}: expected something else")
    raise ValueError("a mistake of ours")


def test_bad_input_is_one_line_and_status_1() -> None:
    result = CliRunner().invoke(stage, ["input"])
    assert (result.exit_code, result.output) == (1, "Error: params.yaml: expected something else\n")


def test_other_errors_are_not_hidden() -> None:
    result = CliRunner().invoke(stage, ["bug", "--params", "x.yaml"])
    assert isinstance(result.exception, ValueError)
