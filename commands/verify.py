"""Re-run the committed experiment from nothing and compare it with the committed results."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ldnet.command_line import FOLDER, Command, echo
from ldnet.errors import InputError
from ldnet.files import read_json
from pipeline.experiments.verification import Difference, Tolerance, compare_locks, compare_metrics, this_machine
from pipeline.yaml_text import parse_yaml, read_yaml

RAW = Path("data/raw")
RESULTS, TOLERANCE = Path("results"), Path("results/tolerance.json")


@click.command(
    cls=Command,
    examples=[
        "python -m commands.verify",
        "python -m commands.verify conll2000-smoke",
        "python -m commands.verify --against ../other-clone",
    ],
)
@click.argument("name", required=False)
@click.option("--against", type=FOLDER, help="Compare with a clone where the experiment has been run already.")
def main(name: str | None, against: Path | None) -> None:
    """Run the published experiment NAME (left out: the one of params.yaml) in a fresh clone and compare it with
    results/NAME in HEAD: bit for bit on a machine like the one that made them, elsewhere within results/tolerance.json.
    Other code with the same outputs is only reported."""
    name = name or parse_yaml(_git("show", "HEAD:params.yaml"), "HEAD:params.yaml")["profile"]
    published = Published.of(name)
    with rerun(name) if against is None else already_run(against) as clone:
        lock = read_yaml(clone / "dvc.lock")
        metrics = {f"metrics/{path.name}": read_json(path) for path in sorted((clone / "metrics").glob("*.json"))}
    same_machine = published.machine == this_machine()
    differences, code = compare_locks(published.lock, lock, checksums=same_machine)
    how = f"bit for bit, {len(lock['stages'])} stages"
    if not same_machine:
        beyond, compared = compare_metrics(published.metrics, metrics, Tolerance(**read_json(TOLERANCE)))
        differences += beyond
        how = f"{compared} metrics within tolerance (published from another machine: {published.machine.get('cpu')})"
    if code:
        stages = sorted({difference.where for difference in code})
        echo(f"notice: the code has changed since, but not what {', '.join(stages)} compute", err=True)
    report(differences, how)


@dataclass(frozen=True)
class Published:
    """What HEAD has in results/<profile>/ that another run is compared with."""

    lock: Mapping[str, Any]
    metrics: Mapping[str, Any]
    machine: Mapping[str, str]

    @classmethod
    def of(cls, name: str) -> "Published":
        """Raises InputError if nothing was published, or without its state."""
        folder = RESULTS / name
        files = _git("ls-tree", "-r", "--name-only", "HEAD", f"{folder}/").split()
        if f"{folder}/results.json" not in files:
            raise InputError(f"{folder}: not in HEAD; expected the published results of a profile")
        if f"{folder}/dvc.lock" not in files:
            raise InputError(f"{folder}: no dvc.lock in HEAD; `make experiment NAME={name}` publishes one")
        metrics = {
            file.removeprefix(f"{folder}/"): json.loads(_git("show", f"HEAD:{file}"))
            for file in files
            if file.startswith(f"{folder}/metrics/")
        }
        machine = json.loads(_git("show", f"HEAD:{folder}/results.json")).get("machine", {})
        return cls(parse_yaml(_git("show", f"HEAD:{folder}/dvc.lock"), f"{folder}/dvc.lock"), metrics, machine)


@contextmanager
def already_run(folder: Path) -> Iterator[Path]:
    """The folder, if the experiment was run in it. Raises InputError if not."""
    if not (folder / "dvc.lock").exists():
        raise InputError(f"{folder}: no dvc.lock there; expected a clone where `make repro` has been run")
    yield folder


@contextmanager
def rerun(name: str) -> Iterator[Path]:
    """A temporary clone of HEAD in which the profile has been run, with nothing from this folder's cache.

    Data that was brought is read from this folder.
    """
    head = _git("rev-parse", "--short", "HEAD").strip()
    echo(f"running the profile {name} of {head} in a fresh clone", err=True)
    environment = {key: value for key, value in os.environ.items() if key not in ("MLFLOW_TRACKING_URI", "DVC_ROOT")}
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        _git("clone", "--quiet", ".", str(clone))
        if RAW.is_dir():
            shutil.copytree(RAW, clone / RAW, copy_function=os.link)
        for command in (["switch_profile", name, "--discard"], ["reproduce"]):
            (clone / "dvc.lock").unlink(missing_ok=True)  # nothing is up to date
            run = subprocess.run(
                [sys.executable, "-m", f"commands.{command[0]}", *command[1:]], cwd=clone, env=environment
            )
            if run.returncode != 0:
                raise click.ClickException(f"{command[0]} failed in the fresh clone")
        yield clone


def report(differences: list[Difference], how: str) -> None:
    """Print the outcome. Ends with an error if there are differences."""
    for difference in differences:
        echo(str(difference))
    if differences:
        places = sorted({difference.where for difference in differences})
        raise click.ClickException(f"not reproduced ({how}): {len(differences)} differences in {', '.join(places)}")
    echo(f"verified: {how}")


def _git(*arguments: str) -> str:
    run = subprocess.run(["git", *arguments], capture_output=True, text=True)
    if run.returncode != 0:
        raise InputError(f"git {arguments[0]}: {run.stderr.strip()}")
    return run.stdout


if __name__ == "__main__":
    main()
