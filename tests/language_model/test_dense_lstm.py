"""The dense stack against a slow one that concatenates and multiplies everything, dropped blocks included."""

import pytest
import torch
from torch import Tensor, nn

from pipeline.language_model.dense_lstm import DenseLSTM, sparse_dropout

STEPS, STREAMS, WIDTH, UNITS, LAYERS = 7, 3, 5, 4, 3


def make_stack(**options: float) -> DenseLSTM:
    torch.manual_seed(3)
    return DenseLSTM(WIDTH, UNITS, LAYERS, **options)


def make_inputs() -> Tensor:
    return torch.randn(STEPS, STREAMS, WIDTH, generator=torch.Generator().manual_seed(4))


def lstm_cell_by_cell(layer: nn.LSTM, inputs: Tensor) -> Tensor:
    hidden = cell = torch.zeros(inputs.shape[1], layer.hidden_size)
    outputs = []
    for step in inputs:
        gates = step @ layer.weight_ih_l0.T + layer.bias_ih_l0 + hidden @ layer.weight_hh_l0.T + layer.bias_hh_l0
        into, forget, candidate, out = gates.chunk(4, 1)
        cell = forget.sigmoid() * cell + into.sigmoid() * candidate.tanh()
        hidden = out.sigmoid() * cell.tanh()
        outputs.append(hidden)
    return torch.stack(outputs)


def slow_stack(stack: DenseLSTM, inputs: Tensor, gates: list[float], dropped: list[bool]) -> Tensor:
    own, seen_by_later = [inputs], [inputs]
    for layer, gate, drop in zip(stack.layers, gates, dropped, strict=True):
        assert isinstance(layer, nn.LSTM)
        output = gate * lstm_cell_by_cell(layer, torch.cat(seen_by_later, -1))
        own.append(output)
        seen_by_later.append(torch.zeros_like(output) if drop else output)
    return torch.cat(own, -1)


@pytest.mark.parametrize("gates", [[1.0, 1.0, 1.0], [0.5, 0.0, 0.25], [0.0, 0.0, 0.0]])
def test_equals_the_slow_stack(gates: list[float]) -> None:
    stack, inputs = make_stack().eval(), make_inputs()
    output, _ = stack(inputs, gates=torch.tensor(gates))
    torch.testing.assert_close(output, slow_stack(stack, inputs, gates, [False] * LAYERS))


def test_a_closed_gate_that_is_trained_has_its_gradient() -> None:
    stack, inputs = make_stack().eval(), make_inputs()
    gates, slow_gates = torch.tensor([0.5, 0.0, 0.25]).requires_grad_(), torch.tensor([0.5, 0.0, 0.25]).requires_grad_()
    stack(inputs, gates=gates)[0].square().sum().backward()
    slow_stack(stack, inputs, list(slow_gates), [False] * LAYERS).square().sum().backward()  # type: ignore[arg-type]
    assert gates.grad is not None and slow_gates.grad is not None
    torch.testing.assert_close(gates.grad, slow_gates.grad)


def test_layer_dropout_spares_the_output_and_equals_zeroed_blocks() -> None:
    stack, inputs = make_stack(layer_dropout=0.5), make_inputs()
    seen = set()
    for seed in range(12):
        torch.manual_seed(seed)
        dropped = [bool(draw < 0.5) for draw in torch.rand(LAYERS)]
        torch.manual_seed(seed)
        output, _ = stack(inputs)
        torch.testing.assert_close(output, slow_stack(stack, inputs, [1.0] * LAYERS, dropped))
        assert (output[..., WIDTH:].abs().amax((0, 1)) > 0).all(), "the output must show dropped layers too"
        seen.add(tuple(dropped[:-1]))
    assert len(seen) == 4, "every pattern of the layers that others read must have occurred"


def test_gradients_equal_those_of_zeroed_blocks() -> None:
    stack, inputs = make_stack(layer_dropout=0.5), make_inputs()
    torch.manual_seed(1)
    dropped = [bool(draw < 0.5) for draw in torch.rand(LAYERS)]
    assert any(dropped[:-1])
    torch.manual_seed(1)
    stack(inputs)[0].square().sum().backward()
    fast = [parameter.grad.clone() for parameter in stack.parameters() if parameter.grad is not None]
    stack.zero_grad()
    slow_stack(stack, inputs, [1.0] * LAYERS, dropped).square().sum().backward()
    slow = [parameter.grad for parameter in stack.parameters() if parameter.grad is not None]
    assert len(fast) == len(slow) == 4 * LAYERS
    torch.testing.assert_close(fast, slow)


def test_sparse_dropout_draws_like_dropout() -> None:
    torch.manual_seed(0)
    for probability in (0.01, 0.3):
        dropped = torch.stack([sparse_dropout(torch.ones(40, 50), probability, True) == 0 for _ in range(400)])
        counts = dropped.flatten(1).sum(1).double()
        mean, variance = 2000 * probability, 2000 * probability * (1 - probability)
        assert abs(counts.mean() - mean) < 4 * (variance / 400) ** 0.5
        assert counts.var() == pytest.approx(variance, rel=0.4)
        per_position = dropped.double().mean(0)
        assert (per_position - probability).abs().max() < 6 * (probability * (1 - probability) / 400) ** 0.5
        both = (dropped[:, :, 1:] & dropped[:, :, :-1]).double().mean()
        assert both == pytest.approx(probability**2, rel=0.3), "neighbours must be independent"


def test_sparse_dropout_scales_what_it_keeps_and_its_gradient() -> None:
    torch.manual_seed(0)
    inputs = torch.randn(30, 20, requires_grad=True)
    output = sparse_dropout(inputs.clone(), 0.2, True)
    mask = (output != 0) / 0.8
    torch.testing.assert_close(output, inputs * mask)
    output.square().sum().backward()
    torch.testing.assert_close(inputs.grad, 2 * inputs.detach() * mask * mask)


def test_sparse_dropout_is_nothing_in_evaluation() -> None:
    values = torch.randn(3, 4)
    assert sparse_dropout(values, 0.9, False) is values and sparse_dropout(values, 0.0, True) is values


def test_lower_precision_is_that_of_the_inputs() -> None:
    stack, inputs = make_stack(layer_dropout=0.5), make_inputs()
    torch.manual_seed(1)
    exact, _ = stack(inputs)
    torch.manual_seed(1)
    rounded, state = stack(inputs.bfloat16())
    assert rounded.dtype == state[0][0].dtype == torch.bfloat16
    torch.testing.assert_close(rounded.float(), exact, atol=0.02, rtol=0.02)


def test_no_layer_dropout_in_evaluation() -> None:
    stack, inputs = make_stack(layer_dropout=0.9, dropout=0.9).eval(), make_inputs()
    torch.testing.assert_close(stack(inputs)[0], slow_stack(stack, inputs, [1.0] * LAYERS, [False] * LAYERS))


def test_state_carries_over_chunks() -> None:
    stack, inputs = make_stack().eval(), make_inputs()
    whole, _ = stack(inputs)
    first, state = stack(inputs[:3])
    second, _ = stack(inputs[3:], state)
    torch.testing.assert_close(torch.cat([first, second]), whole)


def test_no_layers_is_the_input() -> None:
    inputs = make_inputs()
    output, state = DenseLSTM(WIDTH, UNITS, 0)(inputs)
    assert torch.equal(output, inputs) and state == []
