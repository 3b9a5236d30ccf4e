"""Bring a data set into data/raw/<name>/: from a folder, or from its public home."""

import re
from pathlib import Path

import click

from ldnet.command_line import FOLDER, Command, echo
from ldnet.errors import InputError
from pipeline.corpus.lm_files import EXPECTED, LM_FOLDER
from pipeline.fetch.bring import not_taken, why_no_file
from pipeline.fetch.fetch import fetch
from pipeline.fetch.sources import DATA_SETS, DataSet, own_data_set


@click.command(
    cls=Command,
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
    is a folder with train.txt, test.txt, dev.txt (optional), word vectors (optional: vectors.txt, vectors.txt.gz or
    *.vec) and text in lm/, compressed or not. What is not taken is named.
    To resume an interrupted download, run the same command again.
    """
    if name == "demo":
        echo("demo: nothing to fetch; `dvc repro` generates it.")
        return
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name):
        raise InputError(f"NAME: expected letters, digits and _ . - (it becomes a folder under {root}), found {name!r}")
    if brought is not None and not brought.is_dir():
        raise InputError(f"{brought}: no such folder")
    data_set = DATA_SETS.get(name) or own_data_set(name)
    fetch(data_set, root, brought, echo)
    if brought:
        for path in not_taken(data_set, brought):
            echo(f"{path}: not taken; {why_no_file(path) or _names(path, data_set, brought)}")
    if name not in DATA_SETS:
        echo(how_to_go_on(name, Path("profiles")))


def _names(path: Path, data_set: DataSet, brought: Path) -> str:
    """Under which names files are taken."""
    if path.is_relative_to(brought / LM_FOLDER):
        return f"in {LM_FOLDER}/, {EXPECTED}"
    own = ", *.vec" if data_set.own else ""
    return f"names that are: {', '.join(slot.target for slot in data_set.slots)}{own}, {LM_FOLDER}/*"


def how_to_go_on(name: str, profiles: Path) -> str:
    """What to do with a data set of one's own once it is there."""
    profile = profiles / f"{name}.yaml"
    run = f"`make profile NAME={name}`, `make repro`"
    if profile.is_file():
        return f"next: {run}"
    return (
        f"next: copy examples/own_data/mine.yaml to {profile}, set `profile: {name}`, `data: {name}`, and your columns "
        f"under prepare_conll in it; then {run}. Step by step: docs/own-data.md"
    )


if __name__ == "__main__":
    main()
