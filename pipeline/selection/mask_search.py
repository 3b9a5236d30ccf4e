"""Search for the layers to keep by the dev F1 of the full tagger with all others closed; nothing is trained.

The two language models do not read each other, and the tagger reads both through one linear projection. So what a
direction adds to the projection is computed once for a set of its layers; scoring a pair of sets takes an addition and
a decoding. A set is given by its layers, increasing. Shapes: T steps, B sentences, P width of the projection.
"""

import itertools
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from pipeline.features.contextual import BidirectionalLM, pad_tokens
from pipeline.tagger.batches import collate, sorted_batches
from pipeline.tagger.model import Tagger
from pipeline.tagger.scoring import span_scores
from pipeline.tagger.training import DECODING_BATCH_SENTENCES, TaggingData

Layers = tuple[int, ...]
Pair = tuple[Layers, Layers]  # of the forward and of the backward model
Projected = list[Tensor]  # what a direction adds to the projection: (T, B, P) for each batch of dev


class MaskedTagger:
    """A tagger on dev, some of its language models' layers closed."""

    def __init__(self, tagger: Tagger, lm: BidirectionalLM, data: TaggingData):
        self.tagger, self.lm, self.data = tagger.eval(), lm, data
        self.weights = torch.split(tagger.lm_projection.weight, list(lm.widths), 1)
        self.indices = sorted_batches(data.dev, DECODING_BATCH_SENTENCES)
        self.batches = [collate([data.encoded_dev[index] for index in batch]) for batch in self.indices]
        self.tokens = [
            pad_tokens([lm.known.encode(data.dev[index].words) for index in batch]) for batch in self.indices
        ]
        self.layers = len(lm.forward_lm.rnn.layers)  # of each direction

    @torch.no_grad()
    def project(self, direction: int, kept: Layers) -> Projected:
        """What the forward (0) or the backward (1) model adds to the projection with these layers open."""
        gates = torch.zeros(2, self.layers)  # those of the other model are closed: it computes nothing
        gates[direction, list(kept)] = 1.0
        own = (slice(None, self.lm.widths[0]), slice(self.lm.widths[0], None))[direction]
        return [
            F.linear(self.lm(*tokens, gates.unbind())[..., own].float(), self.weights[direction])
            for tokens in self.tokens
        ]

    @torch.no_grad()
    def dev_f1(self, from_left: Projected, from_right: Projected) -> float:
        """Span F1 on dev, in percent."""
        predicted: list[list[str]] = [[] for _ in self.data.dev]
        for indices, batch, left, right in zip(self.indices, self.batches, from_left, from_right, strict=True):
            emissions = self.tagger.score(batch, left + right + self.tagger.lm_projection.bias)
            for index, path in zip(indices, self.tagger.crf.decode(emissions, batch.lengths), strict=True):
                predicted[index] = self.data.lexicon.tag_names(path)
        return span_scores([sentence.tags for sentence in self.data.dev], predicted)[0]


def exhaustive_search(masked: MaskedTagger, max_layers: int) -> Pair:
    """The best of all pairs of sets with `max_layers` layers together; of equally good ones, that of the lowest layers.

    The backward model's projections of all its sets are kept in memory, a number for each word of dev and unit of P.
    """
    sets = [kept for size in range(max_layers + 1) for kept in itertools.combinations(range(masked.layers), size)]
    from_right = {kept: masked.project(1, kept) for kept in sets}
    scored: list[tuple[float, int, Pair]] = []
    with tqdm(desc="scoring sets of layers", unit=" sets", disable=None) as progress:
        for forward_kept in sets:
            from_left = masked.project(0, forward_kept)
            for backward_kept in (kept for kept in sets if len(kept) == max_layers - len(forward_kept)):
                pair = (forward_kept, backward_kept)
                f1 = masked.dev_f1(from_left, from_right[backward_kept])
                scored.append((-f1, sum(map(sum, pair)), pair))
                progress.update()
    return min(scored)[2]


def greedy_search(masked: MaskedTagger, max_layers: int) -> Pair:
    """From all layers on, leave out the one that dev F1 misses least, until `max_layers` are left.

    Of equally good ones, the later layer of its direction goes first; after that, the forward one.
    """
    everything = tuple(range(masked.layers))
    kept = [everything, everything]
    current = [masked.project(direction, everything) for direction in (0, 1)]
    without: dict[tuple[int, int], Projected] = {}  # by direction and layer; of use until the direction loses a layer
    with tqdm(desc="leaving out layers", unit=" sets", disable=None) as progress:
        while sum(map(len, kept)) > max_layers:
            scored = []
            for direction, layer in _candidates(kept):
                if (direction, layer) not in without:
                    without[direction, layer] = masked.project(direction, _less(kept[direction], layer))
                pair = [*current]
                pair[direction] = without[direction, layer]
                scored.append((-masked.dev_f1(*pair), -layer, direction))
                progress.update()
            _, negative_layer, direction = min(scored)
            current[direction] = without[direction, -negative_layer]
            kept[direction] = _less(kept[direction], -negative_layer)
            without = {key: projected for key, projected in without.items() if key[0] != direction}
    return kept[0], kept[1]


def _candidates(kept: list[Layers]) -> Iterator[tuple[int, int]]:
    return ((direction, layer) for direction in (0, 1) for layer in kept[direction])


def _less(kept: Layers, layer: int) -> Layers:
    return tuple(other for other in kept if other != layer)
