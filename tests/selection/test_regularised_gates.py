"""The regularisers by hand, and their slopes."""

from typing import get_args

import pytest
import torch

from pipeline.params import Regulariser
from pipeline.selection.regularised_gates import RegularisedGates, clamp, penalty
from pipeline.selection.selection import split_directions
from tests.factories import make_select_params

GATES = [1.0, 0.5, 0.0, 0.25]  # sum 1.75, three open, sum z (1 - z) = 0.4375


@pytest.mark.parametrize(
    ("name", "max_layers", "expected"),
    [("r1", 4, 1.75), ("r1", 2, 1.75), ("r2", 3, 0.0), ("r2", 2, 1.75), ("r3", 3, 0.4375), ("r3", 2, 2.1875)],
)
def test_penalties_by_hand(name: Regulariser, max_layers: int, expected: float) -> None:
    assert float(penalty(name, torch.tensor(GATES), max_layers)) == pytest.approx(expected)


def test_r3_is_flat_at_one_above_the_budget() -> None:
    gates = torch.ones(4, requires_grad=True)
    penalty("r3", gates, 2).backward()
    assert gates.grad is not None and gates.grad.tolist() == [0.0] * 4


def test_r2_has_no_slope_within_the_budget() -> None:
    gates = torch.tensor(GATES, requires_grad=True)
    penalty("r2", gates, 3).backward()
    assert gates.grad is not None and gates.grad.tolist() == [0.0] * 4


@pytest.mark.parametrize("name", get_args(Regulariser))
def test_closed_gates_have_no_penalty(name: Regulariser) -> None:
    assert float(penalty(name, torch.zeros(4), 2)) == 0.0


def test_steps_by_hand() -> None:
    """R1 with strength 0.5: a step of two batches subtracts 0.1 * (gradient + 2 * 0.5), within 0 and 1."""
    gates = torch.nn.Parameter(torch.tensor([0.9, 0.5]))
    params = make_select_params(regulariser="r1", strength=0.5, gate_learning_rate=0.1)
    training = RegularisedGates(gates, params, None)
    for expected in ([0.5, 0.7], [0.1, 0.9], [0.0, 1.0]):
        training.place()
        (torch.tensor([3.0, -3.0]) * gates).sum().backward()
        training.step(2)
        assert gates.tolist() == training.trained_values.tolist() == pytest.approx(expected)


def test_clamp_is_the_proximal_step() -> None:
    gates = torch.tensor([-0.1, 0.3, 1.2])
    clamp(gates)
    assert gates.tolist() == pytest.approx([0.0, 0.3, 1.0])


@pytest.mark.parametrize(("name", "expected"), [("r1", 3.0), ("r2", 3.0), ("r3", 3.0 + 2 * 0.25 + 4 * 0.1875)])
def test_weighted_penalties_by_hand(name: Regulariser, expected: float) -> None:
    weights = torch.tensor([1.0, 2.0, 3.0, 4.0])
    assert float(penalty(name, torch.tensor(GATES), 2, weights)) == pytest.approx(expected)


def test_weights_of_one_change_nothing() -> None:
    gates = torch.rand(8, generator=torch.Generator().manual_seed(1)).requires_grad_()
    found = []
    for weights in (None, torch.ones(8)):
        value = penalty("r3", gates, 2, weights)
        found.append([value.detach(), *torch.autograd.grad(value, gates)])
    torch.testing.assert_close(found[0], found[1])


def test_directions_are_told_apart() -> None:
    directions = split_directions(torch.arange(6.0))
    assert directions["forward"].tolist() == [0.0, 1.0, 2.0] and directions["backward"].tolist() == [3.0, 4.0, 5.0]
