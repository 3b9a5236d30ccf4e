"""Re-run the committed experiment from nothing and compare it with the committed results."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import yaml

from ldnet.command_line import FOLDER, Command
from ldnet.errors import InputError
from ldnet.files import read_json, write_json
from pipeline.experiments.verification import Difference, Tolerance, compare_locks, compare_metrics, this_machine
from pipeline.params import validated

REFERENCE = Path("reference.json")


@click.command(
    cls=Command,
    examples=[
        "python -m commands.verify",
        "python -m commands.verify --against ../other-clone",
    ],
)
@click.option("--record", is_flag=True, help="Note in reference.json that this machine made the committed results.")
@click.option("--against", type=FOLDER, help="Compare with a clone where the experiment has been run already.")
def main(record: bool, against: Path | None) -> None:
    """Run the experiment of HEAD in a fresh clone and compare: bit for bit on the machine noted in reference.json,
    elsewhere metrics within the tolerance stated there."""
    reference = read_json(REFERENCE)
    if record:
        write_json(REFERENCE, {**reference, "machine": this_machine()})
        click.echo(f"{REFERENCE}: the committed results are those of this machine")
        return
    committed_lock, committed_metrics = committed()
    with rerun() if against is None else already_run(against) as clone:
        lock = yaml.safe_load((clone / "dvc.lock").read_text(encoding="utf-8"))
        metrics = {f"metrics/{path.name}": read_json(path) for path in sorted((clone / "metrics").glob("*.json"))}
    if reference["machine"] == this_machine():
        differences = compare_locks(committed_lock, lock)
        how = f"bit for bit, {len(lock['stages'])} stages"
    else:
        differences = compare_locks(committed_lock, lock, code_only=True)
        tolerance = validated(Tolerance, reference["tolerance"], f"{REFERENCE}: tolerance.")
        beyond, compared = compare_metrics(committed_metrics, metrics, tolerance)
        differences += beyond
        how = f"{compared} metrics within tolerance (made on another machine: {reference['machine'].get('cpu')})"
    report(differences, how)


def committed() -> tuple[dict[str, Any], dict[str, Any]]:
    """dvc.lock and the metrics files, parsed, as they are in HEAD."""
    files = _git("ls-tree", "-r", "--name-only", "HEAD", "dvc.lock", "metrics").split()
    if "dvc.lock" not in files:
        raise InputError("dvc.lock: not in HEAD; commit the results of `make repro` first")
    metrics = {file: json.loads(_git("show", f"HEAD:{file}")) for file in files if file.endswith(".json")}
    return yaml.safe_load(_git("show", "HEAD:dvc.lock")), metrics


@contextmanager
def already_run(folder: Path) -> Iterator[Path]:
    """The folder, if the experiment was run in it. Raises InputError if not."""
    if not (folder / "dvc.lock").exists():
        raise InputError(f"{folder}: no dvc.lock there; expected a clone where `make repro` has been run")
    yield folder


@contextmanager
def rerun() -> Iterator[Path]:
    """A temporary clone of HEAD in which the whole experiment has been run, with nothing from this folder's cache."""
    click.echo(f"running the experiment of {_git('rev-parse', '--short', 'HEAD').strip()} in a fresh clone", err=True)
    environment = {key: value for key, value in os.environ.items() if key not in ("MLFLOW_TRACKING_URI", "DVC_ROOT")}
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        _git("clone", "--quiet", ".", str(clone))
        run = subprocess.run([sys.executable, "-m", "commands.reproduce"], cwd=clone, env=environment)
        if run.returncode != 0:
            raise click.ClickException("the experiment failed in the fresh clone")
        yield clone


def report(differences: list[Difference], how: str) -> None:
    """Print the outcome. Ends with an error if there are differences."""
    for difference in differences:
        click.echo(str(difference))
    if differences:
        places = sorted({difference.where for difference in differences})
        raise click.ClickException(f"not reproduced ({how}): {len(differences)} differences in {', '.join(places)}")
    click.echo(f"verified: {how}")


def _git(*arguments: str) -> str:
    run = subprocess.run(["git", *arguments], capture_output=True, text=True)
    if run.returncode != 0:
        raise InputError(f"git {arguments[0]}: {run.stderr.strip()}")
    return run.stdout


if __name__ == "__main__":
    main()
