"""The packed stack, in every precision, against the plain one in float32, sentence by sentence."""

import numpy as np
import pytest
import torch

from ldnet.decoding.packed_lstm import LARGEST, Matrix, PackedDenseLSTM
from ldnet.decoding.packing import Packing
from ldnet.decoding.precision import DecodingPrecision
from ldnet.decoding.weights import LanguageModelWeights, LSTMWeights
from pipeline.language_model.dense_lstm import DenseLSTM

WIDTH, UNITS, WORDS, OUT = 12, 16, 30, 6


def layers_of(stack: DenseLSTM) -> list[LSTMWeights]:
    state = stack.state_dict()
    return [LSTMWeights.of(state, f"layers.{layer}") for layer in range(len(stack.layers))]


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 2e-5), ("int8", 0.04)])
@pytest.mark.parametrize("layers", [0, 1, 4])
def test_the_stack_is_that_of_sentences_alone(layers: int, precision: DecodingPrecision, tolerance: float) -> None:
    torch.manual_seed(layers)
    stack = DenseLSTM(WIDTH, UNITS, layers).eval()
    embedding, projection = torch.randn(WORDS, WIDTH), torch.randn(OUT, stack.output_size) * 0.2
    lengths = [9, 3, 5, 9, 1]
    packing = Packing.of(np.array(lengths))
    rows = np.random.default_rng(layers).integers(0, WORDS, sum(lengths))
    packed = np.empty_like(rows)
    packed[packing.from_left] = rows
    quantised = PackedDenseLSTM(LanguageModelWeights(embedding, layers_of(stack)), projection, precision)
    found = quantised(embedding, packed, packing.running)[torch.from_numpy(packing.from_left)]
    assert found.shape == (sum(lengths), OUT) and found.dtype == torch.float32
    start = 0
    for length in lengths:
        with torch.no_grad():
            alone = stack(embedding[torch.from_numpy(rows[start : start + length])].unsqueeze(1))[0] @ projection.T
        assert (found[start : start + length] - alone[:, 0]).abs().max() < tolerance
        start += length


def test_a_matrix_is_rounded_by_half_a_step_at_most() -> None:
    torch.manual_seed(0)
    weight, inputs = torch.randn(7, 40), torch.randint(-127, 128, (5, 40), dtype=torch.int8)
    matrix = Matrix(weight, "int8")
    rounded = matrix.values.T * (matrix.scales * LARGEST).unsqueeze(1)
    assert ((rounded - weight).abs() <= weight.abs().amax(1, keepdim=True) / 127 / 2 * 1.001).all()
    expected = (inputs.double() / 127) @ rounded.double().T
    torch.testing.assert_close(matrix.product(inputs).double(), expected, rtol=1e-5, atol=1e-5)


def test_a_row_of_zeros_stays_zero() -> None:
    matrix = Matrix(torch.zeros(3, 8), "int8")
    assert not matrix.product(torch.ones(2, 8, dtype=torch.int8)).any()
