"""What every stage script shares: the --params option and one-line errors."""

from pathlib import Path
from typing import Any

import click

from pipeline.errors import InputError

PATH = click.Path(path_type=Path)
FOLDER = click.Path(path_type=Path, file_okay=False)
params_option = click.option(
    "--params", "params_path", type=PATH, default="params.yaml", show_default=True, help="The parameters file."
)


class StageCommand(click.Command):
    """A click command whose InputErrors and OSErrors end it with one line on stderr and exit status 1."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except (InputError, OSError) as error:
            raise click.ClickException(str(error)) from None
