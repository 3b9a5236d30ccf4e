"""A workspace in which a tiny experiment runs as users run it, and what is to be found there afterwards."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

from tests.golden.workspace import ROOT
from tests.imports import WITHOUT_MLFLOW
from tests.torture.faults import Ending

OUTPUTS = ("work", "metrics", "curves")
NO_STAGES = ("work/stage_seconds.json", "work/sweep_golden.md")  # what commands note there
CODE = ("ldnet", "pipeline", "stages", "commands", "profiles")
FILES = (".dvcignore", "Makefile", "pyproject.toml", "requirements.txt", "params.schema.json")
SAME = "same bytes"


def write_project(reference: Path, workspace: Path) -> None:
    """A project whose `make repro` runs the experiment of the reference from its raw data on."""
    for name in CODE:
        shutil.copytree(ROOT / name, workspace / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copyfile(ROOT / name, workspace / name)
    shutil.copytree(reference / "data", workspace / "data")
    shutil.copyfile(reference / "params.yaml", workspace / "params.yaml")
    pipeline = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
    del pipeline["stages"]["generate_data"]  # more was added to what it makes
    (workspace / "dvc.yaml").write_text(yaml.safe_dump(pipeline, sort_keys=False), encoding="utf-8")
    (workspace / ".dvc").mkdir()
    (workspace / ".dvc/config").write_text("[core]\n    no_scm = true\n    analytics = false\n", encoding="utf-8")


def make(workspace: Path, *words: str) -> list[str]:
    """`make` of goals and variables there, with the environment of this process as it is."""
    environment = workspace / "environment"
    environment.mkdir(exist_ok=True)
    for name in ("requirements.txt", "pyproject.toml"):
        shutil.copyfile(workspace / name, environment / name)
    return ["make", "--no-print-directory", f"VENV={environment}", *words]


def start(
    command: list[str], workspace: Path, code: Path, environment: Mapping[str, str] | None = None
) -> "subprocess.Popen[str]":
    """Start the command in the workspace, with modules from `code`.

    `environment` is added to this process's. Without one, MLflow is not even loaded.
    """
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "DVC", "PYTEST"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    modules = os.pathsep.join([str(code), *([WITHOUT_MLFLOW] if environment is None else [])])
    own = {"PYTHONPATH": modules, "PATH": path, "MLFLOW_TRACKING_URI": "nowhere:", "DVC_NO_ANALYTICS": "1"}
    return subprocess.Popen(
        command,
        cwd=workspace,
        env={**inherited, **own, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def copy(source: Path, target: Path) -> None:
    """A copy, since stages write in their outputs' place."""
    shutil.copytree(source, target) if source.is_dir() else shutil.copyfile(source, target)


def empty(folder: Path) -> None:
    """Remove what is in the folder, which may be a disk."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def compared(reference: Path, workspace: Path) -> str:
    """Whether the workspace has the outputs of the reference, and no others."""
    expected, found = files(reference), files(workspace)
    if names := sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name)):
        return f"{len(names)} files differ: {', '.join(names[:3])}"
    return SAME


def files(folder: Path) -> dict[str, bytes]:
    """The outputs of stages in a workspace, by their names there."""
    paths = (path for name in OUTPUTS for path in (folder / name).rglob("*") if path.is_file())
    named = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: path.read_bytes() for name, path in named.items() if name not in NO_STAGES}


def last_line(ending: Ending) -> str:
    """The last that a process said, with its exit status."""
    lines = [line for line in ending.said.splitlines() if line.strip()]
    return f"status {ending.status}, {lines[-1][:160] if lines else 'without a word'}"
