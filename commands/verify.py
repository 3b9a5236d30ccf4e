"""Re-run the committed experiment from nothing and compare it with the committed results."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import yaml

from ldnet.command_line import FOLDER, Command, echo
from ldnet.errors import InputError
from ldnet.files import read_json
from pipeline.publishing.verification import Deviation, Tolerance, compare_locks, compare_metrics, this_machine
from pipeline.yaml_text import parse_yaml, read_lock, read_yaml

RAW = Path("data/raw")
RESULTS, TOLERANCE = Path("results"), "tolerance.json"


@click.command(
    cls=Command,
    examples=[
        "python -m commands.verify",
        "python -m commands.verify conll2000-smoke",
        "python -m commands.verify --against ../other-clone",
        "python -m commands.verify conll2000 --given pretrain_lm",
    ],
)
@click.argument("name", required=False)
@click.option("--against", type=FOLDER, help="Compare with a clone where the experiment has been run already.")
@click.option(
    "--given", multiple=True, metavar="STAGE", help="Take its published outputs, from DVC's cache. Repeatable."
)
def main(name: str | None, against: Path | None, given: tuple[str, ...]) -> None:
    """Run the published experiment NAME (left out: the one of params.yaml) in a fresh clone and compare it with
    results/NAME in HEAD: bit for bit on a machine like the one that made them, elsewhere within tolerance.json there or
    in results/. Other code with the same outputs is only reported."""
    name = name or parse_yaml(_git("show", "HEAD:params.yaml"), "HEAD:params.yaml")["profile"]
    published = Reference.of(name)
    kept = without_stages(published.lock, given)
    with rerun(name, given) if against is None else already_run(against) as clone:
        lock = without_stages(read_lock(clone / "dvc.lock"), given if against else ())
        metrics = {f"metrics/{path.name}": read_json(path) for path in sorted((clone / "metrics").glob("*.json"))}
    same_machine = published.machine == this_machine()
    differences, code = compare_locks(kept, lock, checksums=same_machine)
    how = f"bit for bit, {len(lock['stages'])} stages"
    if not same_machine:
        own = RESULTS / name / TOLERANCE
        tolerance = Tolerance(**read_json(own if own.exists() else RESULTS / TOLERANCE))
        beyond, compared = compare_metrics(published.metrics, metrics, tolerance)
        differences += beyond
        how = f"{compared} metrics within tolerance (computed on another machine: {published.machine.get('cpu')})"
    if given:
        how += f"; {', '.join(given)} taken as published"
    if code:
        stages = sorted({difference.where for difference in code})
        echo(f"notice: the code has changed since, but not what {', '.join(stages)} compute", err=True)
    report(differences, how)


@dataclass(frozen=True)
class Reference:
    """What HEAD has in results/<profile>/ that another run is compared with."""

    lock: Mapping[str, Any]
    metrics: Mapping[str, Any]
    machine: Mapping[str, str]

    @classmethod
    def of(cls, name: str) -> "Reference":
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


def without_stages(lock: Mapping[str, Any], given: Collection[str]) -> dict[str, Any]:
    """A parsed dvc.lock without the stages of these names in dvc.yaml. Raises InputError for one that is not in it."""
    stages = {_in_pipeline(stage) for stage in lock["stages"]}
    if unknown := [stage for stage in given if stage not in stages]:
        raise InputError(f"no stage {unknown[0]!r} was published; there are {', '.join(sorted(stages))}")
    left = {stage: facts for stage, facts in lock["stages"].items() if _in_pipeline(stage) not in given}
    return {**lock, "stages": left}


def _in_pipeline(stage: str) -> str:
    """The stage of dvc.yaml that one in dvc.lock comes from, as pretrain_lm of pretrain_lm@forward."""
    return stage.partition("@")[0]


@contextmanager
def rerun(name: str, given: Collection[str]) -> Iterator[Path]:
    """A temporary clone of HEAD in which the profile has been run, with nothing from this folder's cache but the
    outputs of the stages that are `given`.

    Data that was brought is read from this folder.
    """
    head = _git("rev-parse", "--short", "HEAD").strip()
    echo(f"running the profile {name} of {head} in a fresh clone", err=True)
    environment = {key: value for key, value in os.environ.items() if key not in ("MLFLOW_TRACKING_URI", "DVC_ROOT")}
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        _git("clone", "--quiet", ".", str(clone))
        if RAW.is_dir():
            shutil.copytree(RAW, clone / RAW, copy_function=_link_or_copy)
        _run_there(["commands.switch_profile", name, "--discard"], clone, environment)
        if given:
            _take_as_published(given, clone, environment)
        (clone / "dvc.lock").unlink(missing_ok=True)  # nothing is up to date
        _run_there(["commands.reproduce"], clone, environment)
        yield clone


def _link_or_copy(source: str, target: str) -> None:
    """A link takes no space, but there is none from one file system to another."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _take_as_published(given: Collection[str], clone: Path, environment: Mapping[str, str]) -> None:
    """Bring the outputs of these stages from this folder's cache, and take the stages out of the clone's dvc.yaml.

    Their metrics and curves are there with the published state.
    """
    stages = [stage for stage in read_lock(clone / "dvc.lock")["stages"] if _in_pipeline(stage) in given]
    cache = subprocess.run(["dvc", "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
    _run_there(["dvc", "remote", "add", "--quiet", "--local", "published", cache], clone, environment)
    try:
        _run_there(["dvc", "pull", "--quiet", "--remote", "published", *stages], clone, environment)
    except click.ClickException as error:
        advice = "the published outputs are not in this folder's cache; bring them with `make profile` and `dvc pull`"
        raise click.ClickException(f"{error.message}: {advice}") from None
    pipeline = read_yaml(clone / "dvc.yaml")
    for stage in given:
        del pipeline["stages"][stage]
    (clone / "dvc.yaml").write_text(yaml.safe_dump(pipeline, sort_keys=False), encoding="utf-8")


def _run_there(module: Sequence[str], clone: Path, environment: Mapping[str, str]) -> None:
    """Run a module in the clone. Raises ClickException if it fails."""
    if subprocess.run([sys.executable, "-m", *module], cwd=clone, env=environment).returncode != 0:
        raise click.ClickException(f"{' '.join(module)} failed in the fresh clone")


def report(differences: list[Deviation], how: str) -> None:
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
