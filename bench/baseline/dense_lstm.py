"""The densely connected LSTM: an nn.LSTM a layer, inputs put together by torch.cat, gates multiplied at run time.

Shapes: T steps, B sentences or streams, D input width, H units of a layer, L layers.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

State = list[Any]  # per layer: hidden and cell state as nn.LSTM gives them, or None


class DenseLSTM(nn.Module):
    """Layer l reads the input and the outputs of all layers before it; gate l multiplies its output.

    `dropout` acts on what each layer reads; `layer_dropout` shows zeros instead of a layer's output to later layers.
    """

    def __init__(self, input_size: int, units: int, layers: int, dropout: float, layer_dropout: float):
        super().__init__()
        self.input_size, self.units = input_size, units
        self.dropout, self.layer_dropout = dropout, layer_dropout
        self.layers = nn.ModuleList(nn.LSTM(input_size + index * units, units) for index in range(layers))
        self.gates = nn.Parameter(torch.ones(layers))

    def forward(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Outputs (T, B, D + L H) for `inputs` (T, B, D), and the state after the last step."""
        read = output = inputs
        after = []
        for index, layer in enumerate(self.layers):
            dropped = F.dropout(read, self.dropout, self.training)
            hidden, last = layer(dropped, state[index] if state else None)
            after.append(last)
            hidden = self.gates[index] * hidden
            hidden_below = hidden
            if self.training and float(torch.rand(())) < self.layer_dropout:
                hidden_below = torch.zeros_like(hidden)
            output = torch.cat([output, hidden], 2)
            read = torch.cat([read, hidden_below], 2)
        return output, after


@torch.no_grad()
def prune(stack: DenseLSTM, kept: Sequence[int]) -> DenseLSTM:
    """The stack with only the layers `kept`, which keep their gates; the columns that read deleted layers go."""
    pruned = DenseLSTM(stack.input_size, stack.units, len(kept), stack.dropout, stack.layer_dropout)
    for position, index in enumerate(kept):
        old, new = stack.layers[index], pruned.layers[position]
        columns = kept_columns(stack, kept[:position])
        new.get_parameter("weight_ih_l0").copy_(old.get_parameter("weight_ih_l0")[:, columns])
        for name in ("weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
            new.get_parameter(name).copy_(old.get_parameter(name))
    pruned.gates.copy_(stack.gates[list(kept)])
    return pruned


def kept_columns(stack: DenseLSTM, kept: Sequence[int]) -> list[int]:
    """The columns of the stack's output that are the input or belong to the layers `kept`."""
    width, units = stack.input_size, stack.units
    columns = list(range(width))
    for layer in kept:
        columns.extend(range(width + layer * units, width + (layer + 1) * units))
    return columns
