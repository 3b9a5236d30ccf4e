"""Rounding to bfloat16 against torch's."""

import torch

from ldnet.decoding.bfloat16 import round_to_bfloat16
from ldnet.decoding.packed_lstm import DenseProduct


def test_rounds_as_torch_does() -> None:
    values = torch.randn(10_000, generator=torch.Generator().manual_seed(0)) * torch.logspace(-30, 30, 10_000)
    halves = torch.arange(-40_000, 40_000, dtype=torch.int32).mul(1 << 15).view(torch.float32)  # between two, and exact
    values = torch.cat([values, halves[halves.abs() < 3e38], torch.zeros(1), -torch.zeros(1)])
    expected = values.bfloat16().float()
    round_to_bfloat16(values.view(torch.int32).numpy())
    assert torch.equal(values.view(torch.int32), expected.view(torch.int32))


def test_a_product_of_rounded_values_is_that_of_bfloat16() -> None:
    """Sums in another order may be rounded to a neighbour, a 256th away."""
    torch.manual_seed(0)
    inputs, weight, bias = torch.randn(50, 30), torch.randn(20, 30), torch.randn(20)
    product = DenseProduct(weight, bias, "int8")
    product.computed = torch.float32
    product.weight, product.bias = weight.bfloat16().float(), bias.bfloat16().float()
    expected = torch.nn.functional.linear(inputs.bfloat16(), weight.bfloat16(), bias.bfloat16()).float()
    before, found = inputs.clone(), product(inputs)
    torch.testing.assert_close(found, expected, rtol=1 / 128, atol=1e-6)
    assert (found == expected).float().mean() > 0.99 and torch.equal(inputs, before)
