"""A frozen dense LSTM in 8-bit integers, for decoding only.

Outputs of LSTM layers lie between -1 and 1, so one fixed scale serves them all; weights get a scale for each row. What
comes from the word embeddings is computed in bfloat16, once for each word of a batch instead of at each of its places.
A layer's outputs are written as integers into one buffer, from which all later layers read: nothing is concatenated.
Shapes: T steps, B sentences, D embedding width, H units of a layer, L layers, P width of the projection.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.language_model.dense_lstm import DenseLSTM

LARGEST = 127


@dataclass(frozen=True)
class Int8Matrix:
    """An integer matrix (in, out) and the scale of each of its columns, which also undoes the scale of the inputs."""

    values: Tensor
    scales: Tensor

    @classmethod
    def of(cls, weight: Tensor) -> "Int8Matrix":
        """Round a weight (out, in)."""
        scales = weight.abs().amax(1).clamp(min=1e-12) / LARGEST
        values = (weight / scales.unsqueeze(1)).round().to(torch.int8)
        return cls(values.T.contiguous(), scales / LARGEST)

    def product(self, inputs: Tensor) -> Tensor:
        """Integer inputs (N, in), which stand for values from -1 to 1, times the matrix: (N, out), float32."""
        return torch._int_mm(inputs, self.values) * self.scales


@dataclass(frozen=True)
class Int8Layer:
    """The weights of one layer; rows of its gates are in the order input, forget, output, candidate."""

    from_embedding: Tensor  # (4 H, D), bfloat16
    bias: Tensor  # (4 H), bfloat16
    from_below: Int8Matrix | None  # (l H, 4 H), what it reads from the layers below; none for the lowest
    recurrent: Int8Matrix  # (H, 4 H)


class Int8DenseLSTM:
    """What a DenseLSTM and a linear map of its output compute together, to the precision of 8-bit integers."""

    def __init__(self, stack: DenseLSTM, projection: Tensor):
        """`projection` (P, D + L H) is the weight of the linear map."""
        self.units, width = stack.units, stack.input_size
        self.layers = []
        for index, layer in enumerate(stack.layers):
            blocks = [layer.get_parameter(f"{name}_l0").detach().chunk(4) for name in ("weight_ih", "weight_hh")]
            (weight, recurrent) = (torch.cat([block[gate] for gate in (0, 1, 3, 2)]) for block in blocks)
            bias = layer.get_parameter("bias_ih_l0").detach() + layer.get_parameter("bias_hh_l0").detach()
            self.layers.append(
                Int8Layer(
                    from_embedding=weight[:, :width].bfloat16(),
                    bias=torch.cat([bias.chunk(4)[gate] for gate in (0, 1, 3, 2)]).bfloat16(),
                    from_below=Int8Matrix.of(weight[:, width:]) if index else None,
                    recurrent=Int8Matrix.of(recurrent),
                )
            )
        self.project_embedding = projection[:, :width].bfloat16()
        self.project_layers = Int8Matrix.of(projection[:, width:]) if self.layers else None

    @torch.no_grad()
    def __call__(self, embedding: Tensor, tokens: Tensor) -> Tensor:
        """The projected output (T, B, P) for `tokens` (T, B), whose vectors are rows of `embedding` (V, D)."""
        steps, sentences = tokens.shape
        words, places = torch.unique(tokens.flatten(), return_inverse=True)
        vectors = embedding[words].bfloat16()
        outputs = torch.empty(len(self.layers), steps, sentences, self.units, dtype=torch.int8)
        for index, layer in enumerate(self.layers):
            read = F.linear(vectors, layer.from_embedding, layer.bias)[places].float()
            if layer.from_below is not None:
                below = outputs[:index].permute(1, 2, 0, 3).reshape(steps * sentences, index * self.units)
                read += layer.from_below.product(below)
            self._recur(read.view(steps, sentences, -1), layer.recurrent, outputs[index])
        projected = F.linear(vectors, self.project_embedding)[places].float()
        if self.project_layers is not None:
            projected += self.project_layers.product(outputs.permute(1, 2, 0, 3).reshape(steps * sentences, -1))
        return projected.view(steps, sentences, -1)

    def _recur(self, read: Tensor, recurrent: Int8Matrix, outputs: Tensor) -> None:
        """Run one layer over what it reads (T, B, 4 H); its outputs become integers (T, B, H)."""
        units = self.units
        hidden = outputs.new_zeros(read.shape[1], units)
        cell = read.new_zeros(read.shape[1], units)
        for step, gates in enumerate(read):
            gates += recurrent.product(hidden)
            open_in, forget, open_out = gates[:, : 3 * units].sigmoid_().chunk(3, 1)
            cell.mul_(forget).addcmul_(open_in, gates[:, 3 * units :].tanh_())
            hidden = outputs[step].copy_(cell.tanh().mul_(open_out).mul_(LARGEST).round_())
