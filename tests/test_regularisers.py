"""The regularisers by hand, their slopes, and the budget."""

import pytest
import torch

from pipeline.gates.regularisers import clamp, enforce_budget, penalty, split_directions
from pipeline.params import Regulariser

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


def test_clamp_is_the_proximal_step() -> None:
    gates = torch.tensor([-0.1, 0.3, 1.2])
    clamp(gates)
    assert gates.tolist() == pytest.approx([0.0, 0.3, 1.0])


@pytest.mark.parametrize("max_layers", range(7))
def test_budget_holds_over_both_directions_and_keeps_the_most_important(max_layers: int) -> None:
    gates, importance = torch.tensor([0.9, 0.2, 0.5, 0.0, 0.8, 0.1]), torch.tensor([3.0, 5.0, 1.0, 9.0, 2.0, 4.0])
    before = gates.clone()
    enforce_budget(gates, importance, max_layers)
    assert gates.nonzero().flatten().tolist() == sorted([1, 5, 0, 4, 2][:max_layers]), "a closed gate stays closed"
    assert torch.equal(gates[gates > 0], before[gates > 0])


def test_of_equal_gates_the_later_layers_go_first() -> None:
    gates = torch.ones(6)
    enforce_budget(gates, torch.ones(6), 3)
    directions = split_directions(gates)
    assert directions["forward"].tolist() == [1.0, 0.0, 0.0]
    assert directions["backward"].tolist() == [1.0, 1.0, 0.0]
