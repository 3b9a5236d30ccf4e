"""The oracle of corpus preparation: the text read three times in one process, a sentence at a time."""

import hashlib
import heapq
import math
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ldnet.errors import InputError
from ldnet.files import write_json
from ldnet.text.columns import sentence_hash
from ldnet.text.lines import decode, read_lines
from ldnet.text.lm_words import END_OF_SENTENCE_ID, UNKNOWN_ID
from pipeline.corpus.numbered_parts import Ids
from pipeline.corpus.preparation import make_vocabulary, select_vectors
from pipeline.params import CorpusParams
from pipeline.text.word_vectors import no_vectors, read_word_vectors


def read_sentences(paths: list[Path]) -> Iterator[str]:
    """Yield each line as words joined by single spaces, empty lines left out. Raises InputError on bad UTF-8."""
    for path in paths:
        for number, line in enumerate(read_lines(path), 1):
            if words := line.split():
                yield decode(b" ".join(words), path, number)


def prepare(raw: Path, test_hashes: set[str], out: Path, params: CorpusParams, seed: int) -> dict[str, Any]:
    """Write the encoded corpus to `out` and return its statistics.

    Sentences whose hash is in `test_hashes` are dropped: the LM must not have read the sentences it is tested on.
    """
    paths = sorted(raw.glob(params.text))
    if not paths:
        raise InputError(f"{raw / params.text}: no LM text found; expected one tokenised sentence a line, .txt or .gz")
    heldout, read, dropped = _choose_heldout(paths, test_hashes, params.heldout_sentences, seed)
    excluded = test_hashes | {sentence_hash(sentence.split(" ")) for sentence in heldout}
    counts: Counter[str] = Counter()
    sentences = 0
    for sentence in _training_sentences(paths, excluded):
        counts.update(sentence.split(" "))
        sentences += 1
    vocabulary = make_vocabulary(counts, params.min_count)
    index = {word: i for i, word in enumerate(vocabulary)}
    tokens = counts.total() + sentences
    out.mkdir(parents=True, exist_ok=True)
    shards = math.ceil(tokens / params.shard_tokens)
    training = _training_sentences(paths, excluded)
    _write_shards(out, (encode(sentence, index) for sentence in training), shards, random.Random(seed))
    heldout_ids = np.concatenate([encode(sentence, index) for sentence in heldout])
    np.save(out / "heldout.npy", heldout_ids)
    write_json(out / "vocabulary.json", vocabulary)
    vectors = select_vectors(vocabulary, read_word_vectors(raw / params.vectors) if params.vectors else no_vectors())
    np.save(out / "vectors.npy", vectors)
    unknown = sum(count for word, count in counts.items() if word not in index)
    return {
        "sentences_read": read,
        "dropped_test_sentences": dropped,
        "train_sentences": sentences,
        "train_tokens": tokens,
        "heldout_sentences": len(heldout),
        "heldout_tokens": len(heldout_ids),
        "vocabulary": len(vocabulary),
        "words_with_vectors": int(vectors.any(1).sum()),
        "unknown_rate": round(unknown / tokens, 6),
        "heldout_unknown_rate": round(float((heldout_ids == UNKNOWN_ID).mean()), 6),
        "shards": len(list(out.glob("train-*.npy"))),
    }


def encode(sentence: str, index: dict[str, int]) -> Ids:
    """Ids of the words of a sentence (joined by spaces), closed by END_OF_SENTENCE_ID."""
    ids = [index.get(word, UNKNOWN_ID) for word in sentence.split(" ")]
    return np.array([*ids, END_OF_SENTENCE_ID], dtype=np.int32)


def _choose_heldout(paths: list[Path], test_hashes: set[str], size: int, seed: int) -> tuple[list[str], int, int]:
    """The `size` distinct sentences with the smallest keyed hashes; how many sentences were read and dropped.

    Choosing by content keeps all copies of a held-out sentence out of the training part, in one pass and little memory.
    """
    key = str(seed).encode()
    chosen: list[tuple[int, str]] = []  # a heap with the largest hash on top
    members: set[int] = set()
    read = dropped = 0
    for sentence in read_sentences(paths):
        read += 1
        if sentence_hash(sentence.split(" ")) in test_hashes:
            dropped += 1
            continue
        value = int.from_bytes(hashlib.blake2b(sentence.encode(), digest_size=8, key=key).digest(), "big")
        if value in members or (len(chosen) == size and value > -chosen[0][0]):
            continue
        members.add(value)
        heapq.heappush(chosen, (-value, sentence))
        if len(chosen) > size:
            members.remove(-heapq.heappop(chosen)[0])
    if len(chosen) < size or read - dropped < 2 * size:
        different = f"{len(chosen):,} different sentences among {read - dropped:,}"
        few = different if read - dropped >= 2 * size else f"{read - dropped:,} sentences"
        raise InputError(
            f"{paths[0].parent}: {few} of LM text are too few to hold out {size}; "
            "lower prepare_corpus.heldout_sentences or bring more text"
        )
    return [sentence for _, sentence in sorted(chosen, reverse=True)], read, dropped


def _training_sentences(paths: list[Path], excluded: set[str]) -> Iterator[str]:
    for sentence in read_sentences(paths):
        if sentence_hash(sentence.split(" ")) not in excluded:
            yield sentence


def _write_shards(out: Path, sentences: Iterator[Ids], shards: int, rng: random.Random) -> None:
    parts = [out / f"train-{i:03d}.part" for i in range(shards)]
    files = [part.open("wb") for part in parts]
    for ids in sentences:
        files[rng.randrange(shards)].write(ids.tobytes())
    for file in files:
        file.close()
    for part in parts:
        ids = np.fromfile(part, dtype=np.int32)
        part.unlink()
        if not len(ids):  # fewer sentences than shards, or nearly so
            continue
        ends = np.flatnonzero(ids == END_OF_SENTENCE_ID)
        bounds = list(zip([0, *(ends[:-1] + 1).tolist()], (ends + 1).tolist(), strict=True))
        rng.shuffle(bounds)
        np.save(part.with_suffix(".npy"), np.concatenate([ids[start:end] for start, end in bounds]))
