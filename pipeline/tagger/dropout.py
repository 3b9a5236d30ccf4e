"""Dropout whose mask costs a fraction of what torch's does: four decisions from each random number.

Where features of all language-model layers are dropped, drawing a number for each was a quarter of a training step.
"""

import torch
from torch import Tensor

LEVELS = 1 << 16


def dropout(values: Tensor, probability: float, training: bool) -> Tensor:
    """Zero values with this probability (to the nearest 1/65536) and scale the others by 1 / (1 - probability)."""
    if not training or probability == 0:
        return values
    words = torch.empty(-(-values.numel() // 4), dtype=torch.int64).random_(-(1 << 63), None)
    drawn = words.view(torch.int16)[: values.numel()].view(values.shape)  # uniform from -LEVELS / 2 on
    kept = drawn >= round(probability * LEVELS) - LEVELS // 2
    return values * (kept.to(values.dtype) * (1 / (1 - probability)))
