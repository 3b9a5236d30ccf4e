"""The tagger's scores over packed sequences, in any precision for decoding.

Shapes: S places in all sentences of a batch, F what is read of the language models, P its projection, K tags.
"""

import copy

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.language_model.features import BidirectionalLM
from pipeline.language_model.packed_lstm import (
    DecodingPrecision,
    Matrix,
    PackedDenseLSTM,
    PackedLayer,
    dense_dtype,
    unit,
)
from pipeline.language_model.packing import Numbers, Packing
from pipeline.tagger.bulk_batches import BulkBatch
from pipeline.tagger.model import BidirectionalLSTM, Tagger


class PackedBidirectionalLSTM:
    """One LSTM layer in each direction."""

    def __init__(self, rnn: BidirectionalLSTM, precision: DecodingPrecision):
        self.directions = [PackedLayer(lstm, lstm.input_size, precision) for lstm in (rnn.from_left, rnn.from_right)]

    def run(self, tables: list[Tensor], rows: Numbers, packing: Packing) -> list[Tensor]:
        """The outputs of both directions in their packed orders, (S, H) each; see `PackedLayer.run`."""
        orders = (packing.from_left, packing.from_right)
        return [
            layer.run(table, _pack(rows, places), packing.running)
            for layer, table, places in zip(self.directions, tables, orders, strict=True)
        ]


class PackedTagger:
    """What `Tagger.emissions` computes with the features of the language models, which may be none."""

    def __init__(self, tagger: Tagger, lm: BidirectionalLM | None, precision: DecodingPrecision):
        self.tagger, self.lm = copy.deepcopy(tagger).eval().requires_grad_(False), lm
        self.dense_dtype = dense_dtype(precision)
        self.characters = PackedBidirectionalLSTM(tagger.character_rnn, precision)
        self.words = PackedBidirectionalLSTM(tagger.word_rnn, precision)
        spelled = tagger.character_embedding.weight.detach()
        self.character_tables = [layer.table(spelled) for layer in self.characters.directions]
        self.character_projection = Matrix(tagger.character_projection.weight, precision)
        if lm is not None:
            weights = torch.split(tagger.lm_projection.weight, list(lm.widths), 1)
            stacks = (lm.forward_lm.rnn, lm.backward_lm.rnn)
            self.stacks = [PackedDenseLSTM(*pair, precision) for pair in zip(stacks, weights, strict=True)]

    @torch.no_grad()
    def emissions(self, batch: BulkBatch) -> Tensor:
        """Emission scores (S, K, float32)."""
        packing = Packing.of(batch.lengths)
        parts = [self._read_characters(batch)]
        if self.lm is not None:
            parts.append(F.relu(self._read_language_models(self.lm, batch, packing)))
        parts.append(self.tagger.word_embedding(batch.word_ids)[torch.from_numpy(batch.rows)])
        inputs = torch.cat(parts, 1).to(self.dense_dtype)
        tables = [layer.table(inputs) for layer in self.words.directions]
        left, right = self.words.run(tables, np.arange(len(batch.rows)), packing)
        states = _gather(left, packing.from_left, right, packing.from_right)
        return self.tagger.crf.emissions(states.float() / unit(states.dtype))

    def _read_characters(self, batch: BulkBatch) -> Tensor:
        """One vector per place, (S, word_dimension), from one character sequence over the whole sentence."""
        packing = Packing.of(batch.character_lengths)
        left, right = self.characters.run(self.character_tables, batch.characters, packing)
        states = _gather(left, packing.from_left[batch.ends], right, packing.from_right[batch.starts])
        return self.character_projection.product(states) + self.tagger.character_projection.bias

    def _read_language_models(self, lm: BidirectionalLM, batch: BulkBatch, packing: Packing) -> Tensor:
        """The projection (S, P) of both language models' features."""
        projected: Tensor = self.tagger.lm_projection.bias
        models, orders = (lm.forward_lm, lm.backward_lm), (packing.from_left, packing.from_right)
        for model, stack, places in zip(models, self.stacks, orders, strict=True):
            output = stack(model.embedding.weight[batch.tokens], _pack(batch.rows, places), packing.running)
            projected = projected + output[torch.from_numpy(places)]
        return projected


def _pack(values: Numbers, places: Numbers) -> Numbers:
    """Values of all places (S) in their packed order."""
    packed = np.empty_like(values)
    packed[places] = values
    return packed


def _gather(left: Tensor, from_left: Numbers, right: Tensor, from_right: Numbers) -> Tensor:
    """Both directions' outputs at some places, (S, 2 H)."""
    return torch.cat([left[torch.from_numpy(from_left)], right[torch.from_numpy(from_right)]], 1)
