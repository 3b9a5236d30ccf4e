"""Training sentences, part by part, into shards: each dealt to a shard at random, then shuffled within it.

First the sentences of each part are grouped by shard on disk, then each shard takes its group of every part. So both
can be done side by side, and no more of the corpus is in memory than one part or one shard for each process.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ldnet.files import write_bytes
from ldnet.text.lm_words import END_OF_SENTENCE_ID
from pipeline.corpus.numbered_parts import Ids, load_part
from pipeline.corpus.whole_files import write_array

BLOCK_SENTENCES = 1 << 16  # shuffled at a time, so that a shard is never in memory twice
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Grouping:
    """A part, the id of each of its words, and the shard of each of its sentences (-1: none); what to write."""

    part: Path
    ids: Ids
    shard_of: Integers
    shards: int
    out: Path


@dataclass(frozen=True, eq=False)
class Shuffling:
    """A shard, made of its groups in these files, and the new order of its sentences; what to write."""

    groups: list[Path]
    shard: int
    shards: int
    order: Integers
    out: Path


def group_part(task: Grouping) -> Path:
    """Write a part's sentences grouped by shard, if they are not there: bounds (int64, shards + 1), ids (int32)."""
    if not task.out.exists():
        part = load_part(task.part)
        lengths = np.diff(part.ends, prepend=0)
        order = np.argsort(task.shard_of, kind="stable")[np.count_nonzero(task.shard_of < 0) :]
        tokens = np.zeros(task.shards + 1, dtype=np.int64)
        np.add.at(tokens, task.shard_of[order] + 1, lengths[order])
        ids = select_sentences(task.ids[part.numbers], part.ends, order)
        write_bytes(task.out, np.cumsum(tokens).tobytes() + ids.tobytes())
    return task.out


def shuffle_shard(task: Shuffling) -> Path:
    """Write a shard as np.save would, unless it is there. Raises InputError if it cannot be written."""
    if task.out.exists():
        return task.out
    ids = np.concatenate([_read_group(path, task.shard, task.shards) for path in task.groups])
    ends = np.flatnonzero(ids == END_OF_SENTENCE_ID) + 1
    starts = range(0, len(ends), BLOCK_SENTENCES)
    blocks = (select_sentences(ids, ends, task.order[start : start + BLOCK_SENTENCES]) for start in starts)
    write_array(task.out, ids.shape, blocks, np.int32)
    return task.out


def select_sentences(ids: Ids, ends: Integers, order: Integers) -> Ids:
    """The sentences of `ids` with the numbers `order`, one after the other; sentence i ends before ids[ends[i]]."""
    lengths = np.diff(ends, prepend=0)[order]
    shifts = ends[order] - np.cumsum(lengths)  # from places in the result to places in ids
    selected: Ids = ids[np.repeat(shifts, lengths) + np.arange(lengths.sum())]
    return selected


def _read_group(path: Path, shard: int, shards: int) -> Ids:
    start, end = np.fromfile(path, dtype=np.int64, count=2, offset=8 * shard).tolist()
    return np.fromfile(path, dtype=np.int32, count=end - start, offset=8 * (shards + 1) + 4 * start)
