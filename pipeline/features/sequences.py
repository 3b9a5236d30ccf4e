"""Recurrent layers over sentences of different lengths, so that no sentence sees another's padding.

Padding stands at the end. The backward direction reverses each sentence within its own length, so that padding comes
last there too: what a sentence gets does not depend on the batch it is in. Shapes: T steps, B sentences,
S rows taken, D width of a row.
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

LENGTH_MULTIPLE = 8


def padded_length(lengths: Iterable[int]) -> int:
    """How long a batch with sequences of these lengths is made: the longest, rounded up.

    The library behind torch's LSTM builds and keeps a program for every shape; with few shapes it builds each once.
    """
    return -(-max(lengths) // LENGTH_MULTIPLE) * LENGTH_MULTIPLE


def batches_by_length(lengths: Sequence[float], size: int) -> list[list[int]]:
    """Indices of sequences with these lengths in batches of `size` of about equal length, shortest first.

    Of equally long ones, the earlier one comes first. The last batch may be smaller.
    """
    order = sorted(range(len(lengths)), key=lambda index: (lengths[index], index))
    return [order[start : start + size] for start in range(0, len(order), size)]


def reversal(lengths: Tensor, steps: int) -> Tensor:
    """Row indices (T, B) that reverse each sentence within its length (B) and leave padding where it is."""
    positions = torch.arange(steps).unsqueeze(1)  # (T, 1)
    mirrored = lengths.unsqueeze(0) - 1 - positions  # (T, B)
    return torch.where(mirrored >= 0, mirrored, positions)


def take_rows(values: Tensor, rows: Tensor) -> Tensor:
    """Per sentence, the rows (S, B) of `values` (T, B, D): a tensor (S, B, D)."""
    return values[rows, torch.arange(values.shape[1])]
