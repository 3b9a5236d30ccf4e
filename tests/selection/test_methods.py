"""Selection without training: every method keeps to the budget, leaves the tagger alone and tells dev F1."""

import pytest
import torch

from pipeline.features.contextual import live_features
from pipeline.selection.exhaustive_search import exhaustive_search
from pipeline.selection.greedy_search import greedy_search
from pipeline.selection.importance import layer_importance
from pipeline.selection.masked_tagger import MaskedTagger
from pipeline.selection.methods import METHODS as SELECTION_METHODS
from pipeline.selection.selection import Selection, SelectionTask
from pipeline.tagger.training import score_dev
from tests.factories import make_bidirectional_lm, make_data, make_select_params, make_tagger, make_tagger_params

METHODS = ["importance", "first", "last", "random", "greedy", "exhaustive"]


def choose(method: str, **changes: object):  # type: ignore[no-untyped-def]
    data, lm = make_data(train=12, dev=12), make_bidirectional_lm()
    tagger = make_tagger(data.lexicon, sum(lm.widths))
    selection = Selection.of(lm)
    params = make_select_params(method=method, **changes)
    (record,) = SELECTION_METHODS[method](SelectionTask(tagger, selection, data, params, make_tagger_params(), 1))
    return tagger, selection, data, record


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("max_layers", [0, 1, 4])
def test_the_budget_is_used_and_the_tagger_stays(method: str, max_layers: int) -> None:
    tagger, selection, data, record = choose(method, max_layers=max_layers)
    gates = selection.gates.detach()
    assert sorted(gates.tolist()) == [0.0] * (6 - max_layers) + [1.0] * max_layers
    assert (selection.epoch, selection.budget_reached_by) == (0, "method")
    assert record["open_gates"] == max_layers and record["gate_backward_2"] == gates[5] and "loss" not in record
    assert selection.dev_f1 == score_dev(tagger, data, live_features(selection.lm, data.words, gates))
    untouched = make_tagger(data.lexicon, sum(selection.lm.widths)).state_dict()
    assert all(torch.equal(untouched[name], weight) for name, weight in tagger.state_dict().items())


def test_the_most_important_layers_are_kept() -> None:
    tagger, selection, data, _ = choose("importance")
    expected = layer_importance(tagger, selection.lm, data).topk(2).indices.sort().values
    assert torch.equal(selection.gates.detach().nonzero().flatten(), expected)


@pytest.mark.parametrize("method", ["greedy", "exhaustive"])
def test_what_a_search_finds_is_kept(method: str) -> None:
    tagger, selection, data, _ = choose(method)
    search = {"greedy": greedy_search, "exhaustive": exhaustive_search}[method]
    kept = search(MaskedTagger(tagger, selection.lm, data), 2)
    assert selection.gates.detach().nonzero().flatten().tolist() == [*kept[0], *(3 + layer for layer in kept[1])]


def test_another_seed_draws_other_layers() -> None:
    found = {tuple(choose("random", random_seed=seed)[1].gates.tolist()) for seed in range(1, 6)}
    assert len(found) > 1
