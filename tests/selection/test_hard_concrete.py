"""Hard-concrete gates by hand, against draws, and held to a budget."""

import math

import pytest
import torch

from pipeline.selection.hard_concrete import (
    HardConcreteGates,
    Lagrangian,
    deterministic,
    open_probability,
    sampled,
    stretch,
)
from tests.factories import make_select_params


def test_stretch_and_cut_by_hand() -> None:
    values = torch.tensor([0.01, 1 / 12, 0.25, 0.5, 11 / 12, 0.99])
    assert stretch(values).tolist() == pytest.approx([0.0, 0.0, 0.2, 0.5, 1.0, 1.0], abs=1e-6)


def test_a_sample_by_hand() -> None:
    """s = sigmoid((log u - log(1 - u) + log_alpha) / beta), stretched and cut."""
    expected = []
    for log_alpha, uniform in ((0.0, 0.5), (0.4, 0.3), (-6.0, 0.5), (3.0, 0.9)):
        s = 1 / (1 + math.exp(-(math.log(uniform) - math.log(1 - uniform) + log_alpha) / (2 / 3)))
        expected.append(min(1.0, max(0.0, s * 1.2 - 0.1)))
    found = sampled(torch.tensor([0.0, 0.4, -6.0, 3.0]), torch.tensor([0.5, 0.3, 0.5, 0.9]))
    assert found.tolist() == pytest.approx(expected, abs=1e-6)
    assert expected[0] == 0.5 and expected[2:] == [0.0, 1.0]


@pytest.mark.parametrize("log_alpha", [-4.0, -1.5, 0.0, 2.0])
def test_the_probability_of_being_open_is_the_share_of_open_draws(log_alpha: float) -> None:
    draws = 200_000
    uniform = torch.rand(draws, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    share = (sampled(torch.full((draws,), log_alpha, dtype=torch.float64), uniform) > 0).double().mean()
    probability = float(open_probability(torch.tensor(log_alpha)))
    assert float(share) == pytest.approx(probability, abs=4 * (probability * (1 - probability) / draws) ** 0.5)


def test_gates_in_use_are_the_median_draws() -> None:
    log_alpha = torch.tensor([-3.0, 0.0, 0.7, 3.0])
    found = deterministic(log_alpha)
    expected = [min(1.0, max(0.0, 1.2 / (1 + math.exp(-value)) - 0.1)) for value in log_alpha.tolist()]
    assert found.tolist() == pytest.approx(expected) and found[0] == 0.0 and found[3] == 1.0


def test_lagrangian_by_hand() -> None:
    lagrangian = Lagrangian(start=10.0, budget=4.0, warm_up=2, learning_rate=0.5)
    assert lagrangian.target() == 10.0 and float(lagrangian.penalty(torch.tensor(12.0))) == 0.0
    lagrangian.ascend(12.0)  # 2 too many
    assert (lagrangian.linear, lagrangian.quadratic, lagrangian.target()) == (1.0, 2.0, 7.0)
    count = torch.tensor(8.0, requires_grad=True)
    value = lagrangian.penalty(count)
    value.backward()
    assert value.item() == 3.0 and count.grad is not None and count.grad.item() == 5.0
    lagrangian.ascend(6.0)  # one too few
    assert (lagrangian.linear, lagrangian.quadratic, lagrangian.target()) == (0.5, 2.5, 4.0)
    lagrangian.ascend(4.0)
    assert lagrangian.target() == 4.0


def test_a_target_without_warm_up_is_the_budget_at_once() -> None:
    assert Lagrangian(start=10.0, budget=4.0, warm_up=0, learning_rate=0.5).target() == 4.0


def test_gates_start_open_and_their_target_falls_from_all_layers_to_the_budget() -> None:
    """98 of 100 draws are open: sigmoid(2.5 - 2/3 log(0.1 / 1.1)). The target has fallen after 8 of 10 steps."""
    gates = torch.nn.Parameter(torch.full((10,), 0.5))
    training = HardConcreteGates(gates, make_select_params(max_layers=2), None, steps=10, seed=1)
    assert open_probability(training.log_alpha).tolist() == pytest.approx([0.9836] * 10, abs=1e-4)
    assert training.expected_count().item() == pytest.approx(9.836, abs=1e-3)
    training.settle()
    assert gates.tolist() == [1.0] * 10
    targets = []
    for _ in range(10):
        targets.append(training.lagrangian.target())
        training.lagrangian.ascend(0.0)
    assert targets == pytest.approx([10, 9, 8, 7, 6, 5, 4, 3, 2, 2])


def test_gates_are_drawn_uniformly_by_the_seed() -> None:
    """What is drawn is what uniform numbers of that seed give, and its gradient goes to the distributions."""
    gates = torch.nn.Parameter(torch.ones(10))
    training = HardConcreteGates(gates, make_select_params(), None, steps=10, seed=7)
    generator = torch.Generator().manual_seed(7)
    for _ in range(2):
        training.place()
        assert torch.equal(gates.detach(), sampled(training.log_alpha.detach(), torch.rand(10, generator=generator)))
        assert gates.grad is None
        (3.0 * gates).sum().backward()


def test_uniform_numbers_keep_away_from_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Distributions that are far on the other side draw gates strictly between 0 and 1 there."""
    monkeypatch.setattr(torch, "rand", lambda count, generator: torch.tensor([0.0, 1 - 2**-24]))
    gates = torch.nn.Parameter(torch.ones(2))
    training = HardConcreteGates(gates, make_select_params(), None, steps=10, seed=1)
    training.log_alpha.data = torch.tensor([13.0, -13.0])
    training.place()
    edges = torch.tensor([1e-6, 1 - 1e-6])
    assert torch.equal(gates.detach(), sampled(training.log_alpha.detach(), edges))
    assert 0 < gates[0] < 1 and 0 < gates[1] < 1


def test_what_is_restored_goes_on_as_what_was_stored() -> None:
    """Multipliers keep all their digits."""
    stored, restored = train(torch.ones(10), 3, steps=7), train(torch.ones(10), 3, steps=2)
    restored.restore({name: tensor.clone() for name, tensor in stored.snapshot().items()})
    for name in ("linear", "quadratic", "steps"):
        assert getattr(restored.lagrangian, name) == getattr(stored.lagrangian, name)
    assert type(restored.lagrangian.linear) is float and type(restored.lagrangian.steps) is int
    assert stored.lagrangian.linear != float(torch.tensor(stored.lagrangian.linear)), "float32 would not do"
    restored.lagrangian.warm_up = stored.lagrangian.warm_up
    for training in (stored, restored):
        training.place()
        (training.gates * torch.arange(10)).sum().backward()
        training.step(1)
    assert torch.equal(stored.log_alpha, restored.log_alpha) and torch.equal(stored.gates, restored.gates)


def train(weights: torch.Tensor, max_layers: int, steps: int = 150) -> HardConcreteGates:
    """Gates on a loss that a layer lowers by its worth, of which the last `max_layers` have ten times as much."""
    gates = torch.nn.Parameter(torch.ones(10))
    training = HardConcreteGates(gates, make_select_params(max_layers=max_layers), weights, steps, seed=1)
    worth = torch.where(torch.arange(10) < 10 - max_layers, 0.1, 1.0)
    for _ in range(steps):
        training.place()
        (-2 * (worth * gates).sum()).backward()  # of two batches
        training.step(2)
    return training


@pytest.mark.parametrize("max_layers", [2, 5])
def test_the_expected_number_comes_to_the_budget(max_layers: int) -> None:
    training = train(torch.ones(10), max_layers)
    assert training.expected_count().item() == pytest.approx(max_layers, abs=0.7)
    training.settle()
    opened = training.gates.detach().nonzero().flatten().tolist()
    assert opened == list(range(10 - max_layers, 10))


def test_the_expected_cost_comes_to_the_budget() -> None:
    weights = torch.linspace(0.2, 1.8, 10)
    training = train(weights, 4)
    expected = (weights * open_probability(training.log_alpha)).sum()
    assert training.expected_count().item() == expected.item() == pytest.approx(4, abs=0.7)


def test_draws_leave_the_other_random_numbers_alone() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    train(torch.ones(10), 2, steps=2)
    assert torch.equal(torch.get_rng_state(), before)
