"""Sentences as tensors: the words, characters and tags of a batch.

Every sentence has one step more than it has words: the last step reads padding and has the tag `<eof>`.
Shapes: B sentences, T steps of the longest, C characters of the longest.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ldnet.text.columns import Sentence
from ldnet.text.lexicon import END_TAG, PADDING_ID, SEPARATOR_ID, Lexicon
from pipeline.features.sequences import batches_by_length, padded_length


@dataclass(frozen=True)
class EncodedSentence:
    """The ids of one sentence of n words."""

    words: list[int]  # n + 1, padding last
    tags: list[int]  # n + 1, <eof> last; <eof> alone where no loss is computed
    characters: list[int]  # word, separator, word, separator, ..., padding
    starts: list[int]  # n + 1: where each word's first character stands, then the padding
    ends: list[int]  # n + 1: where the separator after each word stands, then the padding


@dataclass(frozen=True)
class TaggingBatch:
    """A batch of sentences, padded; time comes first where recurrent layers read."""

    words: Tensor  # (T, B)
    tags: Tensor  # (B, T); shorter where no sentence has tags
    lengths: Tensor  # (B), steps
    characters: Tensor  # (C, B)
    character_lengths: Tensor  # (B)
    starts: Tensor  # (T, B)
    ends: Tensor  # (T, B)


def encode_sentence(words: Sequence[str], tags: Sequence[str], lexicon: Lexicon) -> EncodedSentence:
    """Look up a sentence; `tags` are empty where no loss is computed (dev and test may have unknown ones)."""
    characters: list[int] = []
    starts, ends = [], []
    for word in words:
        starts.append(len(characters))
        characters.extend(lexicon.character_ids(word))
        ends.append(len(characters))
        characters.append(SEPARATOR_ID)
    for positions in (starts, ends):
        positions.append(len(characters))
    return EncodedSentence(
        words=[*(lexicon.word_id(word) for word in words), PADDING_ID],
        tags=[*(lexicon.tag_id(tag) for tag in tags), lexicon.tag_id(END_TAG)],
        characters=[*characters, PADDING_ID],
        starts=starts,
        ends=ends,
    )


def pad(rows: Sequence[Sequence[int]]) -> Tensor:
    """Rows of different lengths as one tensor (B, padded length), padded at the end."""
    length = padded_length(map(len, rows))
    return torch.tensor([[*row, *([PADDING_ID] * (length - len(row)))] for row in rows])


def collate(sentences: Sequence[EncodedSentence]) -> TaggingBatch:
    """Put sentences into one batch."""
    return TaggingBatch(
        words=pad([sentence.words for sentence in sentences]).T,
        tags=pad([sentence.tags for sentence in sentences]),
        lengths=torch.tensor([len(sentence.words) for sentence in sentences]),
        characters=pad([sentence.characters for sentence in sentences]).T,
        character_lengths=torch.tensor([len(sentence.characters) for sentence in sentences]),
        starts=pad([sentence.starts for sentence in sentences]).T,
        ends=pad([sentence.ends for sentence in sentences]).T,
    )


def sorted_batches(sentences: Sequence[Sentence], size: int) -> list[list[int]]:
    """Indices of all sentences in batches of `size` of about equal length, shortest first."""
    return batches_by_length([len(sentence.words) for sentence in sentences], size)


def shuffled_batches(sentences: Sequence[Sentence], size: int, rng: random.Random) -> list[list[int]]:
    """Batches of about equal length in random order; which sentences share a batch changes from call to call."""
    batches = batches_by_length([len(sentence.words) * rng.uniform(0.9, 1.1) for sentence in sentences], size)
    rng.shuffle(batches)
    return batches
