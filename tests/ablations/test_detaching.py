"""A detached layer is gone: what is left is what one would build by hand without it."""

import pytest
import torch

from ablations.detaching import detach_layers, without_layers
from pipeline.features.contextual import BidirectionalLM
from tests.factories import WORDS, make_language_model, make_stacked_language_model

TOKENS = torch.randint(0, len(WORDS), (7, 3), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("layers", [[], [0], [2], [0, 1], [0, 1, 2]])
def test_a_dense_model_computes_what_it_does_with_zeros_for_the_layers(layers: list[int]) -> None:
    model = make_language_model(3)
    gates = torch.tensor([float(layer not in layers) for layer in range(3)])
    left, columns = detach_layers(model, layers)
    expected, _ = model.represent(TOKENS, gates=gates)
    torch.testing.assert_close(left.represent(TOKENS)[0], expected[..., columns.columns])


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("layers", [[], [0], [2], [0, 1], [0, 1, 2]])
def test_in_a_stacked_model_the_next_layer_reads_what_the_detached_one_read(layers: list[int], residual: bool) -> None:
    model = make_stacked_language_model(3, residual=residual)
    left, columns = detach_layers(model, layers)
    below = model.embed(TOKENS)
    blocks = [below]
    for index in (index for index in range(3) if index not in layers):
        own, _ = model.rnn.layers[index](below)
        below = own + below if residual else own
        blocks.append(below)
    output, _ = left.represent(TOKENS)
    torch.testing.assert_close(output, torch.cat(blocks, -1))
    assert len(columns.columns) == output.shape[-1] and columns.columns[:5].tolist() == list(range(5))
    loss, _ = left(TOKENS[:-1], TOKENS[1:])
    logits = left.softmax.log_probabilities(model.projection(below[:-1]).flatten(0, 1))
    torch.testing.assert_close(loss, -logits.gather(1, TOKENS[1:].flatten().unsqueeze(1)).mean())


def test_columns_of_the_backward_model_come_after_the_forward_ones() -> None:
    lm = BidirectionalLM(make_language_model(2, 1), make_language_model(2, 2), WORDS)
    left, columns = without_layers(lm, {"forward": [0], "backward": [1]})
    lengths = torch.full((3,), 7)
    full = lm(TOKENS, lengths, (torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.0])))
    torch.testing.assert_close(left(TOKENS, lengths), full[..., columns.columns])
    assert columns.scales.unique().tolist() == [1.0]
