"""The dev F1 of the full tagger with any set of layers closed; nothing is trained.

The two language models do not read each other, and the tagger reads both through one linear projection. So what a
direction adds to the projection is computed once for a set of its layers; scoring a pair of sets takes an addition and
a decoding. A set is given by its layers, increasing. Shapes: T steps, B sentences, P width of the projection.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.features.contextual import BidirectionalLM, pad_tokens
from pipeline.tagger.batches import collate, sorted_batches
from pipeline.tagger.model import Tagger
from pipeline.tagger.tagging_data import TaggingData
from pipeline.tagger.training import DECODING_BATCH_SENTENCES, dev_f1_of

KeptLayers = tuple[int, ...]
Pair = tuple[KeptLayers, KeptLayers]  # of the forward and of the backward model
Projected = list[Tensor]  # what a direction adds to the projection: (T, B, P) for each batch of dev


class MaskedTagger:
    """A tagger on dev, some of its language models' layers closed."""

    def __init__(self, tagger: Tagger, lm: BidirectionalLM, data: TaggingData):
        self.tagger, self.lm, self.data = tagger.eval(), lm, data
        self.weights = torch.split(tagger.lm_projection.weight, list(lm.widths), 1)
        self.indices = sorted_batches(data.dev_windows, DECODING_BATCH_SENTENCES)
        self.batches = [collate([data.encoded_dev[index] for index in batch]) for batch in self.indices]
        self.tokens = [
            pad_tokens([lm.known.encode(data.dev_windows[index].words) for index in batch]) for batch in self.indices
        ]
        self.layers = len(lm.forward_lm.rnn.layers)  # of each direction

    @torch.no_grad()
    def project(self, direction: int, kept: KeptLayers) -> Projected:
        """What the forward (0) or the backward (1) model adds to the projection with these layers open."""
        gates = torch.zeros(2, self.layers)  # the other model's are closed: it computes nothing
        gates[direction, list(kept)] = 1.0
        own = (slice(None, self.lm.widths[0]), slice(self.lm.widths[0], None))[direction]
        return [
            F.linear(self.lm(*tokens, gates.unbind())[..., own].float(), self.weights[direction])
            for tokens in self.tokens
        ]

    @torch.no_grad()
    def dev_f1(self, from_left: Projected, from_right: Projected) -> float:
        """Span F1 on dev, in percent."""
        scored = (
            (indices, self.tagger.score(batch, left + right + self.tagger.lm_projection.bias), batch.lengths)
            for indices, batch, left, right in zip(self.indices, self.batches, from_left, from_right, strict=True)
        )
        return dev_f1_of(scored, self.tagger, self.data)


def importance_of(pair: Pair, layers: int) -> Tensor:
    """1 for the layers in the pair of sets, 0 for the others: (2 L)."""
    importance = torch.zeros(2, layers)
    for direction, kept in enumerate(pair):
        importance[direction, list(kept)] = 1.0
    return importance.flatten()
