"""Files of the corpus that are either whole or absent, written without a copy of them in memory."""

import errno
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ldnet.errors import InputError
from ldnet.files import written_whole

COPIED = 1 << 20  # bytes at a time
Array = npt.NDArray[Any]


def write_array(path: Path, shape: tuple[int, ...], pieces: Iterable[Array], dtype: type[np.generic]) -> None:
    """Write an array of this shape, whose rows come in pieces, as np.save would. An OSError names the file."""
    header = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
    with written_whole(path) as file:
        np.lib.format.write_array_header_1_0(file, header)
        for piece in pieces:
            file.write(np.ascontiguousarray(piece, dtype=dtype).data.cast("B") if piece.size else b"")


def move(path: Path, target: Path) -> None:
    """Rename a file, or copy it where it is on another disk. An OSError there names the target."""
    try:
        path.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with path.open("rb") as source, written_whole(target) as file:
            shutil.copyfileobj(source, file, COPIED)
        path.unlink()


def require_space(folder: Path, needed: int, what: str) -> None:
    """Raise InputError if less than `needed` bytes are free where the folder is, or will be."""
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    if needed > (free := shutil.disk_usage(existing).free):
        raise InputError(
            f"{folder}: {what} takes at least {_size(needed)} of disk space, {_size(free)} are free; "
            f"{_size(needed - free)} are missing"
        )


def _size(count: int) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"


def bytes_in(folder: Path, pattern: str) -> int:
    """The bytes of the files in a folder that the pattern finds."""
    return sum(path.stat().st_size for path in folder.glob(pattern))
