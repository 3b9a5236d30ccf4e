"""The precisions that a tagger can decode in. Importing this module imports nothing else."""

from typing import Literal, get_args

DecodingPrecision = Literal["float32", "int8"]
PRECISIONS: tuple[DecodingPrecision, ...] = get_args(DecodingPrecision)
