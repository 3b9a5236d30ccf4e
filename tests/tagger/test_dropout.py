"""The tagger's dropout has dropout's distribution."""

import pytest
import torch

from pipeline.tagger.dropout import dropout


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.75])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_drops_independently_with_the_probability_and_keeps_the_mean(probability: float, dtype: torch.dtype) -> None:
    torch.manual_seed(1)
    values = torch.ones(333, 301, dtype=dtype)  # not a multiple of the four decisions that a number makes
    result = dropout(values, probability, training=True).float()
    dropped = (result == 0).float()
    deviation = (probability * (1 - probability) / values.numel()) ** 0.5
    assert abs(dropped.mean() - probability) < 4 * deviation
    for distance in (1, 2, 3, 4, 301):  # neighbours, and those below each other
        neighbours = dropped.flatten()[distance:] * dropped.flatten()[:-distance]
        assert abs(neighbours.mean() - probability**2) < 8 * deviation
    assert result[result != 0].unique().tolist() == pytest.approx([1 / (1 - probability)], rel=0.005)


def test_gradients_pass_where_values_do() -> None:
    torch.manual_seed(1)
    values = torch.randn(50, 30, requires_grad=True)
    result = dropout(values, 0.5, training=True)
    result.sum().backward()
    assert values.grad is not None
    torch.testing.assert_close(values.grad, 2.0 * (result != 0))


def test_does_nothing_outside_of_training() -> None:
    values = torch.randn(4, 5)
    assert dropout(values, 0.5, training=False) is values and dropout(values, 0.0, training=True) is values
