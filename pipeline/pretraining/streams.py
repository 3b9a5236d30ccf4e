"""The corpus as parallel streams of tokens for truncated back-propagation through time.

Shapes: T steps, B streams. Where several processes train, each reads its own share of the streams.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pipeline.pretraining.encoded_corpus import Ids

ALL = slice(None)


@dataclass(frozen=True)
class LMBatch:
    """T steps of B streams: what is read and what is to be predicted, both (T, B) of int64."""

    tokens: Tensor
    targets: Tensor

    def to(self, device: torch.device) -> "LMBatch":
        """The batch with what is read on `device`; the softmax takes targets from the CPU."""
        return LMBatch(self.tokens.to(device, non_blocking=True), self.targets)


def steps_of_shard(shard: Ids, streams: int, steps: int) -> int:
    """How many batches a shard gives."""
    return max(0, (len(shard) // streams - 1) // steps)


def batches_of_shard(shard: Ids, streams: int, steps: int, *, reverse: bool, share: slice = ALL) -> Iterator[LMBatch]:
    """Cut a shard into `streams` equal runs and read the runs in `share` side by side, `steps` tokens at a time.

    With `reverse` the shard is read from its end (the backward model). What remains at the end
    of the runs, fewer than `steps` tokens each, is left out.
    """
    length = len(shard) // streams
    runs: Any = (shard[::-1] if reverse else shard)[: length * streams].reshape(streams, length)
    for start in range(0, steps_of_shard(shard, streams, steps) * steps, steps):
        block = torch.from_numpy(np.ascontiguousarray(runs[share, start : start + steps + 1].T, dtype=np.int64))
        yield LMBatch(block[:-1], block[1:])


def training_batches(
    shards: list[Ids],
    *,
    streams: int,
    steps: int,
    epochs: int,
    seed: int,
    reverse: bool,
    skip: int,
    share: slice = ALL,
) -> Iterator[LMBatch]:
    """Batches of all epochs, the shards in a new seeded order each epoch; the first `skip` batches are left out."""
    rng = random.Random(seed)
    for _ in range(epochs):
        for index in rng.sample(range(len(shards)), len(shards)):
            available = steps_of_shard(shards[index], streams, steps)
            if skip >= available:
                skip -= available
                continue
            batches = batches_of_shard(shards[index], streams, steps, reverse=reverse, share=share)
            for position, batch in enumerate(batches):
                if position >= skip:
                    yield batch
            skip = 0
