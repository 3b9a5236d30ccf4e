"""The lexicon: everything the tagger knows by number (words, characters, tags), and the words' pretrained vectors."""

import re
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from ldnet.errors import InputError, StageFileError
from ldnet.files import JsonObject, write_bytes, write_json
from ldnet.limits import MOST_CHARACTERS
from ldnet.printable import HALF_CHARACTER, quoted, reason, shortened

PADDING, UNKNOWN, SEPARATOR = "<pad>", "<unk>", " "
SPECIAL_WORDS = [PADDING, UNKNOWN]
SPECIAL_CHARACTERS = [PADDING, UNKNOWN, SEPARATOR]
START_TAG, END_TAG = "<s>", "<eof>"
# Types may have blanks in them. A line end or a tab would make other columns of what is tagged.
TAG = re.compile(r"O|[BIES]-[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
PADDING_ID, UNKNOWN_ID = 0, 1  # of words and characters
SEPARATOR_ID = SPECIAL_CHARACTERS.index(SEPARATOR)
DIGITS_AS_ZERO = str.maketrans("123456789", "0" * 9)
WORD_CHARACTERS = 128  # of a longer word the first and the last 64 are read; the longest of the CoNLL sets has 61


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
        form = lexicon_form(word, self._word_ids, self.digits_as_zero)
        return self._word_ids.get(form, UNKNOWN_ID)

    def character_ids(self, word: str) -> list[int]:
        """The ids of the word's characters, <unk> for those not seen in training; at most WORD_CHARACTERS of them."""
        if len(word) > WORD_CHARACTERS:
            word = word[: WORD_CHARACTERS // 2] + word[-WORD_CHARACTERS // 2 :]
        return [self._character_ids.get(character, UNKNOWN_ID) for character in word]

    def tag_id(self, tag: str) -> int:
        """The id of an IOBES tag. Raises InputError for one not seen in training (dev and test may have such tags)."""
        if tag not in self._tag_ids:
            raise InputError(f"tag {quoted(tag)} does not occur in the training data")
        return self._tag_ids[tag]

    def tag_names(self, path: Sequence[int]) -> list[str]:
        """Tags of a decoded path. The CRF's own `<s>` and `<eof>`, which an untrained one may choose, count as O."""
        own = {START_TAG, END_TAG}
        return ["O" if self.tags[tag] in own else self.tags[tag] for tag in path]

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
        """Write lexicon.json and vectors.safetensors. Raises InputError for lists that `load` would refuse."""
        _check_lists(folder / "lexicon.json", self.words, self.characters, self.tags)
        lists = {"words": self.words, "characters": self.characters, "tags": self.tags}
        look_up = {"trainable_words": self.trainable_words, "digits_as_zero": self.digits_as_zero}
        write_json(folder / "lexicon.json", {**lists, **look_up})
        tensors: dict[str, NDArray[Any]] = {"vectors": self.vectors, "has_vector": self.has_vector}
        write_bytes(folder / "vectors.safetensors", safetensors.numpy.save(tensors))

    @classmethod
    def load(cls, folder: Path) -> "Lexicon":
        """Read what `save` wrote. Raises InputError if a file is missing or damaged, or if they do not fit together."""
        lists, path = JsonObject.read(folder / "lexicon.json"), folder / "vectors.safetensors"
        if not path.is_file():
            raise StageFileError(f"{path}: no such file", "run the stage that writes it (`dvc repro prepare_conll`)")
        words, characters, tags = map(lists.texts, ("words", "characters", "tags"))
        _check_lists(lists.path, words, characters, tags)
        if HALF_CHARACTER.search("".join(words)):
            halved = next(filter(HALF_CHARACTER.search, words))
            raise InputError(f"{lists.path}: words: expected whole characters, found {quoted(halved)}")
        vectors, has_vector = _read_vectors(path, len(words))
        return cls(
            words=words,
            characters=characters,
            tags=tags,
            trainable_words=lists.whole("trainable_words", 1, len(words) + 1),
            vectors=vectors,
            has_vector=has_vector,
            digits_as_zero=lists.truth("digits_as_zero", default=False),  # came later than the others
        )


def _check_lists(path: Path, words: Sequence[str], characters: Sequence[str], tags: Sequence[str]) -> None:
    """Raise InputError unless special words and characters come first, where their ids are taken to be, nothing comes
    twice (but words that are written as special ones), there are not too many characters, and the tags are IOBES, or
    the CRF's own."""
    for key, items, special in (("words", words, SPECIAL_WORDS), ("characters", characters, SPECIAL_CHARACTERS)):
        if (first := items[: len(special)]) != special:
            raise InputError(f"{path}: {key}: expected {special} as the first, found {shortened(str(first))}")
    if len(characters) > MOST_CHARACTERS:
        raise InputError(f"{path}: characters: {len(characters):,} of them; at most {MOST_CHARACTERS:,} are allowed")
    own = words[len(SPECIAL_WORDS) :], characters[len(SPECIAL_CHARACTERS) :], tags
    for key, listed in zip(("words", "characters", "tags"), own, strict=True):
        if len(set(listed)) < len(listed):
            twice = next(item for item, number in Counter(listed).items() if number > 1)
            raise InputError(f"{path}: {key}: expected each once, found {quoted(twice)} twice")
    for tag in tags:
        if tag not in (START_TAG, END_TAG) and not TAG.fullmatch(tag):
            expected = "O, or B-, I-, E- or S- and a type without control characters"
            raise InputError(f"{path}: tags: expected {expected}, found {quoted(tag)}")


def _read_vectors(path: Path, words: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """The vectors of so many words, and which words have one. Neither is read before both shapes are known to fit."""
    try:
        with safe_open(path, framework="numpy") as file:
            vectors, has_vector = file.get_slice("vectors"), file.get_slice("has_vector")
            shape, of_marks = vectors.get_shape(), has_vector.get_shape()
            kinds = (vectors.get_dtype(), has_vector.get_dtype())
            if kinds != ("F32", "U8") or len(shape) != 2 or shape[0] != words or of_marks != [words]:
                raise InputError(
                    f"{path}: expected float32 vectors of {words} words, found {kinds[0]} of shape {tuple(shape)}, "
                    f"and in uint8 which have one, found {kinds[1]} of shape {tuple(of_marks)}"
                )
            return file.get_tensor("vectors"), file.get_tensor("has_vector")
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: expected tensors `vectors` and `has_vector`: {reason(error)}") from None


def _numbers(items: Sequence[str], start: int) -> dict[str, int]:
    return {item: number for number, item in enumerate(items) if number >= start}


def lexicon_form(word: str, known: Container[str], digits_as_zero: bool) -> str:
    """The first form of the word that is known, else the last one: as it is written, lower-cased, with 0 for digits."""
    if word in known:
        return word
    form = word.lower()
    return form.translate(DIGITS_AS_ZERO) if digits_as_zero and form not in known else form
