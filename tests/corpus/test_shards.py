"""Grouping and shuffling against lists of sentences."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.corpus import shuffling as shards
from pipeline.corpus.numbered_parts import NumberedPart, save_part
from pipeline.corpus.shuffling import Grouping, Shuffling, group_part, select_sentences, shuffle_shard

SENTENCES = [[5, 6, 1], [7, 1], [8, 9, 10, 1], [1], [11, 1]]


def test_selected_sentences_by_hand() -> None:
    ids = np.concatenate(SENTENCES).astype(np.int32)
    ends = np.cumsum([len(sentence) for sentence in SENTENCES])
    for order in ([], [2], [4, 3, 2, 1, 0], [1, 1, 3]):
        selected = select_sentences(ids, ends, np.array(order, dtype=np.int64))
        assert selected.tolist() == [number for i in order for number in SENTENCES[i]]


def test_shards_are_the_sentences_dealt_to_them_in_the_new_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "BLOCK_SENTENCES", 3)
    rng = np.random.default_rng(1)
    dealt: list[list[list[int]]] = [[], [], []]
    groups = []
    for i in range(4):
        sentences = [[*rng.integers(1, 9, rng.integers(0, 5)).tolist(), 0] for _ in range(10)]
        numbers = np.concatenate(sentences).astype(np.int32)
        part = NumberedPart(["\n", *"abcdefgh"], numbers, np.zeros(10, dtype=np.uint64), 10)
        save_part(part, tmp_path / f"{i}.npz")
        ids = np.array([1, 0, *range(100, 107)], dtype=np.int32) + np.int32(i) * np.array([0, 0, *[10] * 7], dtype="i4")
        shard_of = rng.integers(-1, 3, 10)
        for sentence, shard in zip(sentences, shard_of.tolist(), strict=True):
            if shard >= 0:
                dealt[shard].append([int(ids[number]) for number in sentence])
        groups.append(group_part(Grouping(tmp_path / f"{i}.npz", ids, shard_of, 3, tmp_path / f"groups-{i}")))
    for shard, sentences in enumerate(dealt):
        order = rng.permutation(len(sentences))
        path = shuffle_shard(Shuffling(groups, shard, 3, order, tmp_path / f"train-{shard}.npy"))
        np.save(tmp_path / "saved.npy", np.concatenate([sentences[i] for i in order]).astype(np.int32))
        assert path.read_bytes() == (tmp_path / "saved.npy").read_bytes()
