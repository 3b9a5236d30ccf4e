"""Densely connected LSTM with layer-wise dropout and optional gates (paper, sections 3.1, 3.2 and 4).

Shapes: T steps, B streams or sentences, D input width, H units of a layer, L layers.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
State = list[tuple[Tensor, Tensor]]  # per layer: hidden and cell state, each (1, B, H)
FrozenLayer = Callable[..., tuple[Tensor, Tensor]]  # as `pipeline.features.frozen_lstm.FrozenLSTM`


def sparse_dropout(values: Tensor, probability: float, training: bool) -> Tensor:
    """Dropout that draws only the positions it drops, for small probabilities; `values` may be overwritten.

    The gaps between independent drops are geometric, so drawing gaps gives dropout's own distribution. A GPU draws for
    all positions, which takes no longer there.
    """
    if not training or probability == 0:
        return values
    if values.device.type == "cuda":
        return F.dropout(values, probability)
    count = values.numel()
    draws = int(count * probability + 6 * (count * probability) ** 0.5 + 10)  # six standard deviations to spare
    positions = torch.empty(draws, device=values.device).geometric_(probability).cumsum(0, dtype=torch.int64) - 1
    positions = positions[positions < count]
    return values.mul_(1 / (1 - probability)).view(-1).index_fill_(0, positions, 0.0).view_as(values)


def kept_layers(gates: Tensor) -> list[int]:
    """Indices of the layers whose gate is open."""
    return [index for index, gate in enumerate(gates.tolist()) if gate != 0.0]


def lstm_macs(input_size: int, units: int) -> int:
    """Multiply-accumulates of one LSTM step: four gates, each reading the input and the hidden state."""
    return 4 * units * (input_size + units)


class LSTMStack(nn.Module):
    """L LSTM layers of H units over inputs of width D. What each layer reads is the architecture's."""

    def __init__(self, input_size: int, units: int, reads: Sequence[int], dropout: float):
        """`reads` are the widths of what the layers read."""
        super().__init__()
        self.input_size, self.units, self.dropout = input_size, units, dropout
        self.run_frozen_layer: FrozenLayer | None = None  # instead of torch's, where gates are trained on frozen layers
        self.layers = nn.ModuleList(nn.LSTM(width, units) for width in reads)
        for layer in self.layers:
            nn.init.constant_(layer.get_parameter("bias_ih_l0")[units : 2 * units], 1.0)  # an open forget gate

    @property
    def output_size(self) -> int:
        """Width of the output: D + L H."""
        return self.input_size + len(self.layers) * self.units

    def layer_macs(self) -> list[int]:
        """Multiply-accumulates of one step of each layer."""
        return [lstm_macs(layer.get_parameter("weight_ih_l0").shape[1], self.units) for layer in self.layers]

    def macs(self) -> int:
        """Multiply-accumulates of one step of all layers."""
        return sum(self.layer_macs())

    def zero_state(self, inputs: Tensor) -> State:
        """The state before the first step of `inputs` (T, B, D)."""
        zeros = inputs.new_zeros(1, inputs.shape[1], self.units)
        return [(zeros, zeros)] * len(self.layers)


class DenseLSTM(LSTMStack):
    """L LSTM layers; layer l reads the input and the outputs of all layers before it.

    `dropout` acts on what each layer reads. `layer_dropout` is the probability, per layer and batch, that the *later
    layers* do not see a layer's output; the stack's own output always has it. So any layer can be taken away.
    """

    def __init__(self, input_size: int, units: int, layers: int, dropout: float = 0.0, layer_dropout: float = 0.0):
        super().__init__(input_size, units, [input_size + index * units for index in range(layers)], dropout)
        self.layer_dropout = layer_dropout

    def forward(self, inputs: Tensor, state: State | None = None, gates: Tensor | None = None) -> tuple[Tensor, State]:
        """Run the stack over `inputs` (T, B, D).

        `gates` (L) multiply the layers' outputs wherever they are read; layers whose gates rest at 0 are not computed,
        and their state stays as it is. Returns the concatenation of the input and all
        layers' outputs, (T, B, D + L H), and the state after the last step. Without `state`, states start at zero.
        All is computed in the precision of `inputs`; the weights keep theirs.
        """
        state = state or self.zero_state(inputs)
        dropped = [False] * len(self.layers)
        if self.training:
            dropped = (torch.rand(len(self.layers)) < self.layer_dropout).tolist()
        closed = [False] * len(self.layers)
        if gates is not None and not gates.requires_grad:  # a gate that is trained needs its layer even at 0
            closed = (gates == 0).tolist()
        blocks, after = [inputs], []
        for index, layer in enumerate(self.layers):
            if closed[index]:
                blocks.append(inputs.new_zeros(*inputs.shape[:2], self.units))
                after.append(state[index])
                continue
            visible = [0, *(1 + below for below in range(index) if not (dropped[below] or closed[below]))]
            seen = torch.cat([blocks[block] for block in visible], -1)  # (T, B, D + visible layers * H)
            seen = sparse_dropout(seen, self.dropout, self.training)
            output, layer_state = self._run_layer(layer, seen, state[index], visible)
            blocks.append(output if gates is None else gates[index] * output)
            after.append(layer_state)
        return torch.cat(blocks, -1), after  # (T, B, D + L H)

    def _run_layer(
        self, layer: nn.Module, seen: Tensor, state: tuple[Tensor, Tensor], visible: Sequence[int]
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Run one layer on the visible blocks alone.

        A dropped block is zero, so its columns of the input weights are left out instead of being multiplied by zeros.
        """
        weight: Tensor
        weight, *others = (layer.get_parameter(f"{name}_l0").to(seen.dtype) for name in PARAMETERS)
        if seen.shape[-1] < weight.shape[1]:
            below = (weight.shape[1] - self.input_size) // self.units
            columns = torch.split(weight, [self.input_size, *([self.units] * below)], 1)
            weight = torch.cat([columns[block] for block in visible], 1)  # (4 H, width of seen)
        if self.run_frozen_layer and seen.requires_grad and not weight.requires_grad:
            recurrent, *biases = others
            output, last = self.run_frozen_layer(seen, state[0][0], state[1][0], weight, recurrent, sum(biases))
            return output, (output[-1:], last.unsqueeze(0))
        output, hidden, cell = torch.lstm(seen, state, [weight, *others], True, 1, 0.0, self.training, False, False)
        return output, (hidden, cell)
