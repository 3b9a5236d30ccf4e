"""Parts of the LM text with their words numbered: read and split once, all that comes later is arithmetic on numbers.

A part's words are numbered in the order in which they first occur in it; 0 is the end of a sentence. So parts can be
numbered side by side, and a part that is on disk need not be numbered again.
"""

import hashlib
import io
from array import array
from collections import defaultdict
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.data.conll import sentence_hash
from pipeline.data.corpus import END_OF_SENTENCE, Ids
from pipeline.data.text_parts import Part
from pipeline.files import write_bytes

END = 0  # the number of the end of a sentence


@dataclass(frozen=True, eq=False)
class NumberedPart:
    """The sentences of a part without those of the test split. S sentences, N words and ends, W different words."""

    words: list[str]  # (W,); the first is END_OF_SENTENCE
    numbers: Ids  # (N,): indices of words
    ranks: npt.NDArray[np.uint64]  # (S,): the held-out sentences are those of lowest rank; copies have the same
    read: int  # sentences, with those of the test split

    @property
    def ends(self) -> npt.NDArray[np.int64]:
        """(S,): where each sentence ends, its END included."""
        return np.flatnonzero(self.numbers == END) + 1


def number_part(part: Part, test_hashes: set[str], seed: int) -> NumberedPart:
    """Number the words of a part and rank its sentences by hashes keyed by the seed. Raises InputError on bad UTF-8."""
    number_of = defaultdict(count(END + 1).__next__, {END_OF_SENTENCE.encode(): END})
    numbers = array("i")
    ranks = bytearray()
    read = 0
    key = str(seed).encode()
    for piece in part:
        for words, sentence in piece.sentences():
            read += 1
            if sentence_hash((sentence,)) not in test_hashes:
                ranks += hashlib.blake2b(sentence.encode(), digest_size=8, key=key).digest()
                numbers.extend(map(number_of.__getitem__, words))
                numbers.append(END)
    return NumberedPart(
        words=[word.decode() for word in number_of],
        numbers=np.array(numbers, dtype=np.int32),
        ranks=np.frombuffer(ranks, dtype=">u8").astype(np.uint64),
        read=read,
    )


def save_part(part: NumberedPart, path: Path) -> None:
    """Write a part as an .npz file."""
    words = "\n".join(part.words[END + 1 :]).encode()
    buffer = io.BytesIO()
    np.savez(
        buffer,
        words=np.frombuffer(words, dtype=np.uint8),
        numbers=part.numbers,
        ranks=part.ranks,
        read=np.array(part.read),
    )
    write_bytes(path, buffer.getvalue())


def load_part(path: Path) -> NumberedPart:
    """Read a part that save_part has written."""
    with np.load(path) as arrays:
        words = arrays["words"].tobytes().decode()
        return NumberedPart(
            words=[END_OF_SENTENCE, *(words.split("\n") if words else [])],
            numbers=arrays["numbers"],
            ranks=arrays["ranks"],
            read=int(arrays["read"]),
        )
