"""The lexicon of a training split: its words, characters and tags are counted and numbered, its vectors looked up."""

from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ldnet.text.columns import Sentence
from ldnet.text.lexicon import END_TAG, SPECIAL_CHARACTERS, SPECIAL_WORDS, START_TAG, Lexicon, lexicon_form
from pipeline.text.word_vectors import WordVectors


def _by_count(counts: Counter[str]) -> list[str]:
    """Descending count, then string: the same order whatever the order of counting."""
    return sorted(counts, key=lambda item: (-counts[item], item))


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
        word_counts.update(lexicon_form(word, rows, digits_as_zero) for word in sentence.words)
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
