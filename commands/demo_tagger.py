"""Make the small tagger that ships with ldnet, `ldnet tag demo`, from the published demo."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from commands.workspace import WorkspaceCommand
from ldnet.command_line import FILE, FOLDER, echo
from ldnet.errors import InputError
from ldnet.locate_model import ARCHIVE, unpack
from ldnet.model_description import read_description
from pipeline.params import load_params
from pipeline.publishing.sweep_publication import RESULTS
from pipeline.six_taggers import SHIPPED
from pipeline.yaml_text import read_yaml

PROFILE = "demo"
PARTS = ("work/conll/dev.conll", "work/conll/lexicon", "work/pruned", f"work/tagger/{SHIPPED}")  # outputs of stages
REMEDY = "`make profile NAME=demo && make repro publish` makes it again"


@click.command(
    cls=WorkspaceCommand, examples=["python -m commands.demo_tagger", "python -m commands.demo_tagger --check"]
)
@click.option("--archive", type=FILE, default=ARCHIVE, help="The file; left out: the one in the package ldnet.")
@click.option("--results", type=FOLDER, default=RESULTS, show_default=True, help="The published results.")
@click.option("--check", is_flag=True, help="Write nothing; exit with status 1 if the file is stale.")
def main(archive: Path, results: Path, check: bool) -> None:
    """Write the demo's pruned tagger as one small file, unless that is made from the published results already.

    With another profile in params.yaml, nothing is done.
    """
    published = _checksums(results / PROFILE / "dvc.lock")
    current = archive.is_file() and _made_from(archive) == published
    if check:
        if not current:
            raise click.ClickException(f"{archive} is stale: it is not made from {results / PROFILE}; {REMEDY}")
        return
    if current or load_params(Path("params.yaml")).profile != PROFILE:
        return
    if _checksums(Path("dvc.lock")) != published:
        raise InputError(f"dvc.lock: other taggers than in {results / PROFILE}; `make repro publish` makes them one")
    from pipeline.exporting.small_archive import write_archive  # imports torch
    from pipeline.exporting.workspace import best_model

    source, description = best_model(Path("work"), Path("metrics"), SHIPPED)
    rounding = write_archive(source, description, published, archive)
    echo(
        f"{archive}: {archive.stat().st_size / 1000:.0f} kB, dev F1 {rounding['dev_f1']:.2f} ({description.dev_f1:.2f})"
    )


def _checksums(lock: Path) -> dict[str, str]:
    """The checksums of the tagger's parts. Raises InputError for one that the lock does not have."""
    stages = read_yaml(lock).get("stages", {}).values()
    outputs = {out["path"]: out["md5"] for stage in stages for out in stage.get("outs", [])}
    if missing := [part for part in PARTS if part not in outputs]:
        raise InputError(f"{lock}: no output {missing[0]}; expected the lock of a finished experiment (`make repro`)")
    return {part: outputs[part] for part in PARTS}


def _made_from(archive: Path) -> Mapping[str, str]:
    """The checksums of the parts that the archive says it was made from; none for one that cannot be read."""
    try:
        with TemporaryDirectory() as scratch:
            unpack(archive, Path(scratch))
            return dict((read_description(Path(scratch)).get("rounded") or {}).get("made_from", {}))
    except InputError:
        return {}


if __name__ == "__main__":
    main()
