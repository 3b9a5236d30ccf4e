"""Snapshots: all that the rest of a training depends on, in one file of safetensors that is whole or absent.

Weights, moments and random states are tensors. All else is JSON in the file's header, which gives numbers back to the
bit. A checksum of all is there too, since a changed weight is a weight and nothing else would notice it.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from ldnet.errors import InputError
from ldnet.files import write_bytes
from ldnet.printable import reason

Tensors = dict[str, Tensor]
Values = dict[str, Any]
SNAPSHOT = re.compile(r"state|forward|backward|(\w+-)?seed-\d+")  # names of snapshots among checkpoints
LENGTH_BYTES = 8  # a file begins with the length of its header


def weights_and_moments(parameters: Mapping[str, nn.Parameter], optimizers: Sequence[torch.optim.Optimizer]) -> Tensors:
    """The parameters (`weights.<name>`) and their moments (`<moment>.<name>`), as far as there are any yet."""
    tensors = {}
    for name, parameter in parameters.items():
        tensors[f"weights.{name}"] = parameter.detach()
        for optimizer in optimizers:
            for key, moment in optimizer.state.get(parameter, {}).items():  # none before a parameter's first gradient
                tensors[f"{key}.{name}"] = torch.as_tensor(moment)
    return tensors


def put_back(
    tensors: Tensors, parameters: Mapping[str, nn.Parameter], optimizers: Sequence[torch.optim.Optimizer]
) -> None:
    """Give parameters and optimizers what `weights_and_moments` took from them."""
    names = {parameter: name for name, parameter in parameters.items()}
    for parameter, name in names.items():
        parameter.data.copy_(_of_shape(tensors[f"weights.{name}"], parameter))
    for optimizer in optimizers:
        for parameter in (parameter for group in optimizer.param_groups for parameter in group["params"]):
            for key in ("step", "exp_avg", "exp_avg_sq", "momentum_buffer"):
                if (stored := tensors.get(f"{key}.{names[parameter]}")) is not None:
                    is_number = isinstance(optimizer, torch.optim.SparseAdam) and key == "step"  # Adam's is a tensor
                    optimizer.state[parameter][key] = int(stored) if is_number else stored.to(parameter.device)


def pack(values: Values, tensors: Tensors, progress: str) -> bytes:
    """A snapshot. `progress` says how far the training has come, for people."""
    text = json.dumps(values, allow_nan=False)
    metadata = {"values": text, "reached": progress, "checksum": _checksum(text, progress, tensors)}
    return bytes(save({name: tensor.contiguous() for name, tensor in tensors.items()}, metadata))


def unpack(content: bytes) -> tuple[Values, Tensors]:
    """What went into a snapshot. Raises one of several errors for any other content: see `reading_snapshot`."""
    tensors = load(content)
    length = int.from_bytes(content[:LENGTH_BYTES], "little")
    metadata = json.loads(content[LENGTH_BYTES : LENGTH_BYTES + length])["__metadata__"]
    if metadata["checksum"] != _checksum(metadata["values"], metadata["reached"], tensors):
        raise ValueError("its checksum is another one")
    return json.loads(metadata["values"]), tensors


def progress_of(path: Path) -> str:
    """How far the training of a snapshot has come. Raises InputError for a damaged one."""
    with reading_snapshot(path), path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(LENGTH_BYTES), "little")))
        return str(header["__metadata__"]["reached"])


def progress_in(folder: Path) -> list[str]:
    """How far each training has come whose snapshot is among the checkpoints in a folder."""
    paths = [path for path in sorted(folder.glob("*")) if SNAPSHOT.fullmatch(path.name)]
    return [f"{path.name}, {progress_of(path)}" for path in paths]


@contextmanager
def reading_snapshot(path: Path | None) -> Iterator[None]:
    """What is wrong with the snapshot at `path`, which is read in here, is one line. Raises InputError."""
    try:
        yield
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError, OverflowError, MemoryError) as error:
        raise InputError(
            f"{path}: no checkpoint of this training ({reason(error)}); delete it to start from scratch"
        ) from None


def write_snapshot(path: Path, content: bytes) -> None:
    """Put a snapshot in the place of the one before. Raises InputError, and leaves that one, where it cannot."""
    try:
        write_bytes(path, content)
    except OSError as error:
        raise InputError(
            f"{path}: a checkpoint of {len(content) / 1e6:,.1f} MB cannot be written ({error.strerror}); mend that and "
            "run the same command, which resumes from the checkpoint before"
        ) from None


def _checksum(text: str, progress: str, tensors: Tensors) -> str:
    digest = hashlib.sha256(f"{text}{progress}".encode())
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].detach().cpu().reshape(-1).view(torch.uint8).numpy().data)  # numpy has no bfloat16
    return digest.hexdigest()


def _of_shape(stored: Tensor, parameter: Tensor) -> Tensor:
    """The stored tensor, which must not be stretched to another one's shape."""
    if stored.shape != parameter.shape:
        raise ValueError(f"a tensor {list(stored.shape)} in the place of {list(parameter.shape)}")
    return stored
