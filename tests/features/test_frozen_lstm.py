"""The frozen LSTM layer against torch's: outputs, state, and the gradient of the input."""

import pytest
import torch

from pipeline.features.frozen_lstm import FrozenLSTM


@pytest.mark.parametrize("steps", [1, 2, 9])
def test_computes_what_torchs_lstm_does_and_its_gradient(steps: int) -> None:
    torch.manual_seed(steps)
    layer = torch.nn.LSTM(5, 4)
    inputs, hidden, cell = torch.randn(steps, 3, 5), torch.randn(3, 4), torch.randn(3, 4)
    of_outputs = torch.randn(steps, 3, 4)
    expected_inputs, ours_inputs = inputs.clone().requires_grad_(), inputs.clone().requires_grad_()
    expected, (_, expected_cell) = layer(expected_inputs, (hidden.unsqueeze(0), cell.unsqueeze(0)))
    expected.backward(of_outputs)
    weights = [layer.weight_ih_l0.detach(), layer.weight_hh_l0.detach(), (layer.bias_ih_l0 + layer.bias_hh_l0).detach()]
    outputs, last = FrozenLSTM.apply(ours_inputs, hidden, cell, *weights)
    outputs.backward(of_outputs)
    torch.testing.assert_close(outputs, expected)
    torch.testing.assert_close(last, expected_cell[0])
    torch.testing.assert_close(ours_inputs.grad, expected_inputs.grad)
    assert not last.requires_grad


def test_double_precision_gradients_are_those_of_finite_differences() -> None:
    """Cells are float32 whatever the input, so the tolerance is that of float32."""
    torch.manual_seed(0)
    weights = [torch.randn(8, 3), torch.randn(8, 2), torch.randn(8)]
    inputs = torch.randn(4, 1, 3, requires_grad=True)
    zeros = torch.zeros(1, 2)
    FrozenLSTM.apply(inputs, zeros, zeros, *weights)[0].sum().backward()
    assert inputs.grad is not None
    step = 1e-2
    for index in range(inputs.numel()):
        moved = []
        for sign in (1, -1):
            other = inputs.detach().clone()
            other.view(-1)[index] += sign * step
            moved.append(FrozenLSTM.apply(other, zeros, zeros, *weights)[0].sum())
        assert float(moved[0] - moved[1]) / (2 * step) == pytest.approx(float(inputs.grad.view(-1)[index]), abs=2e-3)


def test_lower_precision_is_close() -> None:
    torch.manual_seed(1)
    weights = [torch.randn(16, 5) * 0.5, torch.randn(16, 4) * 0.5, torch.randn(16)]
    inputs, zeros = torch.randn(7, 3, 5), torch.zeros(3, 4)
    results = []
    for dtype in (torch.float32, torch.bfloat16):
        own = inputs.clone().to(dtype).detach().requires_grad_()
        outputs, _ = FrozenLSTM.apply(own, zeros.to(dtype), zeros, *(weight.to(dtype) for weight in weights))
        outputs.float().square().sum().backward()
        assert own.grad is not None and own.grad.dtype == outputs.dtype == dtype
        results.append((outputs.float(), own.grad.float()))
    for exact, rounded in zip(*results, strict=True):
        torch.testing.assert_close(rounded, exact, atol=0.05, rtol=0.05)
