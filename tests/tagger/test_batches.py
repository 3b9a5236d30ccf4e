"""Batches of sentences."""

from pipeline.tagger.batches import shuffled_batches, sorted_batches
from tests.factories import (
    make_sentences,
)


def test_batches_hold_every_sentence_once_and_neighbours_in_length() -> None:
    import random

    sentences = make_sentences(50)
    lengths = [len(sentence.words) for sentence in sentences]
    for batches in (sorted_batches(sentences, 8), shuffled_batches(sentences, 8, random.Random(1))):
        assert sorted(index for batch in batches for index in batch) == list(range(50))
        assert max(max(lengths[i] for i in batch) - min(lengths[i] for i in batch) for batch in batches) <= 4
    assert shuffled_batches(sentences, 8, random.Random(1)) != shuffled_batches(sentences, 8, random.Random(2))
