"""The corpus as parallel streams of tokens for truncated back-propagation through time.

Shapes: T steps, B streams.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pipeline.data.corpus import Ids


@dataclass(frozen=True)
class LMBatch:
    """T steps of B streams: what is read and what is to be predicted, both (T, B) of int64."""

    tokens: Tensor
    targets: Tensor


def steps_of_shard(shard: Ids, streams: int, steps: int) -> int:
    """How many batches a shard gives."""
    return max(0, (len(shard) // streams - 1) // steps)


def batches_of_shard(shard: Ids, streams: int, steps: int, *, reverse: bool) -> Iterator[LMBatch]:
    """Cut a shard into `streams` equal runs and read them side by side, `steps` tokens at a time.

    With `reverse` the shard is read from its end (the backward model). What remains at the end
    of the runs, fewer than `steps` tokens each, is left out.
    """
    length = len(shard) // streams
    runs: Any = (shard[::-1] if reverse else shard)[: length * streams].reshape(streams, length)
    for start in range(0, steps_of_shard(shard, streams, steps) * steps, steps):
        block = torch.from_numpy(np.ascontiguousarray(runs[:, start : start + steps + 1].T, dtype=np.int64))
        yield LMBatch(block[:-1], block[1:])


def training_batches(
    shards: list[Ids], streams: int, steps: int, epochs: int, seed: int, *, reverse: bool, skip: int
) -> Iterator[LMBatch]:
    """Batches of all epochs, the shards in a new seeded order each epoch; the first `skip` batches are left out."""
    rng = random.Random(seed)
    for _ in range(epochs):
        for index in rng.sample(range(len(shards)), len(shards)):
            available = steps_of_shard(shards[index], streams, steps)
            if skip >= available:
                skip -= available
                continue
            for position, batch in enumerate(batches_of_shard(shards[index], streams, steps, reverse=reverse)):
                if position >= skip:
                    yield batch
            skip = 0
