"""Try other values of params.yaml: `dvc exp run`, unless another command is running in the workspace."""

import os
from typing import IO

import click

from commands.workspace import WorkspaceCommand


@click.command(
    cls=WorkspaceCommand,
    examples=["make try SET=select.strength=0.2", "python -m commands.try_values select.strength=0.2"],
)
@click.argument("values", nargs=-1, required=True)
@click.pass_obj
def main(lock: IO[str], values: tuple[str, ...]) -> None:
    """Set VALUES (section.key=value) in params.yaml and run what depends on them, as an experiment of DVC."""
    os.set_inheritable(lock.fileno(), True)  # DVC takes the place of this process, and the lock with it
    os.execvp("dvc", ["dvc", "exp", "run", *(word for value in values for word in ("--set-param", value))])


if __name__ == "__main__":
    main()
