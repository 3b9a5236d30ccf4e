"""The shapes that the configurations of a finished tagger promise for its weights, checked before they are used.

Configurations are read key by key: keys that decoding does not need, or that a later release adds, do not matter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from ldnet.errors import InputError
from ldnet.files import JsonObject
from ldnet.limits import MOST_LAYERS, MOST_WIDTH
from ldnet.printable import reason

Shapes = dict[str, tuple[int, ...]]
WEIGHTS, CONFIG = "weights.safetensors", "config.json"
# Larger ones overflow on the way to scores, which int8 would not show.
MOST_WEIGHT = 1e6
_KINDS = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}


@dataclass(frozen=True, kw_only=True)
class TaggerShape:
    """How large a tagger's layers are; `lm_features` is the width of what it reads of language models, 0 for none."""

    words: int
    trainable_words: int
    characters: int
    tags: int
    start_tag: int
    end_tag: int
    word_dimension: int
    character_dimension: int
    character_units: int
    word_units: int
    lm_features: int
    lm_norm: bool

    @classmethod
    def read(cls, path: Path) -> "TaggerShape":
        """What the file says. Raises InputError."""
        config = JsonObject.read(path)
        widths = ("tags", "word_dimension", "character_dimension", "character_units", "word_units")
        words = config.whole("words", 1)
        return cls(
            words=words,
            trainable_words=config.whole("trainable_words", 1, words + 1),
            characters=config.whole("characters", 1),
            lm_features=config.whole("lm_features"),
            lm_norm=config.truth("lm_norm", False),
            start_tag=config.whole("start_tag", 0, config.whole("tags", 1)),
            end_tag=config.whole("end_tag", 0, config.whole("tags", 1)),
            **{width: config.whole(width, 1, MOST_WIDTH + 1) for width in widths},
        )

    def shapes(self) -> Shapes:
        """Of the tensors that decoding reads."""
        width = self.word_dimension
        projected = {"lm_projection.weight": (width, self.lm_features), "lm_projection.bias": (width,)}
        norm = {"lm_norm.weight": (width,), "lm_norm.bias": (width,)}
        return {
            "character_embedding.weight": (self.characters, self.character_dimension),
            **_bidirectional("character_rnn", self.character_dimension, self.character_units),
            "character_projection.weight": (width, 2 * self.character_units),
            "character_projection.bias": (width,),
            "word_embedding.trainable.weight": (self.trainable_words, width),
            "word_embedding.fixed": (self.words - self.trainable_words, width),
            **(projected if self.lm_features else {}),
            **(norm if self.lm_norm else {}),
            **_bidirectional("word_rnn", (3 if self.lm_features else 2) * width, self.word_units),
            "crf.hidden2tag.weight": (self.tags, 2 * self.word_units),
            "crf.hidden2tag.bias": (self.tags,),
            "crf.transitions": (self.tags, self.tags),
        }


@dataclass(frozen=True, kw_only=True)
class LanguageModelShape:
    """How large a language model is, without its softmax."""

    vocabulary_size: int
    embedding: int
    units: int
    layers: int

    @classmethod
    def read(cls, path: Path) -> "LanguageModelShape":
        """What the file says. Raises InputError."""
        config = JsonObject.read(path)
        return cls(
            vocabulary_size=config.whole("vocabulary_size", 1),
            embedding=config.whole("embedding", 1, MOST_WIDTH + 1),
            units=config.whole("units", 1, MOST_WIDTH + 1),
            layers=config.whole("layers", 0, MOST_LAYERS + 1),
        )

    @property
    def width(self) -> int:
        """Of the representation: the embedding and the outputs of all layers."""
        return self.embedding + self.layers * self.units

    def shapes(self) -> Shapes:
        """Of the tensors that decoding reads."""
        shapes: Shapes = {"embedding.weight": (self.vocabulary_size, self.embedding)}
        for layer in range(self.layers):
            shapes |= _lstm(f"rnn.layers.{layer}", self.embedding + layer * self.units, self.units)
        return shapes


def _lstm(name: str, width: int, units: int) -> Shapes:
    return {
        f"{name}.weight_ih_l0": (4 * units, width),
        f"{name}.weight_hh_l0": (4 * units, units),
        f"{name}.bias_ih_l0": (4 * units,),
        f"{name}.bias_hh_l0": (4 * units,),
    }


def _bidirectional(name: str, width: int, units: int) -> Shapes:
    return {**_lstm(f"{name}.from_left", width, units), **_lstm(f"{name}.from_right", width, units)}


def load_tensors(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """These tensors of the file, which may have more. Raises InputError for one that is not float32 of this shape,
    or not finite.

    Nothing is read before all shapes are known to be right.
    """
    try:
        with safe_open(path, framework="pt") as file:
            names = set(file.keys())
            for name, shape in shapes.items():
                if name not in names:
                    expected = f"expected one of shape {shape}, as {CONFIG} says"
                    raise InputError(f"{path}: {name}: no such tensor; {expected}")
                found = file.get_slice(name)
                if tuple(found.get_shape()) != shape or found.get_dtype() != "F32":
                    raise InputError(
                        f"{path}: {name}: expected float32 of shape {shape}, as {CONFIG} says, found "
                        f"{_KINDS.get(found.get_dtype(), found.get_dtype())} of shape {tuple(found.get_shape())}"
                    )
            tensors = {name: file.get_tensor(name) for name in shapes}
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: not a file of safetensors: {reason(error)}") from None
    if wrong := [name for name, tensor in tensors.items() if not tensor.isfinite().all()]:
        raise InputError(f"{path}: {wrong[0]}: expected finite numbers, found nan or infinity")
    if wrong := [name for name, tensor in tensors.items() if (tensor.abs() > MOST_WEIGHT).any()]:
        found = tensors[wrong[0]].abs().max().item()
        raise InputError(f"{path}: {wrong[0]}: expected numbers up to {MOST_WEIGHT:,.0f}, found {found:.3g}")
    return tensors
