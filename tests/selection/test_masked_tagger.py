"""The search over sets of layers against the plain way: gates in the language models, and all features at once."""

import itertools
import random
from typing import Any

import pytest
import torch

from pipeline.features.contextual import BidirectionalLM, live_features
from pipeline.selection.exhaustive_search import exhaustive_search
from pipeline.selection.greedy_search import greedy_search
from pipeline.selection.masked_tagger import KeptLayers, MaskedTagger, Pair
from pipeline.tagger.batches import collate
from pipeline.tagger.model import Tagger
from pipeline.tagger.tagging_data import TaggingData
from pipeline.tagger.training import score_dev
from tests.factories import make_bidirectional_lm, make_data, make_tagger

LAYERS = 3


@pytest.fixture(params=[0, 1])
def parts(request: pytest.FixtureRequest) -> tuple[Tagger, BidirectionalLM, TaggingData]:
    """A tagger whose tags hang on the language models."""
    data, lm = make_data(train=4, dev=40), make_bidirectional_lm(LAYERS)
    tagger = make_tagger(data.lexicon, sum(lm.widths), seed=request.param)
    with torch.no_grad():
        tagger.lm_projection.weight.normal_()
        tagger.crf.transitions.zero_()
        tagger.crf.hidden2tag.weight.mul_(20)
    return tagger, lm, data


def gates_of(pair: Pair) -> torch.Tensor:
    return torch.tensor([[float(layer in kept) for layer in range(LAYERS)] for kept in pair]).flatten()


def plain_f1(tagger: Tagger, lm: BidirectionalLM, data: TaggingData, pair: Pair) -> float:
    return score_dev(tagger, data, live_features(lm, data.words, gates_of(pair)))


def subsets() -> list[KeptLayers]:
    return [kept for size in range(LAYERS + 1) for kept in itertools.combinations(range(LAYERS), size)]


def test_projections_add_up_to_what_the_tagger_reads(parts: tuple[Tagger, BidirectionalLM, TaggingData]) -> None:
    tagger, lm, data = parts
    masked = MaskedTagger(tagger, lm, data)
    for pair in (((), ()), ((0, 2), (1,)), ((), (0, 1, 2)), ((0, 1, 2), (0, 1, 2))):
        features = live_features(lm, data.words, gates_of(pair))
        left, right = (masked.project(direction, kept) for direction, kept in enumerate(pair))
        for indices, batch, of_left, of_right in zip(masked.indices, masked.batches, left, right, strict=True):
            with torch.no_grad():
                whole = tagger.emissions(
                    collate([data.encoded_dev[index] for index in indices]), features([4 + index for index in indices])
                )
                found = tagger.score(batch, of_left + of_right + tagger.lm_projection.bias)
            torch.testing.assert_close(found, whole, rtol=1e-4, atol=1e-4)


def test_a_tagger_in_training_and_language_models_of_low_precision_are_scored_too(
    parts: tuple[Tagger, BidirectionalLM, TaggingData],
) -> None:
    tagger, lm, data = parts
    masked = MaskedTagger(tagger.train(), lm, data)
    high = masked.project(0, (0, 2))
    assert not tagger.training, "nothing is dropped"
    lm.compute_in("bfloat16")
    low = masked.project(0, (0, 2))
    assert all(of.dtype == torch.float32 and not of.requires_grad for of in low)
    torch.testing.assert_close(low, high, rtol=0.05, atol=0.05)
    assert masked.dev_f1(low, masked.project(1, (1,))) >= 0


@pytest.mark.parametrize("max_layers", [0, 2, 5, 6])
def test_the_exhaustive_search_finds_the_best_of_all(
    parts: tuple[Tagger, BidirectionalLM, TaggingData], max_layers: int
) -> None:
    pairs = [pair for pair in itertools.product(subsets(), subsets()) if sum(map(len, pair)) == max_layers]
    scores = {pair: plain_f1(*parts, pair) for pair in pairs}
    best = max(scores.values())
    lowest = min((sum(map(sum, pair)), pair) for pair in pairs if scores[pair] == best)[1]
    assert exhaustive_search(MaskedTagger(*parts), max_layers) == lowest
    assert max_layers != 2 or len(set(scores.values())) > 3, "the test must tell sets apart"


@pytest.mark.parametrize("max_layers", [0, 1, 2, 4])
def test_the_greedy_search_leaves_out_the_least_missed_layer(
    parts: tuple[Tagger, BidirectionalLM, TaggingData], max_layers: int
) -> None:
    kept: list[set[int]] = [set(range(LAYERS)), set(range(LAYERS))]
    while len(kept[0]) + len(kept[1]) > max_layers:
        best: tuple[float, int, int] | None = None
        for direction in (1, 0):  # of equal ones, the later layer goes, then the forward one
            for layer in sorted(kept[direction]):
                without = [set(kept[0]), set(kept[1])]
                without[direction].remove(layer)
                f1 = plain_f1(*parts, (tuple(sorted(without[0])), tuple(sorted(without[1]))))
                if best is None or f1 > best[0] or (f1 == best[0] and layer >= best[2]):
                    best = (f1, direction, layer)
        assert best is not None
        kept[best[1]].remove(best[2])
    assert greedy_search(MaskedTagger(*parts), max_layers) == (tuple(sorted(kept[0])), tuple(sorted(kept[1])))


class Table:
    """Stands in for a MaskedTagger: any F1 for any two sets of layers, many of them equal."""

    layers = LAYERS

    def __init__(self, seed: int):
        rng = random.Random(seed)
        self.scores = {pair: rng.randrange(8) for pair in itertools.product(subsets(), subsets())}

    def project(self, direction: int, kept: KeptLayers) -> tuple[int, KeptLayers]:
        return direction, kept

    def dev_f1(self, from_left: tuple[int, KeptLayers], from_right: tuple[int, KeptLayers]) -> float:
        assert (from_left[0], from_right[0]) == (0, 1)
        return self.scores[from_left[1], from_right[1]]


def test_searches_in_tables() -> None:
    """A step of the greedy search tries all sets with one layer less, computed anew."""
    for seed, max_layers in itertools.product(range(40), range(7)):
        table: Any = Table(seed)
        pairs = [pair for pair in table.scores if sum(map(len, pair)) == max_layers]
        best = max(table.scores[pair] for pair in pairs)
        lowest = min((sum(map(sum, pair)), pair) for pair in pairs if table.scores[pair] == best)[1]
        assert exhaustive_search(table, max_layers) == lowest
        kept: Pair = (tuple(range(LAYERS)), tuple(range(LAYERS)))
        while sum(map(len, kept)) > max_layers:
            less = []
            for direction, layer in itertools.product((0, 1), range(LAYERS)):
                if layer in kept[direction]:
                    left, right = (
                        tuple(other for other in of if (number, other) != (direction, layer))
                        for number, of in enumerate(kept)
                    )
                    less.append((table.scores[left, right], layer, -direction, (left, right)))
            kept = max(less)[3]
        assert greedy_search(table, max_layers) == kept
