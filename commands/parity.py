"""Compare our numbers with those that the paper's released code computed from the same weights and inputs."""

from pathlib import Path

import click

from ldnet.command_line import FOLDER, Command, echo
from pipeline.reference.parity import TOLERANCE, largest_differences, read_fixture


@click.command(
    cls=Command,
    examples=[
        "python -m commands.parity fixture",
    ],
)
@click.argument("fixture", type=FOLDER, required=False)
def main(fixture: Path | None) -> None:
    """Print the largest absolute difference of every quantity in FIXTURE, a folder with weight files of the released
    code and expected.pt. `our_pruning` is our pruning of the gated tagger beside theirs. Exit status 1 above 1e-5."""
    if fixture is None:
        raise click.ClickException("which fixture? make parity FIXTURE=folder")
    differences = largest_differences(read_fixture(fixture))
    for quantity, difference in differences.items():
        echo(f"{quantity:<44} {difference:.1e}")
    largest = max(differences.values())
    echo(f"{'largest of ' + str(len(differences)):<44} {largest:.1e}")
    if largest > TOLERANCE:
        raise click.ClickException(f"the largest difference, {largest:.1e}, is above {TOLERANCE:.0e}")


if __name__ == "__main__":
    main()
