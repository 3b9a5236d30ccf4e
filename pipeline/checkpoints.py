"""Where a killed training finds its checkpoint again."""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from ldnet.command_line import echo
from ldnet.files import sha256_of_files


def checkpoints_root() -> Path:
    """The folder of all checkpoints, under the repository's root."""
    return Path(os.environ.get("DVC_ROOT", ".")) / ".checkpoints"


@contextmanager
def checkpoint_folder(stage: str, inputs: Mapping[str, Any], files: list[Path]) -> Iterator[Path]:
    """A folder for checkpoints of this very computation, removed when the computation has succeeded.

    It lies outside the stage's outputs (DVC deletes those before a stage runs) and under the repository's root, also in
    DVC's temporary copies of it. Its name is a digest of `inputs` and of the contents of `files` (data and code), so
    that a changed parameter never takes up the checkpoint of another one. While another process uses it, as two
    experiments that have chosen the same layers do, this waits.
    """
    digest = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode() + sha256_of_files(files).encode()).hexdigest()
    folder = checkpoints_root() / f"{stage}-{digest[:16]}"
    with _locked(folder):
        yield folder
        done = folder.rename(folder.with_name(f"{folder.name}.{os.getpid()}"))  # at once: others may want it now
        shutil.rmtree(done)


def _locked(folder: Path) -> IO[str]:
    """The open lock file of the folder, which is made; closing the file ends the lock."""
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            echo(f"{folder}: another process is computing the same thing; waiting for it", err=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_there(lock, folder / "lock"):
            return lock
        lock.close()  # whoever had it has finished and removed the folder


def _is_there(file: IO[str], path: Path) -> bool:
    """Whether the open file is still the one at `path`."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
