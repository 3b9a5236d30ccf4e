"""The tagger's scores with recurrent layers in 8-bit integers, for decoding only.

Shapes: S places in all sentences of a batch, P what is read of the language models, K tags.
"""

import copy

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.language_model.fused_cell import LARGEST
from pipeline.language_model.int8 import Int8Layer, Int8Matrix
from pipeline.language_model.packing import Numbers, Packing
from pipeline.tagger.bulk_batches import BulkBatch
from pipeline.tagger.model import BidirectionalLSTM, Tagger


class Int8BidirectionalLSTM:
    """One LSTM layer in each direction over packed sequences."""

    def __init__(self, rnn: BidirectionalLSTM):
        self.directions = [Int8Layer(lstm, lstm.input_size) for lstm in (rnn.from_left, rnn.from_right)]

    def run(self, tables: list[Tensor], rows: Numbers, packing: Packing) -> list[Tensor]:
        """The outputs of both directions in their packed orders, (S, H) each; see `Int8Layer.run`."""
        return [
            _run(layer, table, rows, packing.running, places)
            for layer, table, places in zip(
                self.directions, tables, (packing.from_left, packing.from_right), strict=True
            )
        ]


def _run(layer: Int8Layer, table: Tensor, rows: Numbers, running: Numbers, places: Numbers) -> Tensor:
    packed = np.empty_like(rows)
    packed[places] = rows
    outputs = torch.empty(len(rows), layer.units, dtype=torch.int8)
    layer.run(table, packed, running, outputs[:, :0], outputs)
    return outputs


class Int8Tagger:
    """What `Tagger.score` computes, to the precision of 8-bit integers."""

    def __init__(self, tagger: Tagger):
        self.tagger = copy.deepcopy(tagger).eval().requires_grad_(False)
        self.characters = Int8BidirectionalLSTM(tagger.character_rnn)
        self.words = Int8BidirectionalLSTM(tagger.word_rnn)
        spelled = tagger.character_embedding.weight.detach()
        self.character_tables = [layer.table(spelled) for layer in self.characters.directions]
        self.character_projection = Int8Matrix.of(tagger.character_projection.weight.detach())

    @torch.no_grad()
    def score(self, batch: BulkBatch, packing: Packing, projected_lm: Tensor | None) -> Tensor:
        """Emission scores (S, K) from language-model features that are projected already, (S, P)."""
        parts = [self._read_characters(batch)]
        if projected_lm is not None:
            parts.append(F.relu(projected_lm))
        parts.append(self.tagger.word_embedding(batch.word_ids)[torch.from_numpy(batch.rows)])
        inputs = torch.cat(parts, 1).bfloat16()
        tables = [layer.table(inputs) for layer in self.words.directions]
        left, right = self.words.run(tables, np.arange(len(batch.rows)), packing)
        return self.tagger.crf.emissions(_gather(left, packing.from_left, right, packing.from_right).float() / LARGEST)

    def _read_characters(self, batch: BulkBatch) -> Tensor:
        """One vector per place, (S, word_dimension), from one character sequence over the whole sentence."""
        packing = Packing.of(batch.character_lengths)
        left, right = self.characters.run(self.character_tables, batch.characters, packing)
        states = _gather(left, packing.from_left[batch.ends], right, packing.from_right[batch.starts])
        return self.character_projection.product(states) + self.tagger.character_projection.bias


def _gather(left: Tensor, from_left: Numbers, right: Tensor, from_right: Numbers) -> Tensor:
    """Both directions' outputs at some places, (S, 2 H)."""
    return torch.cat([left[torch.from_numpy(from_left)], right[torch.from_numpy(from_right)]], 1)
