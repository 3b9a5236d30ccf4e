"""One fused LSTM step against its definition."""

from collections.abc import Callable

import numpy as np
import pytest

from ldnet.compilation import compiled
from ldnet.decoding.fused_cell import lstm_step
from ldnet.decoding.packed_lstm import LARGEST


def sigmoid(values: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    return 1 / (1 + np.exp(-values))


@pytest.mark.parametrize("with_below", [False, True])
def test_is_an_lstm_step(with_below: bool) -> None:
    rng = np.random.default_rng(1)
    count, units = 6, 21
    read = rng.normal(size=(9, 4 * units)).astype(np.float32) * 8
    rows = rng.integers(0, 9, count)
    sums, below = (rng.integers(-40_000, 40_000, (count, 4 * units)).astype(np.int32) for _ in range(2))
    scales, below_scales = (rng.random(4 * units).astype(np.float32) * 1e-4 for _ in range(2))
    before = rng.normal(size=(count, units)).astype(np.float32)
    if not with_below:
        below = below[:0]

    gates = (
        read[rows] + sums * scales.astype(np.float64) + (below * below_scales.astype(np.float64) if with_below else 0)
    )
    open_in, forget, open_out, doubled_candidate = np.split(gates, 4, 1)
    expected_cell = sigmoid(forget) * before + sigmoid(open_in) * np.tanh(doubled_candidate / 2)
    expected = np.rint(LARGEST * sigmoid(open_out) * np.tanh(expected_cell))

    cell, outputs = before.copy(), np.zeros((count, units), np.int8)
    lstm_step(read, rows, below, below_scales, sums, scales, cell, outputs, np.float32(LARGEST))
    np.testing.assert_allclose(cell, expected_cell, atol=5e-6)
    assert np.abs(outputs - expected).max() <= 1 and (outputs == expected).mean() > 0.99


def test_far_from_zero_the_gates_are_open_or_closed() -> None:
    read = np.array([[1e4, -1e4, 1e4, 1e4], [1e4, 1e4, 1e4, -1e4], [0.0, 1e30, -1e30, 0.0]], dtype=np.float32)
    cell, outputs = np.array([[0.5], [0.5], [0.5]], dtype=np.float32), np.zeros((3, 1), np.int8)
    none, nothing = np.zeros((0, 4), np.int32), np.zeros(4, np.float32)
    sums, one = np.zeros((3, 4), np.int32), np.float32(LARGEST)
    lstm_step(read, np.arange(3), none, nothing, sums, nothing, cell, outputs, one)
    np.testing.assert_allclose(cell.ravel(), [1.0, -0.5, 0.5], atol=1e-6)
    assert outputs.ravel().tolist() == [round(127 * np.tanh(1.0)), round(127 * np.tanh(-0.5)), 0]


def test_a_function_without_a_file_is_compiled_and_not_kept() -> None:
    content: dict[str, Callable[..., None]] = {}
    exec("def double(values):\n    values *= 2", content)
    double, values = compiled()(content["double"]), np.ones(3, np.float32)
    double(values)
    assert values.tolist() == [2.0, 2.0, 2.0] and double.stats.cache_path is None
