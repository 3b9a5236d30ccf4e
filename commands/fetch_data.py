"""Bring a data set into data/raw/<name>/: from a folder, or from its public home."""

import re
from pathlib import Path

import click

from pipeline.data.fetch import fetch
from pipeline.data.sources import DATA_SETS, own_data_set
from pipeline.errors import InputError
from stages._run import FOLDER, StageCommand


@click.command(
    cls=StageCommand,
    examples=[
        "python -m commands.fetch_data conll2000",
        "python -m commands.fetch_data conll2003 --from ~/corpora/conll2003",
        "python -m commands.fetch_data mine --from my-data",
    ],
)
@click.argument("name")
@click.option("--from", "brought", type=FOLDER, help="A folder that has the files; left out: download them.")
@click.option("--root", type=FOLDER, default="data/raw", show_default=True, help="Where data sets live.")
def main(name: str, brought: Path | None, root: Path) -> None:
    """Fill data/raw/NAME/ with train, dev and test columns, word vectors and LM text, checked against their SHA-256.

    NAME is conll2000 (downloaded, its LM text is a hundredth of the One Billion Word corpus), paper (the same with all
    of that corpus), conll2003 (needs --from: it cannot be downloaded), or any other name for your own data: then --from
    is a folder with train.txt, test.txt, dev.txt (optional), vectors.txt.gz (optional) and lm/*.txt or lm/*.txt.gz.
    A download that was interrupted goes on when run again.
    """
    if name == "demo":
        click.echo("demo: nothing to fetch; `dvc repro` generates it.")
        return
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name):
        raise InputError(f"NAME: expected letters, digits and _ . - (it becomes a folder under {root}), found {name!r}")
    if brought is not None and not brought.is_dir():
        raise InputError(f"{brought}: no such folder")
    fetch(DATA_SETS.get(name) or own_data_set(name), root, brought, click.echo)


if __name__ == "__main__":
    main()
