"""Selection without training: every method keeps to the budget, leaves the tagger alone and tells dev F1."""

import pytest
import torch

from pipeline.features.contextual import BidirectionalLM, live_features
from pipeline.selection.exhaustive_search import exhaustive_search
from pipeline.selection.greedy_search import greedy_search
from pipeline.selection.importance import layer_importance
from pipeline.selection.masked_tagger import MaskedTagger
from pipeline.selection.methods import METHODS as SELECTION_METHODS
from pipeline.selection.selection import Selection, SelectionTask, gate_record
from pipeline.tagger.training import score_dev
from tests.factories import (
    WORDS,
    make_bidirectional_lm,
    make_data,
    make_language_model,
    make_select_params,
    make_tagger,
    make_tagger_params,
)

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
    assert (
        (record["epoch"], record["open_gates"]) == (0, max_layers)
        and record["gate_backward_2"] == gates[5]
        and "loss" not in record
    )
    assert selection.dev_f1 == score_dev(tagger, data, live_features(selection.lm, data.words, gates))
    untouched = make_tagger(data.lexicon, sum(selection.lm.widths)).state_dict()
    assert all(torch.equal(untouched[name], weight) for name, weight in tagger.state_dict().items())


def test_dev_f1_is_that_of_the_layers_kept() -> None:
    """By a tagger whose tags hang on the language models."""
    data, lm = make_data(train=4, dev=40), make_bidirectional_lm()
    tagger = make_tagger(data.lexicon, sum(lm.widths))
    with torch.no_grad():
        tagger.lm_projection.weight.normal_()
        tagger.crf.transitions.zero_()
        tagger.crf.hidden2tag.weight.mul_(20)
    task = SelectionTask(tagger, Selection.of(lm), data, make_select_params(max_layers=1), make_tagger_params(), 1)
    record = task.keep_most_important(torch.arange(6.0))
    gated, whole = (
        score_dev(tagger, data, live_features(lm, data.words, gates))
        for gates in (torch.tensor([0.0, 0.0, 0.0, 0.0, 0.0, 1.0]), torch.ones(6))
    )
    assert task.selection.dev_f1 == gated != whole and record["dev_f1"] == round(gated, 4)


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


def test_a_record_has_rounded_values() -> None:
    record = gate_record(12.345678, torch.tensor([1.0, 0.123456789, 0.0, 1.0]))
    assert record == {
        "dev_f1": 12.3457,
        "open_gates": 3,
        "gate_forward_0": 1.0,
        "gate_forward_1": 0.12346,
        "gate_backward_0": 0.0,
        "gate_backward_1": 1.0,
    }


def test_how_many_steps_gates_take() -> None:
    """41 sentences in groups of 2 batches of 8 are 3 groups, in each of 2 epochs."""
    data, lm = make_data(train=41, dev=1), make_bidirectional_lm()
    params = make_select_params(batches_per_gate_step=2, enforce_epoch=2)
    tagger = make_tagger(data.lexicon, sum(lm.widths))
    task = SelectionTask(tagger, Selection.of(lm), data, params, make_tagger_params(batch_sentences=8), 1)
    assert (task.gate_steps(), task.layers) == (6, 3)


def test_a_selection_begins_with_all_gates_open_and_nothing_reached() -> None:
    lm = BidirectionalLM(make_language_model(2, 1), make_language_model(3, 2), WORDS)
    selection = Selection.of(lm)
    assert selection.gates.tolist() == [1.0] * 5
    assert selection.progress == {"epoch": 0, "dev_f1": -1.0, "optimiser_epoch": None, "enforcement_epoch": None}
    assert selection.budget_reached_by == "method"
    selection.epoch = 1
    assert selection.budget_reached_by == "optimiser"
    selection.enforcement_epoch = 2
    assert selection.budget_reached_by == "optimiser", "what is kept met the budget before others were closed"
    selection.epoch = 2
    assert selection.budget_reached_by == "enforcement"


def test_layers_count_by_their_cost_where_asked() -> None:
    """Of either direction its own, forward first: 144 and 208, then 144, 208 and 272, of which the mean is 195.2."""
    data = make_data(train=1, dev=1)
    lm = BidirectionalLM(make_language_model(2, 1), make_language_model(3, 2), WORDS)
    tagger = make_tagger(data.lexicon, sum(lm.widths))
    found = [
        SelectionTask(tagger, Selection.of(lm), data, make_select_params(cost_weighted=cost), make_tagger_params(), 1)
        for cost in (False, True)
    ]
    weights = found[1].weights()
    assert found[0].weights() is None and weights is not None
    assert weights.tolist() == pytest.approx([macs / 195.2 for macs in (144, 208, 144, 208, 272)])
