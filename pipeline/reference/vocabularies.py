"""Vocabularies of the paper's released code, and weights renumbered to ours.

That code numbers words, characters and tags in maps: `flm_map` and `blm_map` (words of the language models), `gw_map`
(lower-cased words of the tagger), `c_map` and `y_map`. Here `<unk>`, padding and the like have fixed numbers, and both
language models share one vocabulary; so rows of weights change places. What the models compute stays the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from ldnet.errors import InputError
from ldnet.files import read_json
from ldnet.text.lexicon import END_TAG, PADDING, SEPARATOR, START_TAG, Lexicon
from ldnet.text.lm_words import END_OF_SENTENCE, UNKNOWN
from pipeline.reference.models import softmax_bounds
from pipeline.reference.released_weights import Checkpoint

WordNumbers = Mapping[str, int]
LM_MAPS = {"forward": "flm_map", "backward": "blm_map"}
WORD_PADDING, CHARACTER_PADDING = "<\n>", "\n"
# What the released code looks up by name in each map.
REQUIRED = {
    "flm_map": (UNKNOWN, END_OF_SENTENCE),
    "blm_map": (UNKNOWN, END_OF_SENTENCE),
    "gw_map": (UNKNOWN, WORD_PADDING),
    "c_map": (UNKNOWN, SEPARATOR, CHARACTER_PADDING),
    "y_map": (START_TAG, END_TAG),
}


@dataclass(frozen=True)
class Maps:
    """The maps of a file, unchecked, and the file's name for error messages."""

    source: str
    content: Mapping[str, object]

    def numbers(self, name: str, rows: int) -> WordNumbers:
        """One map. Raises InputError if it is missing, lacks a required entry or numbers rows that the weights lack."""
        numbers = self.content.get(name)
        place = f"{self.source}: {name}"
        if not isinstance(numbers, dict) or not all(isinstance(number, int) for number in numbers.values()):
            raise InputError(f"{place}: expected a dictionary of numbers by entry")
        missing = [entry for entry in REQUIRED[name] if entry not in numbers]
        if missing:
            raise InputError(f"{place}: no {missing[0]!r}; expected {', '.join(map(repr, REQUIRED[name]))} in it")
        for entry, number in numbers.items():
            if not 0 <= number < rows:
                raise InputError(f"{place}: {entry!r} has number {number}; expected 0 to {rows - 1}, the weights' rows")
        return numbers


def read_maps(path: Path | None, tagger: Checkpoint | None) -> Maps | None:
    """The maps of a JSON file, else those that the tagger's file carries, else None."""
    if path is not None:
        content = read_json(path)
        if not isinstance(content, dict):
            raise InputError(
                f"{path}: expected an object with flm_map, blm_map and, for a tagger, gw_map, c_map, y_map"
            )
        return Maps(str(path), content)
    if tagger is not None and REQUIRED.keys() & tagger.others.keys():
        return Maps(tagger.source, tagger.others)
    return None


def joint_vocabulary(forward: WordNumbers, backward: WordNumbers) -> list[str]:
    """Our vocabulary for both language models: `<unk>`, end of sentence, the forward model's words, the others."""
    words = dict.fromkeys([UNKNOWN, END_OF_SENTENCE, *sorted(forward, key=forward.__getitem__)])
    return list(words | dict.fromkeys(sorted(backward, key=backward.__getitem__)))


def renumber_embedding(checkpoint: Checkpoint, name: str, rows: Sequence[int]) -> Checkpoint:
    """Row i of this tensor becomes what was row `rows[i]`."""
    return checkpoint.replace({name: checkpoint.tensor(name)[torch.tensor(rows)]})


def language_model_rows(vocabulary: Sequence[str], numbers: WordNumbers) -> list[int]:
    """The number that each word of our vocabulary has there; a word that only the other model knows is its `<unk>`."""
    return [numbers.get(word, numbers[UNKNOWN]) for word in vocabulary]


def renumber_softmax(checkpoint: Checkpoint, rows: Sequence[int]) -> Checkpoint:
    """Reorder the words of the adaptive softmax. Raises InputError if a word would have to change its cluster."""
    bounds, (words, _) = softmax_bounds(checkpoint), checkpoint.sizes("word_embed.weight")
    if sorted(rows) != list(range(words)):
        raise InputError(
            f"{checkpoint.source}: the maps do not number its {words} words, each once, in both directions"
        )
    rows = [*rows, *range(words, bounds[-1])]  # the word that is predicted, but never read
    head, changed = bounds[0], {}
    for start, end in pairwise([0, *bounds]):
        if not all(start <= row < end for row in rows[start:end]):
            raise InputError(
                f"{checkpoint.source}: numbers {start} to {end - 1} are one cluster of its softmax; expected the same "
                f"words there in both directions, and {UNKNOWN!r} and {END_OF_SENTENCE!r} in the first cluster"
            )
    for part in ("weight", "bias"):
        old = checkpoint.tensor(f"soft_max.head.{part}")
        changed[f"soft_max.head.{part}"] = torch.cat([old[torch.tensor(rows[:head])], old[head:]])
    for index, (start, end) in enumerate(pairwise(bounds)):
        name = f"soft_max.tail.{index}.1.weight"
        changed[name] = checkpoint.tensor(name)[torch.tensor(rows[start:end]) - start]
    return checkpoint.replace(changed)


def renumber_tagger(checkpoint: Checkpoint, maps: Maps) -> tuple[Checkpoint, Lexicon]:
    """The tagger's weights renumbered, and its lexicon.

    Words with capitals are left out: the released code looks words up in lower case only.
    """
    word_numbers = maps.numbers("gw_map", checkpoint.sizes("word_embed.weight")[0])
    character_numbers = maps.numbers("c_map", checkpoint.sizes("char_embed.weight")[0])
    words = [word for word in _by_number(word_numbers, "gw_map") if word == word.lower()]
    characters = _by_number(character_numbers, "c_map")
    for name, numbers, padding, entries in (
        ("word_embed.weight", word_numbers, WORD_PADDING, [UNKNOWN, *words]),
        ("char_embed.weight", character_numbers, CHARACTER_PADDING, [UNKNOWN, SEPARATOR, *characters]),
    ):
        checkpoint = renumber_embedding(checkpoint, name, [numbers[entry] for entry in (padding, *entries)])
    words = [PADDING, UNKNOWN, *words]
    lexicon = Lexicon(
        words=words,
        characters=[PADDING, UNKNOWN, SEPARATOR, *characters],
        tags=tags_by_number(maps, checkpoint.sizes("crf.transitions")[0]),
        trainable_words=len(words),
        vectors=np.zeros((len(words), 0), dtype=np.float32),
        has_vector=np.zeros(len(words), dtype=np.uint8),
    )
    return checkpoint, lexicon


def tags_by_number(maps: Maps, count: int) -> list[str]:
    """The tags by number. Raises InputError if they are not numbered from 0 to `count` - 1, each once."""
    numbers = maps.numbers("y_map", count)
    if sorted(numbers.values()) != list(range(count)):
        raise InputError(f"{maps.source}: y_map: expected each number from 0 to {count - 1} once")
    return sorted(numbers, key=numbers.__getitem__)


def _by_number(numbers: WordNumbers, name: str) -> list[str]:
    """The entries of a map but for those that the released code looks up by name."""
    return [entry for entry in sorted(numbers, key=numbers.__getitem__) if entry not in REQUIRED[name]]
