"""An LSTM layer whose weights are frozen but whose input gets a gradient, as gates on frozen layers need it.

torch's LSTM computes the gradients of the weights too, and throws them away. Here the way back is one product with the
recurrent weights a step and one with the input weights in all, as much as the way forward. Products are computed in the
precision of the input, cells and slopes in float32. Shapes: T steps, B sentences, D input width, H units.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


class FrozenLSTM(torch.autograd.Function):
    """inputs (T, B, D), hidden and cell (B, H), input weights (4 H, D), recurrent weights (4 H, H), bias (4 H) to
    outputs (T, B, H) and the last cell (B, H); rows of the weights are in torch's order. Only inputs get a gradient."""

    @staticmethod
    def forward(
        ctx: Any, inputs: Tensor, hidden: Tensor, cell: Tensor, weight: Tensor, recurrent: Tensor, bias: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Run the layer; what the way back needs is kept: the gates, the cells, and the cells' tanh."""
        steps, sentences, units = len(inputs), inputs.shape[1], recurrent.shape[1]
        # tanh x = 2 sigmoid 2x - 1, and sigmoid is several times cheaper: the candidate's rows are doubled.
        doubled = weight.new_ones(4 * units)
        doubled[2 * units : 3 * units] = 2
        gates = F.linear(inputs, weight * doubled.unsqueeze(1), bias * doubled).float()  # (T, B, 4 H)
        cells = gates.new_empty(steps + 1, sentences, units)
        cells[0] = cell
        squashed = gates.new_empty(steps, sentences, units)
        outputs = inputs.new_empty(steps, sentences, units)
        into = (recurrent * doubled.unsqueeze(1)).T  # (H, 4 H)
        for step, gate in enumerate(gates):
            gate += hidden @ into
            open_in, forget, candidate, open_out = gate.sigmoid_().chunk(4, 1)  # each (B, H)
            candidate.mul_(2).sub_(1)
            torch.mul(forget, cells[step], out=cells[step + 1]).addcmul_(open_in, candidate)
            torch.mul(cells[step + 1], 2, out=squashed[step]).sigmoid_().mul_(2).sub_(1)
            hidden = outputs[step].copy_(open_out * squashed[step])
        ctx.save_for_backward(gates, cells, squashed, weight, recurrent)
        last = cells[-1].clone()
        ctx.mark_non_differentiable(last)
        return outputs, last

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Back through time; all that does not wait for a later step is computed for all steps at once."""
        gates, cells, squashed, weight, recurrent = ctx.saved_tensors
        of_outputs = gradients[0]
        steps, sentences, units = squashed.shape
        forget, open_out = gates[..., units : 2 * units], gates[..., 3 * units :]
        slopes = _slopes(gates, cells, squashed)
        of_squashed = open_out * (1 - squashed * squashed)
        of_gates = of_outputs.new_empty(steps, sentences, 4 * units)
        of_cell = torch.zeros_like(cells[0])
        of_hidden = of_outputs[-1].float()
        for step in reversed(range(steps)):
            if step < steps - 1:
                of_hidden = torch.addmm(of_outputs[step], of_gates[step + 1], recurrent).float()
                of_cell.mul_(forget[step + 1])
            of_cell.addcmul_(of_hidden, of_squashed[step])
            slope = slopes[step]  # (B, 4 H)
            slope[:, : 3 * units].view(sentences, 3, units).mul_(of_cell.unsqueeze(1))  # (B, 3, H) by (B, 1, H)
            slope[:, 3 * units :].mul_(of_hidden)
            of_gates[step] = slope
        return of_gates @ weight, None, None, None, None, None


def _slopes(gates: Tensor, cells: Tensor, squashed: Tensor) -> Tensor:
    """(T, B, 4 H): what an input of input, forget and candidate gate does to the cell, and of the output gate to the
    output."""
    open_in, forget, candidate, open_out = gates.chunk(4, 2)  # each (T, B, H)
    return torch.cat(
        [
            candidate * open_in * (1 - open_in),
            cells[:-1] * forget * (1 - forget),
            open_in * (1 - candidate * candidate),
            squashed * open_out * (1 - open_out),
        ],
        2,
    )
