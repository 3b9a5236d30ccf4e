"""Recurrent layers over packed sequences, in float32 or 8-bit integers: for decoding only.

What a layer reads from embeddings is computed once for each different word or character and looked up at each place.
No step computes padding (see `ldnet.decoding.packing`). Outputs of LSTM layers lie between -1 and 1, so one
fixed scale makes them integers; weights get a scale for each row.
Shapes: S places in all sequences, B sequences at a step, D embedding width, H units of a layer, L layers, R rows of the
table that is read, P width of the projection.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ldnet.decoding.bfloat16 import round_to_bfloat16
from ldnet.decoding.fused_cell import lstm_step
from ldnet.decoding.packing import Numbers
from ldnet.decoding.precision import DecodingPrecision
from ldnet.decoding.weights import LanguageModelWeights, LSTMWeights

LARGEST = 127  # what an output of 1 is as an 8-bit integer


def unit(dtype: torch.dtype) -> int:
    """What stands for an output of 1."""
    return LARGEST if dtype == torch.int8 else 1


class Matrix:
    """A weight, as it is multiplied with outputs of LSTM layers."""

    def __init__(self, weight: Tensor, precision: DecodingPrecision):
        """`weight` (out, in). Integers are rounded row by row; `scales` (out) bring their sums back."""
        weight, dtype = weight.detach(), getattr(torch, precision)
        self.scales = torch.ones(len(weight))
        if precision == "int8":
            steps = weight.abs().amax(1).clamp(min=1e-12) / LARGEST
            weight = (weight / steps.unsqueeze(1)).round()
            self.scales = steps / LARGEST
        self.values = weight.to(dtype).T.contiguous()  # (in, out)
        self.sum_dtype = torch.int32 if precision == "int8" else torch.float32

    def sums(self, inputs: Tensor, out: Tensor) -> Tensor:
        """Outputs of layers (N, in) times the matrix, before scaling, into `out` (N, out) of `sum_dtype`."""
        if self.values.dtype == torch.int8:
            return torch._int_mm(inputs, self.values, out=out)
        return torch.mm(inputs, self.values, out=out)

    def product(self, inputs: Tensor) -> Tensor:
        """Outputs of layers (N, in) times the matrix: (N, out), float32."""
        return self.sums(inputs, self.empty_sums(len(inputs))) * self.scales

    def empty_sums(self, rows: int) -> Tensor:
        """Room for the sums of so many rows."""
        return torch.empty(rows, self.values.shape[1], dtype=self.sum_dtype)


class DenseProduct:
    """A linear map of what no LSTM layer gives: such values know no bounds, so they are not made 8-bit integers.

    In "int8" inputs, weights, bias and outputs are rounded to bfloat16. A processor without instructions for that
    multiplies the rounded values in float32, where they fit exactly: the same but for the order of the sums, and
    several times faster than what torch does there in bfloat16.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, precision: DecodingPrecision):
        """`weight` (out, in), `bias` (out)."""
        self.dtype = torch.float32 if precision == "float32" else torch.bfloat16
        self.computed = self.dtype if _multiplies_bfloat16() else torch.float32
        self.weight = weight.detach().to(self.dtype).to(self.computed)
        self.bias = None if bias is None else bias.detach().to(self.dtype).to(self.computed)

    def __call__(self, inputs: Tensor) -> Tensor:
        """Inputs (N, in) to outputs (N, out), float32."""
        if self.computed == self.dtype:
            return F.linear(inputs.to(self.dtype), self.weight, self.bias).float()
        outputs = F.linear(_rounded(inputs.clone()), self.weight, self.bias)
        return _rounded(outputs)


def _rounded(values: Tensor) -> Tensor:
    """The values (float32), rounded to bfloat16 in their place."""
    round_to_bfloat16(values.view(torch.int32).view(-1).numpy())
    return values


def _multiplies_bfloat16() -> bool:
    """Whether torch is to multiply in bfloat16; only of x86 processors it is known which ones are slow at it."""
    found = torch.cpu.get_capabilities()
    return found.get("architecture") != "x86_64" or any(found.get(name) for name in ("avx512_bf16", "amx_bf16"))


class PackedLayer:
    """One LSTM layer."""

    def __init__(
        self, layer: LSTMWeights, width: int, precision: DecodingPrecision, reading: DecodingPrecision | None = None
    ):
        """The first `width` columns of the input weights belong to the embeddings, the others to the layers below.

        What is read of the embeddings is computed in the precision `reading`; left out, in `precision`.
        """
        weight, recurrent = _in_order(layer.input), _in_order(layer.recurrent)
        self.units, self.dtype = recurrent.shape[1], getattr(torch, precision)
        bias = _in_order(layer.input_bias + layer.recurrent_bias)
        self.table = DenseProduct(weight[:, :width].contiguous(), bias, reading or precision)
        self.from_below = Matrix(weight[:, width:], precision) if weight.shape[1] > width else None
        self.recurrent = Matrix(recurrent, precision)

    def run(self, table: Tensor, rows: Numbers, running: Numbers, below: Tensor | None = None) -> Tensor:
        """The layer's outputs (S, H) at the packed places, which read `rows` (S) of `table` (R, 4 H).

        That is what `self.table` gives of the vectors (R, D) of words or characters.
        `running` says how many sequences run at each step; `below` (S, l H) are the outputs of the layers below.
        """
        of_below, below_scales = self._below(below)
        scales, read = self.recurrent.scales.numpy(), table.numpy()
        outputs = torch.empty(len(rows), self.units, dtype=self.dtype)
        sums = self.recurrent.empty_sums(int(running[0])).zero_()
        totals = sums.numpy()
        cell = np.zeros((int(running[0]), self.units), dtype=np.float32)
        written, one = outputs.numpy(), np.float32(unit(self.dtype))
        start = before = 0
        for count in running.tolist():
            end = start + count
            if start:
                self.recurrent.sums(outputs[before : before + count], sums[:count])
            now, lower = written[start:end], of_below[start:end]
            lstm_step(read, rows[start:end], lower, below_scales, totals, scales, cell, now, one)
            before, start = start, end
        return outputs

    def _below(self, below: Tensor | None) -> tuple[NDArray[np.generic], NDArray[np.float32]]:
        if self.from_below is None or below is None:
            return self.recurrent.empty_sums(0).numpy(), self.recurrent.scales.numpy()
        sums = self.from_below.sums(below, self.from_below.empty_sums(len(below)))
        return sums.numpy(), self.from_below.scales.numpy()


def _in_order(rows: Tensor) -> Tensor:
    """Rows (4 H, ...) of input, forget, candidate and output gate as input, forget, output, doubled candidate."""
    open_in, forget, candidate, open_out = rows.detach().chunk(4)
    return torch.cat([open_in, forget, open_out, 2 * candidate])


class PackedDenseLSTM:
    """What the dense stack of a language model and a linear map of its output compute together."""

    def __init__(self, model: LanguageModelWeights, projection: Tensor, precision: DecodingPrecision):
        """`projection` (P, D + L H) is the weight of the linear map."""
        width = model.embedding.shape[1]
        self.dtype = getattr(torch, precision)
        self.layers = [PackedLayer(layer, width, precision) for layer in model.layers]
        self.project_embedding = DenseProduct(projection[:, :width], None, precision)
        self.project_layers = Matrix(projection[:, width:], precision) if self.layers else None

    def __call__(self, vectors: Tensor, rows: Numbers, running: Numbers) -> Tensor:
        """The projected output (S, P) at the packed places, which read `rows` (S) of the word vectors (R, D)."""
        outputs = torch.empty(len(rows), sum(layer.units for layer in self.layers), dtype=self.dtype)
        end = 0
        for layer in self.layers:
            start, end = end, end + layer.units
            outputs[:, start:end] = layer.run(layer.table(vectors), rows, running, outputs[:, :start])
        projected = self.project_embedding(vectors)[torch.from_numpy(rows)]
        return projected + self.project_layers.product(outputs) if self.project_layers else projected
