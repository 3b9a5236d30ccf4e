"""Selection holds the budget whatever the strength, says how, and the pruned tagger scores what the gated one did."""

import itertools
import random
from typing import Any, get_args

import pytest
import torch

from pipeline.execution.finite import DivergedError, NotFiniteError, Watch
from pipeline.features.contextual import live_features
from pipeline.params import Regulariser, SelectMethod
from pipeline.pruning.pruning import largest_score_difference, prune_bidirectional_lm, prune_tagger
from pipeline.selection import gated_training, hard_concrete
from pipeline.selection.budget import open_gates
from pipeline.selection.gated_training import _groups, _take_steps
from pipeline.selection.methods import METHODS
from pipeline.selection.regularised_gates import penalty
from pipeline.selection.selection import Selection, SelectionTask, split_directions
from pipeline.tagger.batches import collate
from pipeline.tagger.model import Tagger, configure
from pipeline.tagger.optimizer_steps import OptimizerSteps
from pipeline.tagger.training import score_dev
from tests.factories import make_bidirectional_lm, make_data, make_select_params, make_tagger, make_tagger_params


def select(**changes: object):  # type: ignore[no-untyped-def]
    data, lm = make_data(), make_bidirectional_lm()
    tagger = make_tagger(data.lexicon, sum(lm.widths))
    selection = Selection.of(lm)
    records = list(
        METHODS[make_select_params(**changes).method](
            SelectionTask(tagger, selection, data, make_select_params(**changes), make_tagger_params(), 1)
        )
    )
    return tagger, selection, data, records


@pytest.mark.parametrize("regulariser", get_args(Regulariser))
@pytest.mark.parametrize("max_layers", [0, 2, 6])
def test_the_budget_holds_without_any_penalty(regulariser: str, max_layers: int) -> None:
    _, selection, _, records = select(strength=0.0, regulariser=regulariser, max_layers=max_layers)
    assert open_gates(selection.gates) <= max_layers
    enforced = selection.enforcement_epoch is not None
    assert enforced == (max_layers < 6)
    assert (selection.optimiser_epoch is None) == enforced
    assert records[-1]["open_gates"] <= max_layers
    assert selection.epoch >= (2 if enforced else 1)


def test_a_strong_penalty_meets_the_budget_by_itself() -> None:
    _, selection, _, records = select(strength=5.0, regulariser="r1", max_layers=2, epochs=4, enforce_epoch=3)
    assert selection.enforcement_epoch is None and selection.optimiser_epoch is not None
    assert records[selection.optimiser_epoch - 1]["open_gates"] <= 2


def test_what_is_returned_is_the_best_epoch_within_the_budget() -> None:
    tagger, selection, data, records = select(strength=1.0)
    allowed = [record for record in records if record["open_gates"] <= 2]
    best = max(allowed, key=lambda record: record["dev_f1"])
    assert selection.epoch == best["epoch"]
    features = live_features(selection.lm, data.words, selection.gates.detach())
    assert score_dev(tagger, data, features) == pytest.approx(selection.dev_f1)
    assert round(float(selection.gates[0]), 5) == best["gate_forward_0"]


def test_gates_stay_in_bounds_and_rest_after_enforcement() -> None:
    _, _, _, records = select(gate_learning_rate=3.0)
    gates = [[value for name, value in record.items() if name.startswith("gate_")] for record in records]
    assert all(0.0 <= gate <= 1.0 for row in gates for gate in row)
    assert gates[1] == gates[2] == gates[3], "after enforce_epoch the gates rest"


def test_enforcement_keeps_the_gates_that_the_crf_loss_leans_on_most() -> None:
    """One batch an epoch, and a penalty that the importance must not see."""
    data, lm = make_data(train=8, dev=4), make_bidirectional_lm()
    tagging = make_tagger_params(dropout=0.0, lm_dropout=0.0, unknown_dropout=0.0)
    torch.manual_seed(0)
    tagger = Tagger(configure(tagging, data.lexicon, sum(lm.widths)))
    start = torch.tensor([1.0, 0.9, 0.8, 0.7, 0.6, 0.5])
    gates = start.clone().requires_grad_()
    tagger.train()(collate(data.encoded_train), live_features(lm, data.words, gates)(range(8))).backward()
    assert gates.grad is not None
    expected = (start * gates.grad).abs().topk(2).indices.sort().values

    params = make_select_params(strength=9.0, epochs=1, enforce_epoch=1, gate_learning_rate=1e-9, max_layers=2)
    selection = Selection(lm, torch.nn.Parameter(start.clone()))
    list(METHODS[params.method](SelectionTask(tagger, selection, data, params, tagging, 1)))
    assert torch.equal(selection.gates.detach().nonzero().flatten(), expected)
    assert selection.enforcement_epoch == 1


@pytest.mark.parametrize("regulariser", get_args(Regulariser))
def test_one_step_of_the_gates_by_hand(regulariser: Regulariser) -> None:
    """z <- clamp(z - rate * d(CRF loss + strength * R) / dz), from a start where the penalties differ."""
    data, lm = make_data(train=8, dev=4), make_bidirectional_lm()
    tagging = make_tagger_params(dropout=0.0, lm_dropout=0.0, unknown_dropout=0.0)
    torch.manual_seed(0)
    tagger = Tagger(configure(tagging, data.lexicon, sum(lm.widths)))
    start = torch.tensor([1.0, 0.9, 0.3, 0.5, 0.7, 0.2])
    gates = start.clone().requires_grad_()
    batch = collate(data.encoded_train)
    loss = tagger.train()(batch, live_features(lm, data.words, gates)(range(8)))
    (loss + 0.4 * penalty(regulariser, gates, 4)).backward()
    assert gates.grad is not None
    expected = (start - 0.1 * gates.grad).clamp(0.0, 1.0)

    params = make_select_params(
        strength=0.4, regulariser=regulariser, max_layers=4, epochs=1, enforce_epoch=1, gate_learning_rate=0.1
    )
    selection = Selection(lm, torch.nn.Parameter(start.clone()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.selection.gated_training.enforce_budget", lambda gates, importance, max_layers: None)
        patch.setattr("pipeline.selection.gated_training.open_gates", lambda gates: 0)  # so that the epoch is kept
        list(METHODS[params.method](SelectionTask(tagger, selection, data, params, tagging, 1)))
    torch.testing.assert_close(selection.gates.detach(), expected)


def test_a_step_of_cost_weighted_gates_by_hand() -> None:
    """The same, each layer's penalty weighted: 144, 208 and 272 multiply-accumulates, 208 in the mean."""
    data, lm = make_data(train=8, dev=4), make_bidirectional_lm()
    tagging = make_tagger_params(dropout=0.0, lm_dropout=0.0, unknown_dropout=0.0)
    torch.manual_seed(0)
    tagger = Tagger(configure(tagging, data.lexicon, sum(lm.widths)))
    start = torch.tensor([1.0, 0.9, 0.3, 0.5, 0.7, 0.2])
    gates = start.clone().requires_grad_()
    loss = tagger.train()(collate(data.encoded_train), live_features(lm, data.words, gates)(range(8)))
    weights = torch.tensor([144.0, 208.0, 272.0, 144.0, 208.0, 272.0]) / 208
    (loss + 0.4 * (weights * gates * (2 - gates)).sum()).backward()  # R3 above the budget: z + z (1 - z)
    assert gates.grad is not None
    expected = (start - 0.1 * gates.grad).clamp(0.0, 1.0)

    params = make_select_params(
        strength=0.4, cost_weighted=True, max_layers=4, epochs=1, enforce_epoch=1, gate_learning_rate=0.1
    )
    selection = Selection(lm, torch.nn.Parameter(start.clone()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.selection.gated_training.enforce_budget", lambda gates, importance, max_layers: None)
        patch.setattr("pipeline.selection.gated_training.open_gates", lambda gates: 0)
        list(METHODS[params.method](SelectionTask(tagger, selection, data, params, tagging, 1)))
    torch.testing.assert_close(selection.gates.detach(), expected)


@pytest.mark.parametrize("cost_weighted", [False, True])
@pytest.mark.parametrize("max_layers", [0, 2, 6])
def test_the_budget_holds_for_hard_concrete_gates(max_layers: int, cost_weighted: bool) -> None:
    _, selection, _, records = select(method="hard_concrete", max_layers=max_layers, cost_weighted=cost_weighted)
    assert open_gates(selection.gates) <= max_layers
    assert selection.budget_reached_by == ("optimiser" if selection.enforcement_epoch is None else "enforcement")
    gates = [[value for name, value in record.items() if name.startswith("gate_")] for record in records]
    assert all(0.0 <= gate <= 1.0 for row in gates for gate in row)
    assert gates[1] == gates[2] == gates[3], "after enforce_epoch the gates are deterministic and rest"


def test_hard_concrete_gates_meet_a_budget_by_themselves() -> None:
    _, selection, _, records = select(method="hard_concrete", max_layers=3, epochs=10, enforce_epoch=9)
    assert selection.optimiser_epoch is not None and selection.enforcement_epoch is None
    assert selection.budget_reached_by == "optimiser" and records[-1]["open_gates"] <= 3


def test_hard_concrete_gates_are_drawn_for_each_step_and_deterministic_on_dev(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[float]] = []
    live = live_features

    def spy(lm, words, gates):  # type: ignore[no-untyped-def]
        features = live(lm, words, gates)

        def watched(indices):  # type: ignore[no-untyped-def]
            seen.append(gates.tolist())
            return features(indices)

        return watched

    monkeypatch.setattr("pipeline.selection.gated_training.live_features", spy)
    _, _, _, records = select(method="hard_concrete", max_layers=6, epochs=2, enforce_epoch=1)
    steps = 5  # 40 sentences in batches of 8, and one batch of dev
    drawn, on_dev, resting = seen[:steps], seen[steps], seen[steps + 1 :]
    assert len({tuple(gates) for gates in drawn}) > 1 and on_dev != drawn[-1]
    assert [round(gate, 5) for gate in on_dev] == [value for name, value in records[0].items() if "gate_" in name]
    assert all(gates == on_dev for gates in resting)


def test_batches_that_share_a_gate_step_give_the_sum_of_their_gradients() -> None:
    """Against one batch after the other, at the gates of the group's start; the tagger hardly moves in between."""
    data, lm = make_data(train=32, dev=4), make_bidirectional_lm()
    tagging = make_tagger_params(dropout=0.0, lm_dropout=0.0, unknown_dropout=0.0, batch_sentences=5, clip_norm=1e9)
    torch.manual_seed(0)
    tagger = Tagger(configure(tagging, data.lexicon, sum(lm.widths)))
    gates = torch.full((6,), 0.8, requires_grad=True)
    order = list(range(32))
    mean_losses = [
        tagger.train()(
            collate([data.encoded_train[index] for index in batch]), live_features(lm, data.words, gates)(batch)
        )
        for batch in (order[start : start + 5] for start in range(0, 32, 5))
    ]
    (sum(mean_losses) + len(mean_losses) * 0.4 * penalty("r3", gates, 4)).backward()
    assert gates.grad is not None and len(mean_losses) == 7

    params = make_select_params(
        strength=0.4,
        max_layers=4,
        epochs=1,
        enforce_epoch=1,
        learning_rate=1e-9,
        gate_learning_rate=1e-3,
        batches_per_gate_step=7,
    )
    selection = Selection(lm, torch.nn.Parameter(torch.full((6,), 0.8)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.selection.gated_training.shuffled_batches", lambda sentences, size, rng: [order.copy()])
        patch.setattr("pipeline.selection.gated_training.random.Random.shuffle", lambda self, values: None)
        patch.setattr("pipeline.selection.gated_training.enforce_budget", lambda gates, importance, max_layers: None)
        patch.setattr("pipeline.selection.gated_training.open_gates", lambda gates: 0)
        list(METHODS[params.method](SelectionTask(tagger, selection, data, params, tagging, 1)))
    moved = (0.8 - selection.gates.detach()) / 1e-3
    torch.testing.assert_close(moved, gates.grad, rtol=1e-3, atol=1e-3)


def test_every_sentence_is_seen_once_an_epoch_in_groups() -> None:
    data = make_data(train=37)
    groups = _groups(data, random.Random(1), batch_sentences=4, batches=3)
    assert sorted(index for group in groups for batch in group for index in batch) == list(range(37))
    assert sorted(len(group) for group in groups) == [1, 3, 3, 3] and max(len(b) for g in groups for b in g) == 4
    lengths = [[len(data.train[index].words) for batch in group for index in batch] for group in groups]
    assert any(of_group != sorted(of_group) for of_group in lengths), "the batches of a group are random, too"
    in_order = sorted(lengths, key=lambda of_group: (min(of_group), max(of_group)))
    assert all(max(one) <= min(next_one) for one, next_one in itertools.pairwise(in_order)), (
        "groups are of like lengths"
    )


def test_random_numbers_are_those_of_the_seed_alone() -> None:
    found = []
    for seed in (1, 2):
        data, lm = make_data(), make_bidirectional_lm()
        task = SelectionTask(
            make_tagger(data.lexicon, sum(lm.widths)), Selection.of(lm), data, make_select_params(epochs=2),
            make_tagger_params(), 1,
        )  # fmt: skip
        torch.manual_seed(seed)
        random.seed(seed)
        found.append(list(METHODS[task.params.method](task)))
    assert found[0] == found[1]


def test_units_are_dropped_in_training_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The features of 5 batches are asked for in training, then those of one batch of dev."""
    seen: list[bool] = []
    live = live_features
    data, lm = make_data(), make_bidirectional_lm()
    tagger = make_tagger(data.lexicon, sum(lm.widths))

    def spy(lm, words, gates):  # type: ignore[no-untyped-def]
        features = live(lm, words, gates)
        return lambda indices: (seen.append(tagger.training), features(indices))[1]

    monkeypatch.setattr("pipeline.selection.gated_training.live_features", spy)
    params = make_select_params(epochs=2)
    list(METHODS[params.method](SelectionTask(tagger, Selection.of(lm), data, params, make_tagger_params(), 1)))
    assert seen == [True] * 5 + [False] + [True] * 5 + [False] and not tagger.training


def test_importance_and_loss_are_those_of_all_steps_of_the_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against one batch after the other; neither tagger nor gates move."""
    data, lm = make_data(train=32, dev=4), make_bidirectional_lm()
    tagging = make_tagger_params(dropout=0.0, lm_dropout=0.0, unknown_dropout=0.0, batch_sentences=5)
    torch.manual_seed(1)  # with 0, the loss is a whole number within what is asked
    tagger = Tagger(configure(tagging, data.lexicon, sum(lm.widths)))
    gates = torch.linspace(1.0, 0.5, 6).requires_grad_()
    order = list(range(32))
    expected, losses = torch.zeros(6), []
    for batch in (order[start : start + 5] for start in range(0, 32, 5)):
        features = live_features(lm, data.words, gates)(batch)
        loss = tagger.train()(collate([data.encoded_train[index] for index in batch]), features)
        (gradient,) = torch.autograd.grad(loss, [gates])
        expected += (gates.detach() * gradient).abs()
        losses.append(loss.item())
    seen: list[torch.Tensor] = []
    params = make_select_params(epochs=1, enforce_epoch=1, learning_rate=1e-9, gate_learning_rate=1e-9)
    selection = Selection(lm, torch.nn.Parameter(gates.detach().clone()))
    monkeypatch.setattr("pipeline.selection.gated_training.shuffled_batches", lambda *_: [
        order[start : start + 5] for start in range(0, 32, 5)
    ])  # fmt: skip
    monkeypatch.setattr("pipeline.selection.gated_training.random.Random.shuffle", lambda self, values: None)
    enforce = gated_training.enforce_budget
    monkeypatch.setattr(
        "pipeline.selection.gated_training.enforce_budget",
        lambda gates, importance, most: (seen.append(importance.clone()), enforce(gates, importance, most)),
    )
    (record,) = METHODS[params.method](SelectionTask(tagger, selection, data, params, tagging, 1))
    torch.testing.assert_close(seen[0], expected, rtol=1e-3, atol=1e-4)
    assert record["loss"] == pytest.approx(sum(losses) / 7, abs=1e-4) and record["loss"] == round(record["loss"], 5)


def test_the_best_epoch_is_kept_although_gates_and_tagger_move_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores on dev fall after the second epoch, in which the budget is met as in all others."""
    scores = iter([3.0, 4.0, 4.0, 1.0])
    monkeypatch.setattr("pipeline.selection.gated_training.score_dev", lambda *_: next(scores))
    data, lm = make_data(), make_bidirectional_lm()
    tagger = make_tagger(data.lexicon, sum(lm.widths))
    selection = Selection.of(lm)
    params = make_select_params(epochs=4, enforce_epoch=4, max_layers=6, strength=0.2, regulariser="r1")
    path = METHODS[params.method](SelectionTask(tagger, selection, data, params, make_tagger_params(), 1))
    next(path)
    next(path)
    gates = selection.gates.detach().clone()
    weights = {name: weight.clone() for name, weight in tagger.state_dict().items()}
    rest = list(path)
    assert (selection.epoch, selection.dev_f1, selection.optimiser_epoch) == (2, 4.0, 1)
    assert torch.equal(selection.gates, gates) and rest[-1]["gate_forward_0"] != round(float(gates[0]), 5)
    assert all(torch.equal(tagger.state_dict()[name], weight) for name, weight in weights.items())


def test_steps_of_the_tagger_are_those_of_a_plain_loop() -> None:
    """Adam on clipped gradients with a rate that falls to 0, batch by batch; the features' gradient is that of all."""
    data, lm = make_data(train=24, dev=1), make_bidirectional_lm()
    ours, plain = (make_tagger(data.lexicon, sum(lm.widths)) for _ in range(2))
    group = [[0, 1, 2], [3, 4], [5, 6, 7, 8]]
    optimizer, own = (torch.optim.Adam(tagger.parameters(), lr=0.05) for tagger in (plain, ours))
    steps = OptimizerSteps(ours, data, own, 0.5, 6, Watch(ours, "select.learning_rate"))
    gates = torch.full((6,), 0.8, requires_grad=True)
    for part in range(2):
        expected, rate = torch.zeros(6), []
        for number, indices in enumerate(group):
            optimizer.param_groups[0]["lr"] = 0.05 * (6 - 3 * part - number) / 6
            features = live_features(lm, data.words, gates)(indices)
            loss = plain(collate([data.encoded_train[index] for index in indices]), features)
            optimizer.zero_grad()
            loss.backward(inputs=[gates, *plain.parameters()])
            assert torch.nn.utils.clip_grad_norm_(plain.parameters(), 0.5) > 0.5, "clipping counts"
            optimizer.step()
            assert gates.grad is not None
            expected, gates.grad = expected + gates.grad, None
            rate.append(loss.item())
        features = live_features(lm, data.words, gates)([index for indices in group for index in indices])
        assert _take_steps(steps, group, features, "now") == pytest.approx(rate, rel=1e-3)
        torch.testing.assert_close(gates.grad, expected, rtol=1e-3, atol=1e-4)
        gates.grad = None
    for name, weight in plain.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], weight, rtol=1e-3, atol=1e-4)
    assert steps.schedule.get_last_lr() == [0.0]


@pytest.mark.parametrize(("train", "epochs", "steps"), [(40, 2, 10), (41, 3, 18)])
def test_the_rate_falls_over_all_steps(monkeypatch: pytest.MonkeyPatch, train: int, epochs: int, steps: int) -> None:
    """Batches of 8 sentences, the last one smaller."""
    seen: list[OptimizerSteps] = []

    class Spy(OptimizerSteps):
        def __init__(self, *arguments: Any):
            super().__init__(*arguments)
            seen.append(self)

    monkeypatch.setattr("pipeline.selection.gated_training.OptimizerSteps", Spy)
    data, lm = make_data(train=train, dev=2), make_bidirectional_lm()
    tagger = make_tagger(data.lexicon, sum(lm.widths))
    params = make_select_params(epochs=epochs, enforce_epoch=1, learning_rate=0.03)
    list(METHODS[params.method](SelectionTask(tagger, Selection.of(lm), data, params, make_tagger_params(), 1)))
    assert seen[0].schedule.total_iters == seen[0].schedule.last_epoch == steps
    assert seen[0].schedule.base_lrs == [0.03, 0.015] and seen[0].clip_norm == 5.0


def test_the_pruned_tagger_scores_what_the_gated_one_did() -> None:
    tagger, selection, data, _ = select()
    gates = split_directions(selection.gates)
    pruned_lm, kept = prune_bidirectional_lm(selection.lm, gates)
    difference = largest_score_difference(
        tagger,
        live_features(selection.lm, data.words, selection.gates.detach()),
        prune_tagger(tagger, kept),
        live_features(pruned_lm, data.words),
        data,
    )
    assert 0 <= difference < 1e-5
    wrong = largest_score_difference(
        tagger,
        live_features(selection.lm, data.words, torch.ones(6)),
        prune_tagger(tagger, kept),
        live_features(pruned_lm, data.words),
        data,
    )
    assert wrong > 1e-4, "the check must notice a gate that was not folded in"


@pytest.mark.parametrize("method", ["gates", "hard_concrete"])
def test_a_selection_that_diverges_says_where_and_what_to_lower(method: str) -> None:
    with pytest.raises(
        DivergedError, match=r"^select\.learning_rate: the training diverged by step \d+ of epoch \d+: "
    ) as error:
        select(method=method, learning_rate=1e5)
    words, lengths = error.value.words, error.value.tensors["batch.lengths"]
    assert [len(of) + 1 for of in words] == lengths.tolist() and 0 < len(words) <= 8, "the batch is kept"


@pytest.mark.parametrize(
    ("changes", "module", "name", "key"),
    [
        ({"method": "gates"}, "regularised_gates", "clamp", "select.gate_learning_rate"),
        ({"method": "hard_concrete"}, "hard_concrete", "Lagrangian.ascend", "select.hard_concrete.learning_rate"),
    ],
)
def test_gates_that_are_not_finite_end_the_selection(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], module: str, name: str, key: str
) -> None:
    """What comes last in a step of the gates leaves NaN in them."""

    def spoil(first: Any, *rest: float) -> None:
        values = first if isinstance(first, torch.Tensor) else trained[-1].log_alpha
        values.data.fill_(float("nan"))

    trained: list[Any] = []
    if module == "hard_concrete":
        start = hard_concrete.HardConcreteGates.__init__

        def remember(self: Any, *arguments: Any) -> None:
            trained.append(self)
            start(self, *arguments)

        monkeypatch.setattr(hard_concrete.HardConcreteGates, "__init__", remember)
    monkeypatch.setattr(f"pipeline.selection.{module}.{name}", spoil)
    with pytest.raises(DivergedError, match=rf"^{key}: the training diverged .*: a gate is nan; lower it") as error:
        select(**changes)
    assert {"batch.gates", "batch.gradient", "weights.crf.transitions"} <= set(error.value.tensors)
    assert error.value.tensors["batch.gates"].isfinite().all(), "those before the step"


def test_dev_scores_that_are_not_finite_name_the_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> float:
        raise NotFiniteError("the tagger's scores are not finite")

    monkeypatch.setattr("pipeline.selection.gated_training.score_dev", fail)
    with pytest.raises(DivergedError, match="diverged in epoch 1: the tagger's scores are not finite"):
        select()


def test_a_gradient_of_the_gates_that_is_not_finite_is_what_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoil(steps: OptimizerSteps, group: Any, features: torch.Tensor, when: str) -> list[float]:
        torch.autograd.backward(features, torch.full_like(features, float("inf")))
        return [1.0]

    monkeypatch.setattr(gated_training, "_take_steps", spoil)
    with pytest.raises(DivergedError, match="diverged by step 1 of epoch 1: the gradient of the gates is ") as error:
        select()
    assert not error.value.tensors["batch.gradient"].isfinite().all() and error.value.tensors["batch.gates"].min() == 1


@pytest.mark.parametrize("method", get_args(SelectMethod))
def test_no_method_chooses_layers_by_a_tagger_of_nan(method: str) -> None:
    data, lm = make_data(), make_bidirectional_lm()
    tagger = make_tagger(data.lexicon, sum(lm.widths))
    torch.nn.init.constant_(tagger.lm_projection.weight, float("nan"))
    params = make_select_params(method=method, epochs=2, enforce_epoch=1)
    task = SelectionTask(tagger, Selection.of(lm), data, params, make_tagger_params(), 1)
    with pytest.raises(
        NotFiniteError, match="the loss is nan" if method in ("gates", "hard_concrete") else "not finite"
    ):
        list(METHODS[params.method](task))


def test_nothing_is_proved_by_scores_of_nan() -> None:
    """`max(0.0, nan)` is 0.0: the scores would differ by nothing."""
    data, lm = make_data(train=8, dev=4), make_bidirectional_lm()
    tagger = make_tagger(data.lexicon, sum(lm.widths))
    features = live_features(lm, data.words)
    torch.nn.init.constant_(tagger.lm_projection.weight, float("nan"))
    with pytest.raises(NotFiniteError, match="the gated tagger's scores are not finite"):
        largest_score_difference(tagger, features, tagger, features, data)
