"""An encoded LM corpus: its ids, its vocabulary, and how it is memory-mapped."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ldnet.errors import InputError
from pipeline.execution.stored import check_numbers, damaged, load_array
from pipeline.language_model.model import read_vocabulary

STAGE = "prepare_corpus"
LEAST_HELDOUT = 2  # tokens: one to read and one to predict
Ids = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Corpus:
    """An encoded corpus. Sentences are runs of ids, each closed by the end of sentence; shards are memory-mapped."""

    vocabulary: list[str]
    shards: list[Ids]
    heldout: Ids
    vectors: npt.NDArray[np.float32]  # (words, dimension): pretrained word vectors, zeros for words without; or (0, 0)

    def first(self, tokens: int) -> "Corpus":
        """The corpus with its first `tokens` tokens (0 for all), from as many shards as it takes: a random sample."""
        shards: list[Ids] = []
        left = tokens or sum(map(len, self.shards))
        for shard in self.shards:
            if left > 0:
                shards.append(shard[:left])
                left -= len(shards[-1])
        return replace(self, shards=shards)


def load(folder: Path) -> Corpus:
    """Memory-map an encoded corpus. Raises InputError if a file is missing or damaged, or if the held-out part is too
    small for a perplexity."""
    paths = sorted(folder.glob("train-*.npy"))
    if not paths:
        raise InputError(f"{folder}: no encoded corpus there; run the stage {STAGE}")
    vocabulary, heldout = read_vocabulary(folder / "vocabulary.json", STAGE), folder / "heldout.npy"
    corpus = Corpus(
        vocabulary=vocabulary,
        shards=[_load_ids(path, len(vocabulary), mapped=True) for path in paths],
        heldout=_load_ids(heldout, len(vocabulary), mapped=False),
        vectors=_load_vectors(folder / "vectors.npy", len(vocabulary)),
    )
    if len(corpus.heldout) < LEAST_HELDOUT:
        raise InputError(
            f"{heldout}: {len(corpus.heldout)} tokens, but a perplexity takes {LEAST_HELDOUT}; raise "
            f"prepare_corpus.heldout_sentences and run the stage {STAGE} again"
        )
    return corpus


def _load_ids(path: Path, words: int, *, mapped: bool) -> Ids:
    ids = load_array(path, np.int32, (None,), STAGE, "r" if mapped else None)
    if not ids.size:
        raise damaged(path, "tokens", "none", STAGE)
    check_numbers(path, ids, lambda piece: (piece >= 0) & (piece < words), f"numbers of {words:,} words", STAGE)
    return ids


def _load_vectors(path: Path, words: int) -> npt.NDArray[np.float32]:
    vectors = load_array(path, np.float32, (None, None), STAGE)
    if vectors.size and len(vectors) != words:
        raise damaged(path, f"vectors of {words:,} words", f"{len(vectors):,}", STAGE)
    check_numbers(path, vectors, np.isfinite, "finite numbers", STAGE)
    return vectors
