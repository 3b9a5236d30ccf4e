"""The weights of a finished tagger by the names they have in its files, as decoding takes them.

Shapes: H units of an LSTM layer, D width of its input.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

Tensors = Mapping[str, Tensor]


class LSTMWeights(NamedTuple):
    """One LSTM layer; rows in the order of torch's gates: input, forget, candidate, output."""

    input: Tensor  # (4 H, D)
    recurrent: Tensor  # (4 H, H)
    input_bias: Tensor  # (4 H)
    recurrent_bias: Tensor  # (4 H)

    @classmethod
    def of(cls, tensors: Tensors, prefix: str) -> "LSTMWeights":
        """The layer whose names begin with `prefix`."""
        kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return cls(*(tensors[f"{prefix}.{kind}_l0"].detach() for kind in kinds))


@dataclass(frozen=True, eq=False)
class LanguageModelWeights:
    """One direction: its word embedding and the layers of its dense stack."""

    embedding: Tensor  # (words, D)
    layers: list[LSTMWeights]

    @classmethod
    def of(cls, tensors: Tensors) -> "LanguageModelWeights":
        """What is needed of a language model's tensors."""
        layers: list[LSTMWeights] = []
        while f"rnn.layers.{len(layers)}.weight_ih_l0" in tensors:
            layers.append(LSTMWeights.of(tensors, f"rnn.layers.{len(layers)}"))
        return cls(tensors["embedding.weight"].detach(), layers)

    @property
    def width(self) -> int:
        """Of the representation: the embedding and the outputs of all layers."""
        return self.embedding.shape[1] + sum(layer.recurrent.shape[1] for layer in self.layers)


@dataclass(frozen=True, eq=False)
class TaggerWeights:
    """A tagger, and the forward and the backward language model that it reads; none of these for one without."""

    tensors: Tensors
    start_tag: int
    end_tag: int
    language_models: tuple[LanguageModelWeights, LanguageModelWeights] | None
    vocabulary: list[str]  # of the language models
