"""Stacked language models: each layer reads the one below alone, and words are predicted from the top one."""

import pytest
import torch
from torch import nn

from ablations.architectures import build
from ablations.stacked_lstm import StackedLanguageModel, StackedLSTM
from pipeline.evaluation.finished import finished_weights
from pipeline.features.contextual import BidirectionalLM
from pipeline.language_model.dense_lstm import lstm_macs
from pipeline.language_model.model import LMConfig
from tests.factories import WORDS, make_lexicon, make_sentences, make_stacked_language_model, make_tagger


@pytest.mark.parametrize("residual", [False, True])
def test_layers_compute_what_torch_lstms_compute_one_after_the_other(residual: bool) -> None:
    torch.manual_seed(1)
    stack = StackedLSTM(units=4, layers=3, dropout=0.0, residual=residual).eval()
    inputs = torch.randn(6, 2, 4)
    output, state = stack(inputs)
    below, blocks = inputs, [inputs]
    for layer, (hidden, cell) in zip(stack.layers, state, strict=True):
        assert isinstance(layer, nn.LSTM)
        own, (last_hidden, last_cell) = layer(below)
        torch.testing.assert_close((hidden, cell), (last_hidden, last_cell))
        below = own + below if residual else own
        blocks.append(below)
    torch.testing.assert_close(output, torch.cat(blocks, -1))


@pytest.mark.parametrize("residual", [False, True])
def test_the_state_carries_over(residual: bool) -> None:
    model = make_stacked_language_model(residual=residual)
    tokens = torch.randint(0, len(WORDS), (8, 3))
    whole, _ = model.represent(tokens)
    first, state = model.represent(tokens[:5])
    second, _ = model.represent(tokens[5:], state)
    torch.testing.assert_close(torch.cat([first, second]), whole)


def test_words_are_predicted_from_the_top_layer() -> None:
    model = make_stacked_language_model()
    tokens, targets = torch.randint(0, len(WORDS), (2, 8, 3))
    loss, _ = model(tokens, targets)
    top = model.represent(tokens)[0][..., -model.config.units :]
    log_probabilities = model.softmax.log_probabilities(model.projection(top).flatten(0, 1))
    expected = -log_probabilities.gather(1, targets.flatten().unsqueeze(1)).mean()
    torch.testing.assert_close(loss, expected)


def test_dropout_leaves_the_representation_of_the_layer_below_as_it_is() -> None:
    torch.manual_seed(1)
    stack = StackedLSTM(units=4, layers=1, dropout=0.5, residual=False).train()
    inputs = torch.randn(6, 2, 4)
    output, _ = stack(inputs.clone())
    torch.testing.assert_close(output[..., :4], inputs)


def test_gates_and_layer_dropout_are_refused() -> None:
    model = make_stacked_language_model()
    with pytest.raises(AssertionError, match="no gates"):
        model.represent(torch.zeros(2, 1, dtype=torch.int64), gates=torch.ones(3))
    with pytest.raises(ValueError, match="layer dropout"):
        StackedLanguageModel(LMConfig(**{**vars(model.config), "layer_dropout": 0.5}))


def test_one_layer_costs_what_an_lstm_costs() -> None:
    model = make_stacked_language_model(layers=3)
    assert model.rnn.macs() == 3 * lstm_macs(model.config.units, model.config.units)
    dense = build(model.config, "dense")
    units = model.config.units
    assert dense.rnn.macs() == sum(lstm_macs(units + layer * units, units) for layer in range(3))


def test_what_decodes_dense_stacks_refuses_others() -> None:
    stacked = make_stacked_language_model()
    lm = BidirectionalLM(stacked, stacked, [str(number) for number in range(stacked.config.vocabulary_size)])
    lexicon = make_lexicon(make_sentences(5))
    with pytest.raises(AssertionError, match="no dense stack"):
        finished_weights(make_tagger(lexicon, sum(lm.widths)), lm)
