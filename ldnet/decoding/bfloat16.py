"""Rounding of float32 to bfloat16, its upper half: to the nearest, of two equally near ones to the even one."""

import numpy as np
from numba import int32
from numpy.typing import NDArray

from ldnet.compilation import compiled


@compiled()
def round_to_bfloat16(bits: NDArray[np.int32]) -> None:
    """Round finite numbers (N), given as the integers of their bits, in their place; several times faster than torch,
    which goes by way of another tensor."""
    for place in range(len(bits)):
        value = bits[place]
        bits[place] = (value + int32(0x7FFF) + ((value >> int32(16)) & int32(1))) & int32(-0x10000)
