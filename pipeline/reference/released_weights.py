"""Weight files of the paper's released code: a dictionary whose entry "model" has the tensors, by that code's names."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ldnet.errors import InputError

Weights = dict[str, Tensor]


@dataclass(frozen=True)
class Checkpoint:
    """A weight file: its name for error messages, its tensors, and its other entries."""

    source: str
    weights: Weights
    others: Mapping[str, Any]

    def tensor(self, name: str) -> Tensor:
        """The tensor of this name. Raises InputError if there is none."""
        if name not in self.weights:
            raise InputError(f"{self.source}: no tensor {name!r}; expected the names of the paper's released code")
        return self.weights[name]

    def sizes(self, name: str) -> tuple[int, int]:
        """Rows and columns of a matrix. Raises InputError if there is none of this name."""
        shape = tuple(self.tensor(name).shape)
        if len(shape) != 2:
            raise InputError(f"{self.source}: {name} has shape {shape}; expected a matrix")
        return shape

    def replace(self, changed: Weights) -> "Checkpoint":
        """The same file with some tensors changed."""
        return Checkpoint(self.source, {**self.weights, **changed}, self.others)


def read_file(path: Path) -> Any:
    """What is in a file of torch.save, read without running anything in it. Raises InputError for other files."""
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds, for files of other formats and for those with code in them
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{path}: expected what torch.save writes, without objects of other kinds: {reason}") from None


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a weight file. Raises InputError for files of another kind."""
    content = read_file(path)
    weights = content.get("model") if isinstance(content, dict) else None
    if not isinstance(weights, dict) or not all(isinstance(weight, Tensor) for weight in weights.values()):
        raise InputError(f'{path}: expected a dictionary whose entry "model" has a tensor for every name')
    return Checkpoint(str(path), dict(weights), {name: value for name, value in content.items() if name != "model"})
