"""Both directions are trained for the time given, on all shards, and a training that is lost goes back."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from ldnet.errors import InputError
from pipeline.gpu_pretraining import side_by_side
from pipeline.gpu_pretraining.side_by_side import prepare, shards_in_order, tail_rows, train
from pipeline.language_model.model import LanguageModel
from pipeline.pretraining.lm_training import configure, perplexity
from pipeline.pretraining.streams import training_batches
from tests.cuda_stand_in import use_cpu_as_gpu
from tests.factories import make_lm_params

PARAMS = make_lm_params(dropout=0.0, warmup_steps=5)


def make_ids() -> Any:
    rng = np.random.default_rng(0)
    return np.concatenate([np.append(rng.permutation([2, 4, 6, 8])[:3] + rng.integers(0, 2), 1) for _ in range(90)])


def test_both_directions_learn_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    use_cpu_as_gpu(monkeypatch)
    monkeypatch.setattr(side_by_side, "RECORD_STEPS", 10)
    seconds = iter(number / 100 for number in range(10_000))  # each look at the clock takes a hundredth
    monkeypatch.setattr(side_by_side, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    ids = make_ids().astype(np.int32)
    torch.manual_seed(1)
    models = {name: LanguageModel(configure(PARAMS, 11)) for name in ("forward", "backward")}
    before = {name: perplexity(model, ids, reverse=name == "backward") for name, model in models.items()}
    directions = {name: prepare(model, PARAMS, ids, reverse=name == "backward") for name, model in models.items()}
    said: list[str] = []
    train(directions, shards_in_order([ids, ids].__getitem__, 2, 1), PARAMS, 0.6, said.append)
    for name, direction in directions.items():
        assert perplexity(models[name], ids, reverse=name == "backward") < 0.6 * before[name]
        rates = [record["learning_rate"] for record in direction.curve]
        assert len(rates) > 3 and rates == sorted(rates, reverse=True) and rates[-1] < 0.2 * rates[0]
        last = direction.curve[-1]
        assert last["tokens"] == last["step"] * PARAMS.streams * PARAMS.steps
        assert any(line.startswith(f"{name}: ") for line in said)


def test_each_direction_reads_the_text_its_way_at_its_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    use_cpu_as_gpu(monkeypatch)
    monkeypatch.setattr(side_by_side, "RECORD_STEPS", 8)
    seconds = iter(range(100))
    monkeypatch.setattr(side_by_side, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    ids = make_ids().astype(np.int32)
    steps: dict[bool, list[dict[str, Any]]] = {False: [], True: []}

    def make_direction(*, reverse: bool) -> side_by_side.Direction:
        direction = prepare(LanguageModel(configure(PARAMS, 11)), PARAMS, ids, reverse=reverse)
        step = direction.step
        step.run = lambda: steps[reverse].append(
            {"block": step.block.clone(), "visible": step.visible.clone(), "rate": step.rate.item()}
        )
        return direction

    directions = {"forward": make_direction(reverse=False), "backward": make_direction(reverse=True)}
    directions["backward"].damping = 0.5
    train(directions, shards_in_order([ids].__getitem__, 1, 1), PARAMS, 2.5, lambda _: None)
    for reverse, seen in steps.items():
        expected = training_batches(
            [ids], streams=PARAMS.streams, steps=PARAMS.steps, epochs=1, seed=1, reverse=reverse, skip=0
        )
        for step, batch in zip(seen, expected, strict=False):
            assert torch.equal(step["block"], torch.cat([batch.tokens, batch.targets[-1:]]))
        masks = torch.stack([step["visible"] for step in seen])
        assert 0.2 < masks.float().mean() < 0.8 and masks.unique().tolist() == [0, 1]
    assert len(steps[False]) >= 16
    for forward, backward in zip(steps[False], steps[True], strict=True):
        assert backward["rate"] == pytest.approx(forward["rate"] / 2) and forward["rate"] > 0


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), 6.0])
def test_a_training_that_is_lost_goes_back_with_half_the_rate(loss: float, monkeypatch: pytest.MonkeyPatch) -> None:
    use_cpu_as_gpu(monkeypatch)
    ids = make_ids().astype(np.int32)
    direction = prepare(LanguageModel(configure(PARAMS, 11)), PARAMS, ids, reverse=False)
    direction.snapshot = [tensor.clone() for tensor in direction.step.changing()]
    direction.lowest_loss = 4.0
    weight = direction.step.model.projection.weight
    kept = weight.detach().clone()
    with torch.no_grad():
        weight.add_(1)
    direction.step.summed_loss.fill_(loss * side_by_side.RECORD_STEPS)
    side_by_side._look(direction, 700, PARAMS, 0.01)
    assert torch.equal(weight, kept) and direction.damping == 0.5 and direction.lowest_loss == 4.0


def test_what_is_learnt_is_kept_every_thousand_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    use_cpu_as_gpu(monkeypatch)
    direction = prepare(LanguageModel(configure(PARAMS, 11)), PARAMS, make_ids(), reverse=False)
    for step, known in ((900, False), (1000, True)):
        direction.step.summed_loss.fill_(3.0 * side_by_side.RECORD_STEPS)
        side_by_side._look(direction, step, PARAMS, 0.01)
        assert bool(direction.snapshot) == known
    assert direction.lowest_loss == pytest.approx(3.0) and direction.damping == 1.0


def test_tails_have_rows_to_spare_but_no_more_than_tokens() -> None:
    ids = np.array([0] * 90 + [5] * 8 + [9] * 2)
    assert tail_rows(ids, [4, 8], 10_000) == [1344, 448]  # 1.5 x 800 + 96 and 1.5 x 200 + 96, in steps of 64
    assert tail_rows(ids, [4, 8], 100) == [100, 100]


def test_shards_come_as_they_are_and_then_in_new_orders() -> None:
    shards = [np.array([number], dtype=np.int32) for number in range(6)]
    order = shards_in_order(shards.__getitem__, 6, 1)
    passes = [[int(next(order)[0]) for _ in shards] for _ in range(3)]
    assert passes[0] == list(range(6)) and len({tuple(numbers) for numbers in passes}) == 3
    assert all(sorted(numbers) == passes[0] for numbers in passes)


def test_ordinary_dropout_is_refused() -> None:
    with pytest.raises(InputError, match=r"^pretrain_lm.dropout: 0.1; recorded steps have none, so set it to 0$"):
        prepare(LanguageModel(configure(PARAMS, 11)), make_lm_params(), make_ids(), reverse=False)
