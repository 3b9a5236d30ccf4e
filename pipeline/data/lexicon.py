"""The lexicon: everything the tagger knows by number (words, characters, tags), and the words' pretrained vectors."""

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from pipeline.data.conll import Sentence
from pipeline.data.word_vectors import WordVectors
from pipeline.errors import InputError
from pipeline.files import read_json, write_bytes, write_json

PADDING, UNKNOWN, SEPARATOR = "<pad>", "<unk>", " "
SPECIAL_WORDS = [PADDING, UNKNOWN]
SPECIAL_CHARACTERS = [PADDING, UNKNOWN, SEPARATOR]
START_TAG, END_TAG = "<s>", "<eof>"
UNKNOWN_ID = 1
DIGITS_AS_ZERO = str.maketrans("123456789", "0" * 9)


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Lists whose index is the id. Words below `trainable_words` are fine-tuned, the rest only have fixed vectors.

    vectors: float32, words x dimension (0 without word vectors), rows of zeros where has_vector (uint8) is 0.
    With `digits_as_zero`, words that are not known otherwise are looked up with 0 for each digit.
    """

    words: list[str]
    characters: list[str]
    tags: list[str]
    trainable_words: int
    vectors: NDArray[np.float32]
    has_vector: NDArray[np.uint8]
    digits_as_zero: bool = False

    @cached_property
    def _word_ids(self) -> dict[str, int]:
        return _numbers(self.words, start=len(SPECIAL_WORDS))

    @cached_property
    def _character_ids(self) -> dict[str, int]:
        return _numbers(self.characters, start=len(SPECIAL_CHARACTERS))

    @cached_property
    def _tag_ids(self) -> dict[str, int]:
        return _numbers(self.tags, start=0)

    def word_id(self, word: str) -> int:
        """The id of the word as it is written, else of its lower-cased form, else of that with 0 for each digit (with
        `digits_as_zero`), else of <unk>."""
        form = _known_form(word, self._word_ids, self.digits_as_zero)
        return self._word_ids.get(form, UNKNOWN_ID)

    def character_ids(self, word: str) -> list[int]:
        """The ids of the word's characters, <unk> for those not seen in training."""
        return [self._character_ids.get(character, UNKNOWN_ID) for character in word]

    def tag_id(self, tag: str) -> int:
        """The id of an IOBES tag. Raises InputError for one not seen in training (dev and test may have such tags)."""
        if tag not in self._tag_ids:
            raise InputError(f"tag {tag!r} does not occur in the training data")
        return self._tag_ids[tag]

    def sizes(self) -> dict[str, int]:
        """How much of everything there is, for the metrics."""
        return {
            "words": len(self.words),
            "trainable_words": self.trainable_words,
            "words_with_vectors": int(self.has_vector.sum()),
            "vector_dimension": self.vectors.shape[1],
            "characters": len(self.characters),
            "tags": len(self.tags),
        }

    def save(self, folder: Path) -> None:
        """Write lexicon.json and vectors.safetensors."""
        lists = {"words": self.words, "characters": self.characters, "tags": self.tags}
        look_up = {"trainable_words": self.trainable_words, "digits_as_zero": self.digits_as_zero}
        write_json(folder / "lexicon.json", {**lists, **look_up})
        tensors: dict[str, NDArray[Any]] = {"vectors": self.vectors, "has_vector": self.has_vector}
        write_bytes(folder / "vectors.safetensors", safetensors.numpy.save(tensors))

    @classmethod
    def load(cls, folder: Path) -> "Lexicon":
        """Read what `save` wrote. Raises InputError if a file is missing."""
        lists, path = read_json(folder / "lexicon.json"), folder / "vectors.safetensors"
        if not path.is_file():
            raise InputError(f"{path}: no such file; run the stage that writes it (`dvc repro prepare_conll`)")
        tensors = safetensors.numpy.load_file(path)
        return cls(**lists, vectors=tensors["vectors"], has_vector=tensors["has_vector"])


def _numbers(items: Sequence[str], start: int) -> dict[str, int]:
    return {item: number for number, item in enumerate(items) if number >= start}


def _by_count(counts: Counter[str]) -> list[str]:
    """Descending count, then string: the same order whatever the order of counting."""
    return sorted(counts, key=lambda item: (-counts[item], item))


def _known_form(word: str, known: Container[str], digits_as_zero: bool) -> str:
    """The first form of the word that is known, else the last one: as it is written, lower-cased, with 0 for digits."""
    if word in known:
        return word
    form = word.lower()
    return form.translate(DIGITS_AS_ZERO) if digits_as_zero and form not in known else form


def build_lexicon(train: Iterable[Sentence], word_vectors: WordVectors, digits_as_zero: bool = False) -> Lexicon:
    """Number the words, characters and IOBES tags of the training sentences, then all other words that have vectors.

    A word enters in the first form that has a vector, else in the last one. Forms seen once that have no vector are
    left out: they train <unk>.
    """
    rows = word_vectors.rows
    word_counts: Counter[str] = Counter()
    character_counts: Counter[str] = Counter()
    tags: set[str] = set()
    for sentence in train:
        word_counts.update(_known_form(word, rows, digits_as_zero) for word in sentence.words)
        character_counts.update("".join(sentence.words))
        tags.update(sentence.tags)
    trained = [word for word in _by_count(word_counts) if word_counts[word] > 1 or word in rows]
    trained = [*SPECIAL_WORDS, *(word for word in trained if word not in SPECIAL_WORDS)]
    taken = set(trained)
    words = trained + [word for word in rows if word not in taken]
    return Lexicon(
        words=words,
        characters=SPECIAL_CHARACTERS + _by_count(character_counts),
        tags=[*sorted(tags), START_TAG, END_TAG],
        trainable_words=len(trained),
        vectors=_vectors_of(words, word_vectors),
        has_vector=np.array([word in rows for word in words], dtype=np.uint8),
        digits_as_zero=digits_as_zero,
    )


def _vectors_of(words: list[str], word_vectors: WordVectors) -> NDArray[np.float32]:
    """Vectors in the order of the words, zeros where there is none: float32, words x dimension."""
    vectors = np.zeros((len(words), word_vectors.vectors.shape[1]), dtype=np.float32)
    found = [(number, word_vectors.rows[word]) for number, word in enumerate(words) if word in word_vectors.rows]
    if found:
        numbers, rows = map(list, zip(*found, strict=True))
        vectors[numbers] = word_vectors.vectors[rows]
    return vectors


def vector_coverage(sentences: Iterable[Sentence], word_vectors: WordVectors) -> dict[str, dict[str, int]]:
    """How many words (tokens, and distinct ones: types) have a vector as written, only in lower case, or none."""
    counts = Counter(word for sentence in sentences for word in sentence.words)
    coverage = {unit: {"exact": 0, "lower": 0, "none": 0} for unit in ("tokens", "types")}
    for word, count in counts.items():
        match = "exact" if word in word_vectors.rows else "lower" if word.lower() in word_vectors.rows else "none"
        coverage["tokens"][match] += count
        coverage["types"][match] += 1
    return coverage
