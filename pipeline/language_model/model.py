"""The language model of one direction (paper, section 3): embedding, dense LSTM, projection, adaptive softmax.

The backward model is the same class, trained on the reversed text. Shapes: T steps, B streams.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ldnet.errors import InputError
from ldnet.files import read_json, write_json
from pipeline.language_model.adaptive_softmax import AdaptiveSoftmax, cast_linear
from pipeline.language_model.dense_lstm import DenseLSTM, LSTMStack, State, sparse_dropout

EMBEDDING_SPREAD = 0.1  # standard deviation of untrained embeddings


@dataclass(frozen=True, kw_only=True)
class LMConfig:
    """The shape of a language model: all that is needed to build it before its weights are loaded."""

    vocabulary_size: int
    embedding: int
    units: int
    layers: int
    projection: int
    cutoffs: list[int]
    dropout: float
    layer_dropout: float


class LanguageModel(nn.Module):
    """Predicts the next token of each stream; its contextual representation is `represent`."""

    def __init__(self, config: LMConfig):
        super().__init__()
        self.config = config
        self.precision = torch.float32  # of activations and products; training may lower it, the weights keep theirs
        self.embedding = nn.Embedding(
            config.vocabulary_size, config.embedding, sparse=True
        )  # few rows change in a step
        nn.init.normal_(self.embedding.weight, std=EMBEDDING_SPREAD)
        sizes = (config.embedding, config.units, config.layers)
        self.rnn: LSTMStack = DenseLSTM(*sizes, config.dropout, config.layer_dropout)
        self.projection = nn.Linear(self.rnn.output_size, config.projection)
        self.softmax = AdaptiveSoftmax(config.projection, config.vocabulary_size, config.cutoffs)

    def represent(
        self, tokens: Tensor, state: State | None = None, gates: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Contextual representations (T, B, embedding + layers * units) of `tokens` (T, B), and the state after."""
        output, state = self.rnn(self.embed(tokens), state, gates)
        return output, state

    def embed(self, tokens: Tensor) -> Tensor:
        """Word embeddings with dropout, (T, B, embedding)."""
        return sparse_dropout(self.embedding(tokens).to(self.precision), self.config.dropout, self.training)

    def forward(self, tokens: Tensor, targets: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Mean negative log-likelihood of `targets` given `tokens` (both (T, B)), and the state after."""
        output, state = self.represent(tokens, state)
        projected = sparse_dropout(cast_linear(self.projection, output), self.config.dropout, self.training)
        return self.softmax(projected.flatten(0, 1), targets.flatten()).mean(), state


def save_language_model(model: LanguageModel, vocabulary: list[str], folder: Path) -> None:
    """Write config.json, vocabulary.json and weights.safetensors."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", asdict(model.config))
    write_json(folder / "vocabulary.json", vocabulary)
    weights = {name: tensor.detach().contiguous() for name, tensor in model.state_dict().items()}
    save_file(weights, str(folder / "weights.safetensors"))


def load_language_model(folder: Path) -> tuple[LanguageModel, list[str]]:
    """Read what `save_language_model` wrote: the model in evaluation mode and its vocabulary."""
    if not (folder / "weights.safetensors").is_file():
        raise InputError(f"{folder}: no language model there; run the stage pretrain_lm")
    model = LanguageModel(LMConfig(**read_json(folder / "config.json")))
    model.load_state_dict(load_file(str(folder / "weights.safetensors")))
    return model.eval(), read_json(folder / "vocabulary.json")


def detach(state: State) -> State:
    """The state's values without their history, to be carried into the next step of truncated back-propagation."""
    return [(hidden.detach(), cell.detach()) for hidden, cell in state]


@torch.no_grad()
def parameter_count(model: nn.Module) -> int:
    """Number of weights."""
    return sum(parameter.numel() for parameter in model.parameters())
