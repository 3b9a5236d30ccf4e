"""Files between stages: weights and arrays, written whole or not at all, and checked before they are used.

One function for each kind of file. What is wrong with a file is one line: the file, what was expected and found, and
the stage to run again.
"""

import os
import shutil
import tokenize
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar
from zipfile import BadZipFile

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ldnet.errors import ANY_STAGE, InputError, StageFileError
from ldnet.files import write_bytes
from ldnet.printable import reason
from pipeline.execution.finite import NotFiniteError, not_finite

Model = TypeVar("Model", bound=nn.Module)
CHECKED = 1 << 20  # numbers that are looked at together
# What numpy raises for what is no array of its own: it reads the header as Python, and several arrays as a zip archive.
NO_ARRAY = (
    *(ValueError, TypeError, AttributeError, KeyError, IndexError, SyntaxError, tokenize.TokenError, RecursionError),
    *(EOFError, OSError, BadZipFile, zlib.error, NotImplementedError, RuntimeError, MemoryError, OverflowError),
)


def damaged(path: Path, expected: str, found: object, stage: str) -> StageFileError:
    """What to raise about a file that an earlier stage wrote."""
    return StageFileError(f"{path}: expected {expected}, found {found}", f"run the stage {stage} again")


def write_curve(path: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """A table of comma-separated values with a row a record, written whole."""
    write_bytes(path, pd.DataFrame(records).to_csv(index=False).encode())


def save_weights(model: nn.Module, path: Path) -> None:
    """Write the weights of a model beside their place, then put them there.

    Raises NotFiniteError for weights that are not finite, and InputError where they cannot be written.
    """
    weights = {name: tensor.detach().contiguous() for name, tensor in model.state_dict().items()}
    if wrong := not_finite(weights):
        raise NotFiniteError(f"{path}: not written, since {wrong[0]} has numbers that are not finite")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    try:
        save_file(weights, str(part))
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except (SafetensorError, OSError) as error:
        part.unlink(missing_ok=True)
        raise InputError(f"{path}: cannot be written: {error}") from None


def load_weights(build: Callable[[], Model], path: Path, stage: str = ANY_STAGE) -> Model:
    """What `build` makes, with the weights of the file. Raises InputError unless they are its own, and finite."""
    with torch.device("meta"):  # no memory for what the file may not have
        expected = build().state_dict()
    try:
        tensors: dict[str, Tensor] = load_file(str(path))
    except FileNotFoundError:
        raise StageFileError(f"{path}: no such file", f"run the stage {stage}") from None
    except (SafetensorError, OSError) as error:
        raise damaged(path, "weights in safetensors", f"another file ({reason(error)})", stage) from None
    if missing := [name for name in expected if name not in tensors]:
        raise damaged(path, f"a tensor {missing[0]}", "none", stage)
    if unknown := [name for name in tensors if name not in expected]:
        raise damaged(path, f"{len(expected)} tensors, as config.json says", f"one more, {unknown[0]}", stage)
    for name, tensor in tensors.items():
        if _kind(tensor) != _kind(expected[name]):
            wanted = f"{name} of {_kind(expected[name])}, as config.json says"
            raise damaged(path, wanted, _kind(tensor), stage)
    if wrong := not_finite(tensors):
        raise damaged(path, f"finite numbers in {wrong[0]}", "nan or infinity", stage)
    model = build()
    model.load_state_dict(tensors)
    return model


def _kind(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {list(tensor.shape)}"


def load_array(
    path: Path,
    dtype: type[np.generic],
    shape: tuple[int | None, ...],
    stage: str = ANY_STAGE,
    mode: Literal["r", "r+"] | None = None,
) -> NDArray[Any]:
    """An array of this type, whose shape is given where it is known. With a `mode` it is memory-mapped.

    Raises InputError for any other file.
    """
    sizes = ", ".join("any" if size is None else f"{size:,}" for size in shape)
    expected = f"an array of {dtype.__name__} [{sizes}]"
    try:
        array = np.load(path, mmap_mode=mode, allow_pickle=False)
    except FileNotFoundError:
        raise StageFileError(f"{path}: no such file", f"run the stage {stage}") from None
    except NO_ARRAY as error:
        raise damaged(path, expected, f"another file ({reason(error)})", stage) from None
    if not isinstance(array, np.ndarray):
        array.close()
        raise damaged(path, expected, "several arrays", stage)
    fits = array.ndim == len(shape) and all(
        size in (None, found) for size, found in zip(shape, array.shape, strict=True)
    )
    if array.dtype != dtype or not fits:
        raise damaged(path, expected, f"{array.dtype} {list(array.shape)}", stage)
    return array


def reserve(path: Path) -> None:
    """Take the disk space of a file that is as long as it will be, but sparse.

    A page of a memory-mapped file for which the disk has no space ends the process with a signal and without a word.
    Raises InputError, and removes the file, where there is not enough space.
    """
    size = path.stat().st_size
    try:
        with path.open("rb+") as file:
            if hasattr(os, "posix_fallocate"):  # macOS has none
                os.posix_fallocate(file.fileno(), 0, size)
    except OSError as error:
        path.unlink()
        free = shutil.disk_usage(path.parent).free
        lack = f"; {(size - free) / 1e6:,.1f} MB are missing" if size > free else ""
        raise InputError(
            f"{path}: {size / 1e6:,.1f} MB of disk space cannot be reserved ({error.strerror}), "
            f"{free / 1e6:,.1f} MB are free{lack}"
        ) from None


def check_numbers(
    path: Path, values: NDArray[Any], holds: Callable[[NDArray[Any]], Any], expected: str, stage: str = ANY_STAGE
) -> None:
    """Raise InputError unless `holds` is true of all numbers of a file. They are looked at in pieces."""
    rows = max(1, CHECKED * len(values) // max(1, values.size))
    for start in range(0, len(values), rows):
        piece = values[start : start + rows]
        with np.errstate(invalid="ignore"):
            wrong = piece[~holds(piece)]
        if wrong.size:
            raise damaged(path, expected, wrong.flat[0], stage)
