"""Recurrent layers in 8-bit integers, for decoding only.

Outputs of LSTM layers lie between -1 and 1, so one fixed scale serves them all; weights get a scale for each row. What
a layer reads from embeddings is not rounded: it is computed once for each word or character, and looked up.
All sequences of a batch are packed (see `pipeline.language_model.packing`), so no step computes padding.
Shapes: S places in all sequences, B sequences at a step, D embedding width, H units of a layer, L layers, R rows of the
table that is read, P width of the projection.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.language_model.dense_lstm import DenseLSTM
from pipeline.language_model.fused_cell import LARGEST, step_in_int8
from pipeline.language_model.packing import Numbers


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


class Int8Layer:
    """One LSTM layer; what it reads from embeddings is given as a table, see `table`."""

    def __init__(self, layer: nn.Module, width: int):
        """The first `width` columns of the input weights are those of the embeddings, the others of layers below."""
        weight, recurrent = (_in_order(layer.get_parameter(f"weight_{kind}_l0")) for kind in ("ih", "hh"))
        self.units = recurrent.shape[1]
        self.weight = weight[:, :width].contiguous()
        self.bias = _in_order(layer.get_parameter("bias_ih_l0") + layer.get_parameter("bias_hh_l0"))
        self.from_below = Int8Matrix.of(weight[:, width:]) if weight.shape[1] > width else None
        self.recurrent = Int8Matrix.of(recurrent)

    def table(self, vectors: Tensor) -> Tensor:
        """What the gates read of the vectors (R, D) of words or characters: (R, 4 H), float32."""
        dtype = vectors.dtype
        return F.linear(vectors, self.weight.to(dtype), self.bias.to(dtype)).float()

    def run(self, table: Tensor, rows: Numbers, running: Numbers, below: Tensor, outputs: Tensor) -> None:
        """Write the layer's outputs (S, H) at the packed places, which read `rows` (S) of `table` (R, 4 H).

        `running` says how many sequences run at each step; `below` (S, l H) are the outputs of the layers below.
        """
        of_below, below_scales = self._below(below)
        scales, read = self.recurrent.scales.numpy(), table.numpy()
        most = int(running[0])
        sums = torch.zeros(most, 4 * self.units, dtype=torch.int32)
        cell = np.zeros((most, self.units), dtype=np.float32)
        written, totals = outputs.numpy(), sums.numpy()
        start = before = 0
        for count in running.tolist():
            end = start + count
            if start:
                torch._int_mm(outputs[before : before + count], self.recurrent.values, out=sums[:count])
            lower, current = of_below[start:end], cell[:count]
            step_in_int8(read, rows[start:end], lower, below_scales, totals, scales, current, written[start:end])
            before, start = start, end

    def _below(self, below: Tensor) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        if self.from_below is None:
            return np.empty((0, 4 * self.units), dtype=np.int32), np.empty(4 * self.units, dtype=np.float32)
        return torch._int_mm(below, self.from_below.values).numpy(), self.from_below.scales.numpy()


def _in_order(rows: Tensor) -> Tensor:
    """Rows (4 H, ...) of input, forget, candidate and output gate as input, forget, output, doubled candidate."""
    open_in, forget, candidate, open_out = rows.detach().chunk(4)
    return torch.cat([open_in, forget, open_out, 2 * candidate])


class Int8DenseLSTM:
    """What a DenseLSTM and a linear map of its output compute together, to the precision of 8-bit integers."""

    def __init__(self, stack: DenseLSTM, projection: Tensor):
        """`projection` (P, D + L H) is the weight of the linear map."""
        width = stack.input_size
        self.units = stack.units
        self.layers = [Int8Layer(layer, width) for layer in stack.layers]
        self.project_embedding = projection[:, :width].detach().bfloat16()
        self.project_layers = Int8Matrix.of(projection[:, width:].detach()) if self.layers else None

    @torch.no_grad()
    def __call__(self, vectors: Tensor, rows: Numbers, running: Numbers) -> Tensor:
        """The projected output (S, P) at the packed places, which read `rows` (S) of the word vectors (R, D)."""
        vectors = vectors.bfloat16()
        outputs = torch.empty(len(rows), len(self.layers) * self.units, dtype=torch.int8)
        for index, layer in enumerate(self.layers):
            below = outputs[:, : index * self.units]
            own = torch.empty(len(rows), self.units, dtype=torch.int8)
            layer.run(layer.table(vectors), rows, running, below, own)
            outputs[:, index * self.units : (index + 1) * self.units] = own
        projected = F.linear(vectors, self.project_embedding).float()[torch.from_numpy(rows)]
        if self.project_layers is not None:
            projected += self.project_layers.product(outputs)
        return projected
