"""The state of a workspace that a result was published from: parameters, dvc.lock, metrics and curves, kept in git.

With them a clone needs only the outputs, which DVC has: `dvc status` and `dvc pull` understand the state.
"""

import re
import shutil
from pathlib import Path

from ldnet.errors import InputError
from ldnet.files import write_bytes
from pipeline.yaml_text import read_yaml

PARAMS, LOCK = "params.yaml", "dvc.lock"
MEASURED = {"metrics": "*.json", "curves": "*.csv"}
GENERATED = re.compile(r"^  generate_data@(?P<name>[^:\n]+):\n(?:    .*\n)*", re.MULTILINE)  # a stage of dvc.lock


def keep_state(workspace: Path, folder: Path) -> None:
    """Copy the workspace's state to `folder`, in place of an earlier one. Raises InputError if a part is missing."""
    for name in (PARAMS, LOCK):
        if not (workspace / name).is_file():
            raise InputError(f"{workspace / name}: no such file; run the experiment first (`make repro`)")
    write_bytes(folder / PARAMS, (workspace / PARAMS).read_bytes())
    lock = (workspace / LOCK).read_text(encoding="utf-8")
    write_bytes(folder / LOCK, _of_profile(lock, workspace / PARAMS).encode())
    _copy_measured(workspace, folder)


def _of_profile(lock: str, params: Path) -> str:
    """The text of a dvc.lock without what these parameters do not generate: DVC keeps stages of other profiles."""
    values = read_yaml(params)
    generated = values.get("generate_data", {}) if isinstance(values, dict) else {}
    return GENERATED.sub(lambda stage: stage[0] if stage["name"] in generated else "", lock)


def has_state(folder: Path) -> bool:
    """Whether a result was published with its state; those of before states were kept have only results.json."""
    return (folder / LOCK).is_file()


def bring_state_back(folder: Path, workspace: Path) -> None:
    """Put dvc.lock, metrics and curves of the state into the workspace. What they replace is in DVC's cache."""
    write_bytes(workspace / LOCK, (folder / LOCK).read_bytes())
    _copy_measured(folder, workspace)


def _copy_measured(source: Path, target: Path) -> None:
    for name, pattern in MEASURED.items():
        files = sorted((source / name).glob(pattern))
        if (target / name).is_dir():
            shutil.rmtree(target / name)
        for file in files:
            write_bytes(target / name / file.name, file.read_bytes())
