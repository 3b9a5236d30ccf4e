"""The language models that the paper's is set against: layers stacked one on the other, plainly or with skips.

Shapes: T steps, B streams or sentences, D input width = units of a layer, L layers.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn

from pipeline.language_model.adaptive_softmax import cast_linear
from pipeline.language_model.dense_lstm import DenseLSTM, State, sparse_dropout
from pipeline.language_model.model import LanguageModel, LMConfig


class StackedLSTM(DenseLSTM):
    """L LSTM layers, each of which sees the one below it alone; with `residual`, its output is added to what it read.

    So it is a dense stack without all but one of each layer's connections. All layers are as wide as the input, and a
    layer can be bypassed: the next one reads what it would have read. There are no gates and no layer-wise dropout:
    in a plain stack, nothing would be left above a layer whose output is 0.
    """

    def __init__(self, units: int, layers: int, dropout: float, residual: bool):
        super().__init__(units, units, 0, dropout)
        self.residual = residual
        self.layers = nn.ModuleList(nn.LSTM(units, units) for _ in range(layers))
        for layer in self.layers:
            nn.init.constant_(layer.get_parameter("bias_ih_l0")[units : 2 * units], 1.0)  # an open forget gate

    def forward(self, inputs: Tensor, state: State | None = None, gates: Tensor | None = None) -> tuple[Tensor, State]:
        """The input and all layers' outputs side by side, (T, B, D + L D), and the state after the last step."""
        if gates is not None:
            raise ValueError("a stacked LSTM has no gates; its layers can be detached")
        if state is None:
            zeros = inputs.new_zeros(1, inputs.shape[1], self.units)
            state = [(zeros, zeros)] * len(self.layers)
        blocks, after = [inputs], []
        for layer, before in zip(self.layers, state, strict=True):
            seen = sparse_dropout(blocks[-1].clone(), self.dropout, self.training)
            output, layer_state = self._run_layer(layer, seen, before, [0])
            blocks.append(output + blocks[-1] if self.residual else output)
            after.append(layer_state)
        return torch.cat(blocks, -1), after


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
