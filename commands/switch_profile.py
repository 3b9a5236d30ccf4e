"""Make a profile the active parameters file."""

from pathlib import Path

import click

from commands.workspace import WorkspaceCommand
from ldnet.command_line import echo
from pipeline.profiles import names, switch
from pipeline.publishing.published_state import bring_state_back, has_state
from pipeline.publishing.sweep_publication import RESULTS


@click.command(
    cls=WorkspaceCommand,
    examples=[
        "python -m commands.switch_profile",
        "python -m commands.switch_profile conll2000",
        "python -m commands.switch_profile demo --save my-try",
    ],
)
@click.argument("name", required=False)
@click.option(
    "--save",
    default="",
    metavar="NAME",
    help="Keep the values of a hand-edited params.yaml as profiles/NAME.yaml first.",
)
@click.option("--discard", is_flag=True, help="Give up a hand-edited params.yaml.")
def main(name: str | None, save: str, discard: bool) -> None:
    """Write profile NAME to params.yaml: profiles/base.yaml with what differs from it. Without NAME, list the
    profiles.

    If results of the profile are published with their state, dvc.lock, metrics and curves come back, too: `dvc pull`
    then brings the outputs, where there is a remote that has them.
    """
    if not name:
        echo("profiles: " + ", ".join(names(Path("profiles"))))
        return
    switch(Path("params.yaml"), Path("profiles"), name, save=save, discard=discard)
    echo(f"params.yaml is now the profile {name}")
    if has_state(published := RESULTS / name):
        bring_state_back(published, Path())
        echo(f"dvc.lock, metrics and curves now come from {published}")


if __name__ == "__main__":
    main()
