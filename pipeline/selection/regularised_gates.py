"""Gates with the paper's three regularisers: plain gradient steps, each followed by the proximal step into [0, 1].

`gates` is the vector z of both directions together (2 L). The count of open gates |z|_0 has no gradient: R2 and R3
switch their first term on while more than `max_layers` gates are open.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from pipeline.execution.snapshots import Tensors
from pipeline.params import Regulariser, SelectParams
from pipeline.selection.budget import open_gates
from pipeline.selection.gated_training import train_with_gates
from pipeline.selection.selection import SelectionTask
from pipeline.tagger.epochs import EpochRecord


def select(task: SelectionTask) -> Iterator[EpochRecord]:
    """Train the tagger and its gates; the path of the gates."""
    gates = RegularisedGates(task.selection.gates, task.params, task.weights())
    yield from train_with_gates(task, gates)


def penalty(name: Regulariser, gates: Tensor, max_layers: int, weights: Tensor | None = None) -> Tensor:
    """R1 = sum w z;  R2 = [|z|_0 > max_layers] sum w z;  R3 = R2 + sum w z (1 - z). A scalar; w is 1 if left out."""
    weighted = gates if weights is None else weights * gates
    total = weighted.sum()
    over_budget = total if open_gates(gates) > max_layers else 0.0 * total
    return {"r1": total, "r2": over_budget, "r3": over_budget + (weighted * (1 - gates)).sum()}[name]


@torch.no_grad()
def clamp(gates: Tensor) -> None:
    """The proximal step after each update, in place: z <- min(1, max(0, z))."""
    gates.clamp_(0.0, 1.0)


class RegularisedGates:
    """Training of the gates' own values: plain gradient steps, with the penalty, each followed by the proximal step."""

    rate_key = "select.gate_learning_rate"

    def __init__(self, gates: nn.Parameter, params: SelectParams, weights: Tensor | None):
        """`weights` (2 L) are those of the layers in the penalty, or None where all count the same."""
        self.gates, self.params, self.weights = gates, params, weights
        self.optimizer = torch.optim.SGD([gates], lr=params.gate_learning_rate)

    @property
    def trained_values(self) -> Tensor:
        """The gates themselves."""
        return self.gates.detach()

    def place(self) -> None:
        """Before a step: the gates stand as they are, without a gradient."""
        self.optimizer.zero_grad()

    def step(self, batches: int) -> None:
        """One step, by the gates' gradient from the losses of so many batches, and by as many penalties."""
        strength = self.params.strength * batches
        total = penalty(self.params.regulariser, self.gates, self.params.max_layers, self.weights)
        torch.autograd.backward(strength * total)
        self.optimizer.step()
        clamp(self.gates)

    def settle(self) -> None:
        """After the last step: the gates stand as they are."""

    def snapshot(self) -> Tensors:
        """Nothing: plain gradient steps have no memory."""
        return {}

    def restore(self, tensors: Tensors) -> None:
        """Nothing to put back."""
