"""The tagger's scores over packed sequences, in any precision for decoding.

One of three forward passes of the tagger; the others are `pipeline.tagger.model` for training and
`pipeline.exporting.onnx_graph` for ONNX. A change of one is a change of all; a test compares their scores.

Shapes: S places in all sentences of a batch, F what is read of the language models, P its projection, K tags.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ldnet.decoding.bulk_batches import BulkBatch
from ldnet.decoding.packed_lstm import Matrix, PackedDenseLSTM, PackedLayer, unit
from ldnet.decoding.packing import Numbers, Packing
from ldnet.decoding.precision import DecodingPrecision
from ldnet.decoding.weights import LSTMWeights, TaggerWeights, Tensors


class PackedBidirectionalLSTM:
    """One LSTM layer in each direction."""

    def __init__(self, tensors: Tensors, prefix: str, precision: DecodingPrecision, reading: DecodingPrecision):
        layers = [LSTMWeights.of(tensors, f"{prefix}.{side}") for side in ("from_left", "from_right")]
        self.directions = [PackedLayer(layer, layer.input.shape[1], precision, reading) for layer in layers]

    def run(self, tables: list[Tensor], rows: Numbers, packing: Packing) -> list[Tensor]:
        """The outputs of both directions in their packed orders, (S, H) each; see `PackedLayer.run`."""
        orders = (packing.from_left, packing.from_right)
        return [
            layer.run(table, _pack(rows, places), packing.running)
            for layer, table, places in zip(self.directions, tables, orders, strict=True)
        ]


class PackedTagger:
    """What `Tagger.emissions` computes with the features of the language models, which may be none."""

    def __init__(self, weights: TaggerWeights, precision: DecodingPrecision):
        tensors = {name: tensor.detach() for name, tensor in weights.tensors.items()}
        self.tensors = tensors
        self.characters = PackedBidirectionalLSTM(tensors, "character_rnn", precision, reading="float32")
        self.words = PackedBidirectionalLSTM(tensors, "word_rnn", precision, reading=precision)
        spelled = tensors["character_embedding.weight"]
        self.character_tables = [layer.table(spelled) for layer in self.characters.directions]
        self.character_projection = Matrix(tensors["character_projection.weight"], precision)
        self.embeddings: list[Tensor] = []  # of both language models
        if weights.language_models is not None:
            models = weights.language_models
            of_models = torch.split(tensors["lm_projection.weight"], [model.width for model in models], 1)
            self.embeddings = [model.embedding for model in models]
            self.stacks = [PackedDenseLSTM(*pair, precision) for pair in zip(models, of_models, strict=True)]

    @torch.no_grad()
    def emissions(self, batch: BulkBatch) -> Tensor:
        """Emission scores (S, K, float32)."""
        packing = Packing.of(batch.lengths)
        parts = [self._read_characters(batch)]
        if self.embeddings:
            parts.append(F.relu(self._read_language_models(batch, packing)))
        parts.append(self._embed(batch.word_ids)[torch.from_numpy(batch.rows)])
        inputs = torch.cat(parts, 1)
        tables = [layer.table(inputs) for layer in self.words.directions]
        left, right = self.words.run(tables, np.arange(len(batch.rows)), packing)
        states = _gather(left, packing.from_left, right, packing.from_right)
        states = states.float() / unit(states.dtype)
        return F.linear(states, self.tensors["crf.hidden2tag.weight"], self.tensors["crf.hidden2tag.bias"])

    def _embed(self, ids: Tensor) -> Tensor:
        """Word embeddings (R, word_dimension): rows of words that were trained, then of those with vectors only."""
        trained, fixed = self.tensors["word_embedding.trainable.weight"], self.tensors["word_embedding.fixed"]
        embedded = trained[ids.clamp(max=len(trained) - 1)]
        if not len(fixed):
            return embedded
        return torch.where((ids >= len(trained)).unsqueeze(-1), fixed[(ids - len(trained)).clamp(min=0)], embedded)

    def _read_characters(self, batch: BulkBatch) -> Tensor:
        """One vector per place, (S, word_dimension), from one character sequence over the whole sentence."""
        packing = Packing.of(batch.character_lengths)
        left, right = self.characters.run(self.character_tables, batch.characters, packing)
        states = _gather(left, packing.from_left[batch.ends], right, packing.from_right[batch.starts])
        return self.character_projection.product(states) + self.tensors["character_projection.bias"]

    def _read_language_models(self, batch: BulkBatch, packing: Packing) -> Tensor:
        """The projection (S, P) of both language models' features."""
        projected = self.tensors["lm_projection.bias"]
        orders = (packing.from_left, packing.from_right)
        for embedding, stack, places in zip(self.embeddings, self.stacks, orders, strict=True):
            output = stack(embedding[batch.tokens], _pack(batch.rows, places), packing.running)
            projected = projected + output[torch.from_numpy(places)]
        if (weight := self.tensors.get("lm_norm.weight")) is None:
            return projected
        return F.layer_norm(projected, weight.shape, weight, self.tensors["lm_norm.bias"])


def _pack(values: Numbers, places: Numbers) -> Numbers:
    """Values of all places (S) in their packed order."""
    packed = np.empty_like(values)
    packed[places] = values
    return packed


def _gather(left: Tensor, from_left: Numbers, right: Tensor, from_right: Numbers) -> Tensor:
    """Both directions' outputs at some places, (S, 2 H)."""
    return torch.cat([left[torch.from_numpy(from_left)], right[torch.from_numpy(from_right)]], 1)
