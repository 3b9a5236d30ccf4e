"""The paper's three regularisers on the gates, and the proximal step that keeps gates in [0, 1].

`gates` is the vector z of both directions together (2 L). The count of open gates |z|_0 has no gradient: R2 and R3
switch their first term on while more than `max_layers` gates are open.
"""

import torch
from torch import Tensor

from pipeline.params import Regulariser


def penalty(name: Regulariser, gates: Tensor, max_layers: int) -> Tensor:
    """R1 = sum z;  R2 = [|z|_0 > max_layers] sum z;  R3 = R2 + sum z (1 - z). A scalar."""
    total = gates.sum()
    if name == "r1":
        return total
    over_budget = total if open_gates(gates) > max_layers else 0.0 * total
    if name == "r2":
        return over_budget
    return over_budget + (gates * (1 - gates)).sum()


def open_gates(gates: Tensor) -> int:
    """|z|_0, the number of gates that are not zero."""
    return int(torch.count_nonzero(gates))


@torch.no_grad()
def clamp(gates: Tensor) -> None:
    """The proximal step after each update, in place: z <- min(1, max(0, z))."""
    gates.clamp_(0.0, 1.0)


@torch.no_grad()
def enforce_budget(gates: Tensor, importance: Tensor, max_layers: int) -> None:
    """Close the least important gates, in place, until at most `max_layers` are open; `importance` is (2 L).

    Of equal gates the later layer of its direction is closed, since it costs more; after that, the forward one.
    """
    layers = len(gates) // 2
    of_open = importance * (gates > 0)
    order = sorted(range(len(gates)), key=lambda index: (-float(of_open[index]), index % layers, -index))
    gates[order[max_layers:]] = 0.0


def split_directions(gates: Tensor) -> dict[str, Tensor]:
    """The gates (L) of each direction."""
    forward_gates, backward_gates = gates.detach().chunk(2)
    return {"forward": forward_gates, "backward": backward_gates}
