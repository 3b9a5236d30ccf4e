"""Parts of the LM text with their words numbered: read and split once, all that comes later is arithmetic on numbers.

A part's words are numbered in the order in which they first occur in it; 0 is the end of a sentence. So parts can be
numbered side by side, and a part that is on disk need not be numbered again.
"""

import hashlib
import io
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ldnet.errors import InputError
from ldnet.files import write_bytes
from ldnet.printable import reason
from ldnet.text.columns import sentence_hash
from ldnet.text.lm_words import END_OF_SENTENCE
from pipeline.corpus.altered_tests import Altered, altered_tests
from pipeline.corpus.text_parts import Part
from pipeline.execution.stored import NO_ARRAY

Ids = npt.NDArray[np.int32]
END = 0  # the number of the end of a sentence


@dataclass(frozen=True, eq=False)
class NumberedPart:
    """The sentences of a part that are not in the test split. S sentences, N words and ends, W different words."""

    words: list[str]  # (W,); the first is END_OF_SENTENCE
    numbers: Ids  # (N,): indices of words
    ranks: npt.NDArray[np.uint64]  # (S,): the held-out sentences are those of lowest rank; copies have the same
    read: int  # sentences, also of the test split
    altered: Altered = field(default_factory=dict)  # test sentences that are among the others in another form

    @property
    def ends(self) -> npt.NDArray[np.int64]:
        """(S,): where each sentence ends, its END included."""
        return np.flatnonzero(self.numbers == END) + 1


def number_part(part: Part, test_hashes: set[str], seed: int) -> NumberedPart:
    """Number the words of a part and rank its sentences by hashes keyed by the seed. Raises InputError on bad UTF-8."""
    read = [sentence for piece in part for sentence in piece.sentences()]
    kept = [sentence for sentence in read if sentence_hash((sentence.decode(),)) not in test_hashes]
    words, numbers = number_words(kept)
    return NumberedPart(words, numbers, rank(kept, seed), len(read), altered_tests(kept, test_hashes))


def number_words(sentences: list[bytes]) -> tuple[list[str], Ids]:
    """The different words after END_OF_SENTENCE, and the numbers of all words and ends, in order.

    Each word and each end goes with the space behind it, so that Arrow can number them where they stand.
    """
    text = b"\n " + b" \n ".join([*sentences, b""])
    ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == ord(" ")) + 1
    bounds = np.concatenate([[0], ends])
    array = pa.Array.from_buffers(pa.large_binary(), len(ends), [None, pa.py_buffer(bounds), pa.py_buffer(text)])
    encoded = array.dictionary_encode()
    words = b"".join(encoded.dictionary.to_pylist()).decode().split(" ")[:-1]
    return words, encoded.indices.to_numpy()[1:]


def rank(sentences: list[bytes], seed: int) -> npt.NDArray[np.uint64]:
    """(S,): a hash of each sentence."""
    keyed = hashlib.blake2b(digest_size=8, key=str(seed).encode())
    digests = bytearray()
    for sentence in sentences:
        digest = keyed.copy()
        digest.update(sentence)
        digests += digest.digest()
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)


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
        altered=np.frombuffer(json.dumps(part.altered).encode(), dtype=np.uint8),
    )
    write_bytes(path, buffer.getvalue())


def load_part(path: Path) -> NumberedPart:
    """Read a part that save_part has written. Raises InputError for any other file."""
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            words = arrays["words"].tobytes().decode()
            return NumberedPart(
                words=[END_OF_SENTENCE, *(words.split("\n") if words else [])],
                numbers=arrays["numbers"],
                ranks=arrays["ranks"],
                read=int(arrays["read"]),
                altered=json.loads(arrays["altered"].tobytes()),
            )
    except NO_ARRAY as error:
        raise InputError(
            f"{path}: no part of the text ({reason(error)}); delete it to number its words again"
        ) from None
