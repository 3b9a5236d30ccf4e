"""Batches for tagging in bulk: every different word of a batch is looked up and spelled once.

Every sentence has one place more than it has words, the closing one.
Shapes: N sentences, S places in all sentences, one sentence after the other, R different words, Q characters at all
places, T places of the longest sentence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain

import numpy as np
import torch
from torch import Tensor

from ldnet.decoding.packing import Numbers, places_within
from ldnet.text.lexicon import PADDING_ID, SEPARATOR_ID, WORD_CHARACTERS, Lexicon
from ldnet.text.lm_words import END_OF_SENTENCE_ID, LMVocabulary

REMEMBERED_WORDS = 1 << 18


@dataclass(frozen=True)
class BulkBatch:
    """Sentences by number. Row 0 of the different words is the closing place."""

    word_ids: Tensor  # (R)
    tokens: Tensor  # (R), of the language models; zeros without one
    rows: Numbers  # (S), which of the different words stands at each place
    lengths: Numbers  # (N), places
    characters: Numbers  # (Q)
    starts: Numbers  # (S), where the characters of each place start among all (Q), and
    ends: Numbers  # (S), where the last of them stands: the separator
    character_lengths: Numbers  # (N)

    @cached_property
    def sentence(self) -> Numbers:
        """Which sentence each place belongs to (S)."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    def pad(self, values: Tensor) -> Tensor:
        """Values of all places (S, ...) as (N, T, ...), zeros as padding."""
        padded = values.new_zeros(len(self.lengths), int(self.lengths.max()), *values.shape[1:])
        padded[torch.from_numpy(self.sentence), torch.from_numpy(places_within(self.lengths))] = values
        return padded


class BulkEncoder:
    """Looks words up, and remembers those it has seen."""

    def __init__(self, lexicon: Lexicon, vocabulary: Sequence[str]):
        """`vocabulary` are the language models' words; it is empty for a tagger without."""
        self.lexicon, self.lm_vocabulary = lexicon, LMVocabulary(vocabulary) if vocabulary else None
        self._remembered = lru_cache(REMEMBERED_WORDS)(self._look_up)

    def encode(self, sentences: Sequence[Sequence[str]]) -> BulkBatch:
        """One batch."""
        numbers: dict[str | None, int] = {None: 0}
        rows = np.array([numbers.setdefault(word, len(numbers)) for words in sentences for word in (*words, None)])
        found = [self._find(word) for word in numbers]
        spellings = [spelling for _, _, spelling in found]
        spelled = np.array([len(spelling) for spelling in spellings])
        pool = np.array(list(chain.from_iterable(spellings)))
        lengths = np.array([len(words) + 1 for words in sentences])
        characters = spelled[rows]  # how many at each place
        ends = np.cumsum(characters) - 1
        return BulkBatch(
            word_ids=torch.tensor([word for word, _, _ in found]),
            tokens=torch.tensor([token for _, token, _ in found]),
            rows=rows,
            lengths=lengths,
            characters=pool[np.repeat((np.cumsum(spelled) - spelled)[rows], characters) + places_within(characters)],
            starts=ends - characters + 1,
            ends=ends,
            character_lengths=np.add.reduceat(characters, np.cumsum(lengths) - lengths),
        )

    def _find(self, word: str | None) -> tuple[int, int, list[int]]:
        """What `_look_up` finds; it is remembered for words of usual length, so that what is kept has a bound."""
        usual = word is None or len(word) <= WORD_CHARACTERS
        return self._remembered(word) if usual else self._look_up(word)

    def _look_up(self, word: str | None) -> tuple[int, int, list[int]]:
        """Word id, token of the language models, and characters with the separator; None is the closing place."""
        if word is None:
            return PADDING_ID, END_OF_SENTENCE_ID, [PADDING_ID]
        token = self.lm_vocabulary.token(word) if self.lm_vocabulary else 0
        return self.lexicon.word_id(word), token, [*self.lexicon.character_ids(word), SEPARATOR_ID]
