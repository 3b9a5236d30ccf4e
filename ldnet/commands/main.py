"""The command `ldnet`: what users do with a finished tagger."""

import click

from ldnet import __version__
from ldnet.command_line import Examples
from ldnet.commands import calibrate, info, tag, tag_shards


class ExampleGroup(Examples, click.Group):
    """A group of commands whose --help ends with examples."""


@click.group(
    cls=ExampleGroup,
    commands=[tag.main, tag_shards.main, info.main, calibrate.main],
    examples=[
        "echo 'Gaifert launched its Loujairt car.' | ldnet tag demo",
        "ldnet tag work/model/pruned_taught article.txt",
        'echo "John lives in Paris." | ldnet tag latest --format jsonl',
        "ldnet info latest",
    ],
)
@click.version_option(__version__, prog_name="ldnet")
def main() -> None:
    """Tag text with a finished tagger. Exit status: 0 done, 1 bad input, 2 wrong usage, 130 interrupted.

    MODEL is a folder that `make export` wrote, an MLflow model (models:/name@alias, models:/name/1, runs:/id/path),
    `latest`: the model that was exported last below work/model in the current folder, or `demo`: a small tagger of
    made-up names that comes with ldnet (PER, LOC, ORG and MISC), to try things out.
    """
