"""Streams against the obvious: every stream is a run of the text, read on from batch to batch."""

import numpy as np
import pytest
import torch

from pipeline.pretraining.streams import batches_of_shard, steps_of_shard, training_batches

SHARD = np.arange(103, dtype=np.int32)


@pytest.mark.parametrize("reverse", [False, True])
def test_streams_continue_from_batch_to_batch(reverse: bool) -> None:
    batches = list(batches_of_shard(SHARD, 4, 5, reverse=reverse))
    text = SHARD[::-1] if reverse else SHARD
    assert len(batches) == steps_of_shard(SHARD, 4, 5) == 4
    tokens = torch.cat([batch.tokens for batch in batches])
    targets = torch.cat([batch.targets for batch in batches])
    for stream in range(4):
        run = text[stream * 25 : stream * 25 + 21].tolist()
        assert tokens[:, stream].tolist() == run[:-1]
        assert targets[:, stream].tolist() == run[1:]


@pytest.mark.parametrize("reverse", [False, True])
def test_the_shares_of_the_streams_make_up_the_whole_batches(reverse: bool) -> None:
    shards = [SHARD, SHARD + 200]
    whole = training_batches(shards, streams=6, steps=5, epochs=2, seed=7, reverse=reverse, skip=1)
    shares = [
        training_batches(
            shards, streams=6, steps=5, epochs=2, seed=7, reverse=reverse, skip=1, share=slice(start, start + 2)
        )
        for start in (0, 2, 4)
    ]
    for batch, *parts in zip(whole, *shares, strict=True):
        assert torch.equal(torch.cat([part.tokens for part in parts], 1), batch.tokens)
        assert torch.equal(torch.cat([part.targets for part in parts], 1), batch.targets)


def test_skipping_gives_the_rest_of_the_same_batches() -> None:
    shards = [SHARD, SHARD + 200, SHARD + 400]
    whole = list(training_batches(shards, streams=4, steps=5, epochs=2, seed=7, reverse=False, skip=0))
    assert len(whole) == 2 * 3 * 4
    for skip in (0, 1, 4, 9, 12, 23, 24):
        rest = list(training_batches(shards, streams=4, steps=5, epochs=2, seed=7, reverse=False, skip=skip))
        assert len(rest) == len(whole) - skip
        assert all(torch.equal(a.tokens, b.tokens) for a, b in zip(rest, whole[skip:], strict=True))


def test_a_shard_shorter_than_the_streams_gives_nothing_and_skips_nothing() -> None:
    assert steps_of_shard(SHARD[:3], 4, 5) == 0
    rest = list(training_batches([SHARD[:3], SHARD], streams=4, steps=5, epochs=1, seed=1, reverse=False, skip=3))
    assert len(rest) == 1


def test_shards_come_in_a_new_order_each_epoch_and_seed() -> None:
    shards = [SHARD + 200 * index for index in range(8)]

    def order(seed: int) -> list[int]:
        batches = training_batches(shards, streams=4, steps=24, epochs=2, seed=seed, reverse=False, skip=0)
        return [int(batch.tokens[0, 0]) // 200 for batch in batches]

    shards_per_epoch = [order(1)[:8], order(1)[8:]]
    assert shards_per_epoch[0] != shards_per_epoch[1]
    assert all(sorted(epoch) == list(range(8)) for epoch in shards_per_epoch)
    assert order(1) != order(2)
