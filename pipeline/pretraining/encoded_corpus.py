"""An encoded LM corpus: its ids, its vocabulary, and how it is memory-mapped."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ldnet.errors import InputError
from ldnet.files import read_json

Ids = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Corpus:
    """An encoded corpus. Sentences are runs of ids, each closed by the end of sentence; shards are memory-mapped."""

    vocabulary: list[str]
    shards: list[Ids]
    heldout: Ids
    vectors: npt.NDArray[np.float32]  # (words, dimension): pretrained word vectors, zeros for words without; or (0, 0)


def load(folder: Path) -> Corpus:
    """Memory-map an encoded corpus."""
    paths = sorted(folder.glob("train-*.npy"))
    if not paths:
        raise InputError(f"{folder}: no encoded corpus there; run the stage prepare_corpus")
    return Corpus(
        vocabulary=read_json(folder / "vocabulary.json"),
        shards=[np.load(path, mmap_mode="r") for path in paths],
        heldout=np.load(folder / "heldout.npy"),
        vectors=np.load(folder / "vectors.npy"),
    )
