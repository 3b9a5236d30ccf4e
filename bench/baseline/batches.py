"""Padded batches of sentences, in the order in which they come.

A sentence of n words has n + 1 steps; the last one reads padding. Characters are one sequence a sentence.
Forward: word, separator, word, separator, ..., padding. Backward: padding, then the same from the end.
Shapes: T steps, C characters, B sentences.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ldnet.text.lexicon import END_TAG, SEPARATOR, SPECIAL_CHARACTERS, Lexicon

PAD, SEPARATOR_ID = 0, SPECIAL_CHARACTERS.index(SEPARATOR)
LM_UNKNOWN, LM_PAD = 0, 1  # the language models' <unk> and end of sentence


@dataclass(frozen=True)
class Encoded:
    """The ids of one sentence, looked up beforehand."""

    words: list[int]
    characters: list[list[int]]  # per word
    lm_words: list[int]
    tags: list[int]


@dataclass(frozen=True)
class Batch:
    """What one step reads."""

    words: Tensor  # (T, B)
    forward_characters: Tensor  # (C, B)
    backward_characters: Tensor  # (C, B)
    ends: Tensor  # (T, B): where a word's state stands in the forward characters
    starts: Tensor  # (T, B): and in the backward ones
    forward_lm: Tensor  # (T, B)
    backward_lm: Tensor  # (T, B)
    realigned: Tensor  # (T, B): the row of the reversed sequence that belongs to a step
    tags: Tensor  # (T, B); padding where unknown
    mask: Tensor  # (T, B), false after the last step
    lengths: list[int]  # words of each sentence


def look_up(words: Sequence[str], tags: Sequence[str], lexicon: Lexicon, lm_index: dict[str, int]) -> Encoded:
    """The ids of a sentence; `tags` may be empty."""
    return Encoded(
        words=[lexicon.word_id(word) for word in words],
        characters=[lexicon.character_ids(word) for word in words],
        lm_words=[lm_index.get(word, LM_UNKNOWN) for word in words],
        tags=[lexicon.tag_id(tag) for tag in tags],
    )


def make_batch(sentences: Sequence[Encoded], lexicon: Lexicon) -> Batch:
    """Pad `sentences` to the longest of them."""
    steps = max(len(sentence.words) for sentence in sentences) + 1
    end_tag = lexicon.tag_id(END_TAG)
    flat = [[number for word in s.characters for number in (*word, SEPARATOR_ID)] for s in sentences]
    characters = max(map(len, flat)) + 1
    return Batch(
        words=_pad([s.words for s in sentences], steps, PAD),
        forward_characters=_pad(flat, characters, PAD),
        backward_characters=_pad([[PAD, *row[::-1]] for row in flat], characters, PAD),
        ends=_pad([_ends(s) for s in sentences], steps, 0),
        starts=_pad([_starts(s) for s in sentences], steps, 0),
        forward_lm=_pad([s.lm_words for s in sentences], steps, LM_PAD),
        backward_lm=_pad([[LM_PAD, *s.lm_words[::-1]] for s in sentences], steps, LM_PAD),
        realigned=torch.stack([_mirror(len(s.words) + 1, steps) for s in sentences], 1),
        tags=_pad([s.tags for s in sentences], steps, end_tag),
        mask=torch.stack([torch.arange(steps) <= len(s.words) for s in sentences], 1),
        lengths=[len(s.words) for s in sentences],
    )


def _pad(rows: Sequence[Sequence[int]], length: int, value: int) -> Tensor:
    return torch.tensor([[*row, *[value] * (length - len(row))] for row in rows]).T.contiguous()


def _ends(sentence: Encoded) -> list[int]:
    """Forward: a word is the state at the separator after it, the last step the state at the padding."""
    ends, position = [], -1
    for word in sentence.characters:
        position += len(word) + 1
        ends.append(position)
    return [*ends, position + 1]


def _starts(sentence: Encoded) -> list[int]:
    """Backward: a word is the state at its first character, the last step the state at the padding, which is first."""
    starts, position = [0], 0
    for word in reversed(sentence.characters):
        position += len(word) + 1
        starts.append(position)
    return starts[::-1]


def _mirror(length: int, steps: int) -> Tensor:
    return torch.tensor([*range(length - 1, -1, -1), *range(length, steps)])
