"""One step of an LSTM over many sequences, in a single pass over memory.

Between two products with the recurrent weights, an LSTM adds up what its gates read, squashes, and moves the cell:
cheap arithmetic, but done with one tensor operation each it takes longer than an 8-bit product. Shapes: B sequences,
H units; gates are in the order input, forget, output, candidate, and the weights of the candidate are doubled, since
tanh x = 2 sigmoid 2x - 1.
"""

from typing import Any

import numpy as np
from numba import float32, int32, njit
from numpy.typing import NDArray

from ldnet.compilation import compiled

# What vector instructions need; infinities stay what they are.
REORDERING = {"reassoc", "contract", "nsz", "arcp"}


@njit(fastmath=REORDERING, inline="always")
def _sigmoid(value: Any) -> Any:
    """1 / (1 + 2^(-value log2 e)) to about 1e-6: the power's whole part goes to the exponent's bits, a polynomial
    (the series of 2^x around 0, which is within 3e-6 for |x| <= 1/2) gives the rest."""
    power = min(max(-value * float32(1.44269504), float32(-126.0)), float32(126.0))
    whole = np.rint(power)
    rest = power - whole
    series = float32(1.3333558e-3)
    series = series * rest + float32(9.6181291e-3)
    series = series * rest + float32(5.5504109e-2)
    series = series * rest + float32(2.4022651e-1)
    series = series * rest + float32(6.9314718e-1)
    series = series * rest + float32(1.0)
    scale = np.int32((int32(whole) + int32(127)) << int32(23)).view(np.float32)  # the power of two with this exponent
    return float32(1) / (float32(1) + series * scale)


@compiled(fastmath=REORDERING)
def lstm_step(
    read: NDArray[np.float32],
    rows: NDArray[np.int64],
    below: NDArray[Any],
    below_scales: NDArray[np.float32],
    sums: NDArray[Any],
    scales: NDArray[np.float32],
    cell: NDArray[np.float32],
    outputs: NDArray[Any],
    one: np.float32,
) -> None:
    """Advance the first B cells (H) and write the outputs (B, H), in which `one` stands for 1.

    The gates read rows `rows` (B) of the table `read` (R, 4 H); the products `below` (B, 4 H) with the outputs of
    layers below, unless there are none; and `sums`, those with this layer's last outputs, in its first B rows. Both
    products are brought to scale by `below_scales` and `scales` (4 H). Integer outputs are rounded.
    """
    units = cell.shape[1]
    gates = np.empty(4 * units, np.float32)
    for sequence in range(len(rows)):
        row, total, state, output = read[rows[sequence]], sums[sequence], cell[sequence], outputs[sequence]
        for column in range(4 * units):
            gates[column] = row[column] + float32(total[column]) * scales[column]
        if len(below):
            lower = below[sequence]
            for column in range(4 * units):
                gates[column] += float32(lower[column]) * below_scales[column]
        for column in range(4 * units):
            gates[column] = _sigmoid(gates[column])
        for unit in range(units):
            candidate = float32(2) * gates[3 * units + unit] - float32(1)
            state[unit] = gates[units + unit] * state[unit] + gates[unit] * candidate
            squashed = float32(2) * _sigmoid(float32(2) * state[unit]) - float32(1)
            value = one * gates[2 * units + unit] * squashed
            output[unit] = value if one == 1 else np.rint(value)
