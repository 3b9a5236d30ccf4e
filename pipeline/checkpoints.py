"""Where a killed computation finds again what it had finished."""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ldnet.command_line import echo
from ldnet.errors import ANY_STAGE, written_by
from ldnet.files import sha256_of_file, write_json

DESCRIPTION, LOCK = "computation.json", "lock"  # in each folder of checkpoints, beside these


def checkpoints_root() -> Path:
    """The folder of all checkpoints, under the repository's root."""
    return Path(os.environ.get("DVC_ROOT", ".")) / ".checkpoints"


def code_of(*paths: str) -> list[Path]:
    """The Python files of what dvc.yaml names as code: packages (pipeline/tagger) and scripts (stages/select.py)."""
    root = Path(__file__).parents[1]
    return [file for path in paths for file in _files_of(root / path) if file.suffix == ".py"]


@dataclass(frozen=True, kw_only=True)
class Computation:
    """All that the result of a stage depends on: nothing else may resume from its checkpoints."""

    stage: str
    inputs: Mapping[str, Any]  # parameters, as JSON has them
    files: Sequence[Path]  # data and code, whose contents count; of a folder, the files in it

    def description(self) -> dict[str, Any]:
        """The same with a digest of the files' contents. Raises InputError for a file that is missing."""
        with written_by(ANY_STAGE):
            digest = digest_of_files([file for path in self.files for file in _files_of(path)])
        return {"stage": self.stage, "inputs": json.loads(json.dumps(self.inputs)), "files": digest}


def digest_of_files(files: Sequence[Path]) -> str:
    """A digest of their names and contents, in the order given."""
    named = [(file.name, sha256_of_file(file)) for file in files]
    return hashlib.sha256(json.dumps(named).encode()).hexdigest()


def _files_of(path: Path) -> list[Path]:
    """The files in a folder, or the file."""
    return sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]


def folder_of(description: Mapping[str, Any]) -> Path:
    """Where the checkpoints of the computation with this description are, or would be."""
    digest = hashlib.sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()
    return checkpoints_root() / f"{description['stage']}-{digest[:16]}"


@contextmanager
def checkpoint_folder(computation: Computation) -> Iterator[Path]:
    """A folder for checkpoints of this very computation, removed when the computation has succeeded.

    It lies outside the stage's outputs (DVC deletes those before a stage runs) and under the repository's root, also in
    DVC's temporary copies of it. Its name has a digest of parameters, data and code, so that a changed parameter never
    takes up the checkpoint of another one. While another process uses it, as two experiments that have chosen the same
    layers do, this waits.
    """
    description = computation.description()
    folder = folder_of(description)
    with _locked(folder):
        if not (folder / DESCRIPTION).exists():
            write_json(folder / DESCRIPTION, description)
        yield folder
        _remove(folder)


def remove_unused(folder: Path) -> bool:
    """Remove a folder of checkpoints, unless a process uses it: whether that was done."""
    try:
        with (folder / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if unused := _is_there(lock, folder / LOCK):
                _remove(folder)
            return unused
    except (BlockingIOError, FileNotFoundError):  # in use, or just removed by who used it
        return False


def _remove(folder: Path) -> None:
    """Remove a folder whose lock is held. It goes at once under this name: others may want that now."""
    shutil.rmtree(folder.rename(folder.with_name(f"{folder.name}.{os.getpid()}")))


def is_used(folder: Path) -> bool:
    """Whether a process uses this folder of checkpoints."""
    try:
        with (folder / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _locked(folder: Path) -> IO[str]:
    """The open lock file of the folder, which is made; closing the file ends the lock."""
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock = (folder / LOCK).open("w")
        except FileNotFoundError:
            continue  # whoever had the folder has just removed it
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            echo(f"{folder}: another process is computing the same thing; waiting for it", err=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_there(lock, folder / LOCK):
            return lock
        lock.close()  # whoever had it has finished and removed the folder


def _is_there(file: IO[str], path: Path) -> bool:
    """Whether the open file is still the one at `path`."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
