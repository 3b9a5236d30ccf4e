"""Memory is estimated before it is asked for: a model that cannot fit is refused in one line."""

import os
from collections.abc import Callable

import torch
from torch import nn

from ldnet.errors import InputError

ADAM_COPIES = 3  # weights and two moments; gradients come and go


def weight_bytes(build: Callable[[], nn.Module]) -> int:
    """The bytes of the weights of what `build` makes, which is built without memory and draws no random number."""
    with torch.device("meta"):
        model = build()
    return sum(tensor.nbytes for tensor in model.state_dict().values())


def machine_bytes() -> int:
    """The machine's memory."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def require_memory(needed: int, what: str, keys: str) -> None:
    """Raise InputError where more is needed than the machine has. `keys` are those that make it smaller."""
    if needed > (there := machine_bytes()):
        raise InputError(
            f"{keys}: {what} would take at least {needed / 1e9:,.1f} GB of memory, but the machine has "
            f"{there / 1e9:,.1f} GB; lower one of them"
        )
