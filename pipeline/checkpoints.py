"""Where a killed training finds its checkpoint again."""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.errors import InputError
from pipeline.files import sha256_of_files


@contextmanager
def checkpoint_folder(stage: str, inputs: Mapping[str, Any], files: list[Path]) -> Iterator[Path]:
    """A folder for checkpoints of this very computation, removed when the computation has succeeded.

    It lies outside the stage's outputs (DVC deletes those before a stage runs) and under the repository's root, also in
    DVC's temporary copies of it. Its name is a digest of `inputs` and of the contents of `files` (data and code), so
    that a changed parameter never takes up the checkpoint of another one. Raises InputError if another process uses it.
    """
    digest = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode() + sha256_of_files(files).encode()).hexdigest()
    root = Path(os.environ.get("DVC_ROOT", "."))
    folder = root / ".checkpoints" / f"{stage}-{digest[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{folder}: another process is computing the same thing; wait for it or stop it") from None
        yield folder
        shutil.rmtree(folder)
