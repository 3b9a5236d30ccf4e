"""The budget holds and keeps what is important; the weights of layers by hand."""

import pytest
import torch

from pipeline.execution.finite import NotFiniteError
from pipeline.language_model.dense_lstm import DenseLSTM
from pipeline.selection.budget import cost_weights, enforce_budget
from pipeline.selection.selection import split_directions


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


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_importance_that_is_not_finite_has_no_place_in_the_order(value: float) -> None:
    gates = torch.ones(4)
    with pytest.raises(NotFiniteError, match=r"^the importances of the layers are not finite"):
        enforce_budget(gates, torch.tensor([1.0, value, 2.0, 3.0]), 2)
    assert gates.tolist() == [1.0] * 4


def test_cost_weights_by_hand() -> None:
    """d = 5, h = 4: layer l takes 4 h (d + l h + h) = 144, 208, 272 multiply-accumulates, 208 in the mean."""
    macs = DenseLSTM(5, 4, 3).layer_macs()
    assert macs == [144, 208, 272]
    expected = [144 / 208, 1.0, 272 / 208]
    weights = cost_weights(macs * 2)
    assert weights.tolist() == pytest.approx(expected * 2) and weights.dtype == torch.float32, "as gates are"
