"""The language model of one direction: embedding, dense LSTM, projection, adaptive softmax.

Shapes: T steps, B streams, N = T B tokens.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.baseline.dense_lstm import DenseLSTM, State
from pipeline.language_model.model import LanguageModel as ProductLM


class AdaptiveSoftmax(nn.Module):
    """A head of frequent words and one class for each tail of rarer ones."""

    def __init__(self, input_size: int, words: int, cutoffs: Sequence[int]):
        super().__init__()
        self.cutoffs = [*cutoffs, words]
        self.head = nn.Linear(input_size, cutoffs[0] + len(cutoffs))
        self.tails = nn.ModuleList()
        for index in range(len(cutoffs)):
            width = input_size // 4**index
            size = self.cutoffs[index + 1] - self.cutoffs[index]
            self.tails.append(
                nn.Sequential(nn.Linear(input_size, width, bias=False), nn.Linear(width, size, bias=False))
            )

    def forward(self, hidden: Tensor, targets: Tensor) -> Tensor:
        """Mean negative log-likelihood of `targets` (N) given `hidden` (N, D)."""
        head_targets = targets.clone()
        loss = hidden.new_zeros(())
        for index, tail in enumerate(self.tails):
            mask = (targets >= self.cutoffs[index]) & (targets < self.cutoffs[index + 1])
            head_targets[mask] = self.cutoffs[0] + index
            if bool(mask.any()):
                logits = tail(hidden[mask])
                loss = loss + F.cross_entropy(logits, targets[mask] - self.cutoffs[index], reduction="sum")
        loss = loss + F.cross_entropy(self.head(hidden), head_targets, reduction="sum")
        return loss / len(targets)


class LanguageModel(nn.Module):
    """Predicts the next token of each stream."""

    def __init__(self, product: ProductLM):
        super().__init__()
        config = product.config
        self.dropout = config.dropout
        self.embedding = nn.Embedding(config.vocabulary_size, config.embedding)
        self.rnn = DenseLSTM(config.embedding, config.units, config.layers, config.dropout, config.layer_dropout)
        self.projection = nn.Linear(config.embedding + config.layers * config.units, config.projection)
        self.softmax = AdaptiveSoftmax(config.projection, config.vocabulary_size, config.cutoffs)
        weights = {name: weight.clone() for name, weight in product.state_dict().items()}
        missing = self.load_state_dict(weights, strict=False)
        assert missing.missing_keys == ["rnn.gates"] and not missing.unexpected_keys

    def represent(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """The embedding and all layers' outputs, side by side, for `tokens` (T, B)."""
        output, after = self.rnn(F.dropout(self.embedding(tokens), self.dropout, self.training), state)
        return output, after

    def forward(self, tokens: Tensor, targets: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Mean negative log-likelihood of `targets` given `tokens`, both (T, B), and the state after."""
        output, after = self.represent(tokens, state)
        projected = F.dropout(self.projection(output), self.dropout, self.training)
        return self.softmax(projected.flatten(0, 1), targets.flatten()), after


class Pretraining:
    """Truncated back-propagation with Adam; the state is carried from step to step."""

    def __init__(self, model: LanguageModel, learning_rate: float, clip_norm: float):
        model.rnn.gates.requires_grad_(False)  # pretraining has no gates; they stay 1
        self.model, self.clip_norm = model, clip_norm
        self.optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=learning_rate)
        self.state: State | None = None

    def step(self, tokens: Tensor, targets: Tensor) -> float:
        """One update; the loss before it, in nats a token."""
        self.model.train()
        loss, state = self.model(tokens, targets, self.state)
        self.state = [(hidden.detach(), cell.detach()) for hidden, cell in state]
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.clip_norm)
        self.optimizer.step()
        return float(loss.item())
