"""The language models that the paper's is set against: layers stacked one on the other, plainly or with skips.

Shapes: T steps, B streams or sentences, D input width = units of a layer, L layers.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn

from pipeline.language_model.adaptive_softmax import cast_linear
from pipeline.language_model.dense_lstm import PARAMETERS, LSTMStack, State, sparse_dropout
from pipeline.language_model.model import LanguageModel, LMConfig


class StackedLSTM(LSTMStack):
    """L LSTM layers, each of which sees the one below it alone; with `residual`, its output is added to what it read.

    All layers are as wide as the input, and a layer can be bypassed: the next one reads what it would have read. There
    are no gates and no layer-wise dropout: in a plain stack, nothing would be left above a layer whose output is 0.
    """

    def __init__(self, units: int, layers: int, dropout: float, residual: bool):
        super().__init__(units, units, [units] * layers, dropout)
        self.residual = residual

    def forward(self, inputs: Tensor, state: State | None = None, gates: Tensor | None = None) -> tuple[Tensor, State]:
        """The input and all layers' outputs side by side, (T, B, D + L D), and the state after the last step."""
        assert gates is None, "a stacked LSTM has no gates; its layers can be detached"
        blocks, after = [inputs], []
        for layer, before in zip(self.layers, state or self.zero_state(inputs), strict=True):
            seen = sparse_dropout(blocks[-1].clone(), self.dropout, self.training)
            weights = [layer.get_parameter(f"{name}_l0").to(seen.dtype) for name in PARAMETERS]
            output, hidden, cell = torch.lstm(seen, before, weights, True, 1, 0.0, self.training, False, False)
            blocks.append(output + blocks[-1] if self.residual else output)
            after.append((hidden, cell))
        return torch.cat(blocks, -1), after  # (T, B, D + L D)


class StackedLanguageModel(LanguageModel):
    """A language model on a stacked LSTM; words are predicted from the top layer alone, as the stack's own output."""

    def __init__(self, config: LMConfig, residual: bool = False):
        if config.units != config.embedding or config.layer_dropout:
            raise ValueError(f"{config}: expected units as many as embedding, and no layer dropout")
        super().__init__(replace(config, layers=0))
        self.config = config
        self.rnn = StackedLSTM(config.units, config.layers, config.dropout, residual)
        self.projection = nn.Linear(config.units, config.projection)

    def forward(self, tokens: Tensor, targets: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Mean negative log-likelihood of `targets` given `tokens` (both (T, B)), and the state after."""
        output, state = self.represent(tokens, state)
        projected = cast_linear(self.projection, output[..., -self.config.units :])
        projected = sparse_dropout(projected, self.config.dropout, self.training)
        return self.softmax(projected.flatten(0, 1), targets.flatten()).mean(), state
