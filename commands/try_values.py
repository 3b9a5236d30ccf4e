"""Try other values of params.yaml: `dvc exp run`, unless another command is running in the workspace."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import click

from commands.supervision import end_on_signals, run_side_by_side
from commands.workspace import WorkspaceCommand, back_on_branch, note_branch
from ldnet.command_line import echo
from ldnet.errors import InputError
from ldnet.printable import quoted
from pipeline.experiments.stage_graph import PARAMS
from pipeline.params import load_params, parse_params


@click.command(
    cls=WorkspaceCommand,
    examples=["make try SET=select.strength=0.2", "python -m commands.try_values select.strength=0.2"],
)
@click.argument("values", nargs=-1)
@click.pass_obj
def main(lock: IO[str], values: tuple[str, ...]) -> None:
    """Set VALUES (section.key=value) in params.yaml and run what depends on them, as an experiment of DVC.

    DVC takes git off its branch for that time, and is killed before it can bring it back.
    """
    if not values:
        raise InputError("which values? make try SET=select.strength=0.2")
    check(values)
    before = PARAMS.read_bytes()
    end_on_signals()
    branch = note_branch(lock)
    try:
        run_side_by_side([["dvc", "exp", "run", *(word for value in values for word in ("--set-param", value))]])
    except BaseException:
        if PARAMS.read_bytes() != before:
            echo(f"{PARAMS} keeps the values that were tried: {' '.join(values)}", err=True)
        raise
    finally:
        back_on_branch(branch)


def check(values: Sequence[str]) -> None:
    """Set the values in a copy of params.yaml, as DVC would. Raises InputError for what DVC or a stage would refuse."""
    from dvc.exceptions import DvcException
    from dvc.utils.hydra import apply_overrides  # takes half a second
    from omegaconf.errors import OmegaConfBaseException
    from ruamel.yaml.error import YAMLError

    load_params(PARAMS)
    keys = [value.partition("=")[0].lstrip("+").strip() for value in values]
    if twice := next((key for number, key in enumerate(keys) if key in keys[:number]), ""):
        raise InputError(f"{quoted(twice)} is given twice; one run has one value of it")
    with tempfile.TemporaryDirectory() as scratch:
        tried = Path(shutil.copy(PARAMS, scratch))
        for value in values:
            try:
                # With ++ it adds keys that are not there; then the check below names them.
                apply_overrides(tried, [f"++{value.lstrip('+')}"])
            except (DvcException, OmegaConfBaseException, YAMLError):
                raise InputError(f"{quoted(value)}: expected section.key=value, with one value") from None
        parse_params(tried.read_text(encoding="utf-8"), f"{PARAMS} with these values")


if __name__ == "__main__":
    main()
