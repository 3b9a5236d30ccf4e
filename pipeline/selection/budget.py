"""The budget of layers, over both directions: what a layer counts, and how the budget is enforced, whatever chose them.

`gates` is the vector z of both directions together (2 L), forward first.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from pipeline.execution.finite import require_finite


def open_gates(gates: Tensor) -> int:
    """|z|_0, the number of gates that are not zero."""
    return int(torch.count_nonzero(gates))


def cost_weights(macs: Sequence[int]) -> Tensor:
    """Each layer's share of the multiply-accumulates of all (2 L), scaled so that the mean is 1."""
    costs = torch.tensor(macs, dtype=torch.float64)
    return (costs / costs.mean()).float()


def keeping_order(importance: Tensor) -> list[int]:
    """All gates, the one to be kept first at the front.

    Of equally important ones, the later layer of its direction is closed first, since it costs more; after that, the
    forward one.
    """
    layers = len(importance) // 2
    values = importance.tolist()
    return sorted(range(len(values)), key=lambda index: (-values[index], index % layers, -index))


@torch.no_grad()
def enforce_budget(gates: Tensor, importance: Tensor, max_layers: int) -> None:
    """Close the least important gates, in place, until at most `max_layers` are open; `importance` is (2 L).

    Raises NotFiniteError for an importance that is not finite, since NaN has no place in an order.
    """
    require_finite("the importances of the layers", importance)
    gates[keeping_order(importance * (gates > 0))[max_layers:]] = 0.0
