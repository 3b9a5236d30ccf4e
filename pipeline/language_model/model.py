"""The language model of one direction (paper, section 3): embedding, dense LSTM, projection, adaptive softmax.

The backward model is the same class, trained on the reversed text. Shapes: T steps, B streams,
P projection width.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from ldnet.errors import ANY_STAGE, InputError, written_by
from ldnet.files import JsonObject, is_texts, read_json, write_json
from ldnet.limits import MOST_LAYERS, MOST_WIDTH
from ldnet.printable import HALF_CHARACTER, quoted
from pipeline.execution.stored import damaged, load_weights, save_weights
from pipeline.language_model.adaptive_softmax import AdaptiveSoftmax, cast_linear
from pipeline.language_model.dense_lstm import DenseLSTM, LSTMStack, State, sparse_dropout
from pipeline.params import Precision

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

    def compute_in(self, precision: Precision) -> None:
        """Compute activations and products in this precision from now on; the weights keep theirs."""
        self.precision = getattr(torch, precision)

    def embed(self, tokens: Tensor) -> Tensor:
        """Word embeddings with dropout, (T, B, embedding)."""
        return sparse_dropout(self.embedding(tokens).to(self.precision), self.config.dropout, self.training)

    def forward(self, tokens: Tensor, targets: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Mean negative log-likelihood of `targets` given `tokens` (both (T, B)), and the state after."""
        output, state = self.represent(tokens, state)
        projected = sparse_dropout(cast_linear(self.projection, output), self.config.dropout, self.training)
        return self.softmax(projected.flatten(0, 1), targets.flatten()).mean(), state  # of (T B, P) and (T B)


def save_language_model(model: LanguageModel, vocabulary: list[str], folder: Path) -> None:
    """Write config.json, vocabulary.json and weights.safetensors."""
    save_weights(model, folder / "weights.safetensors")
    write_json(folder / "config.json", asdict(model.config))
    write_json(folder / "vocabulary.json", vocabulary)


def load_language_model(
    folder: Path, stage: str = ANY_STAGE, build: Callable[[LMConfig], LanguageModel] = LanguageModel
) -> tuple[LanguageModel, list[str]]:
    """Read what `save_language_model` wrote: the model in evaluation mode and its vocabulary.

    `stage` wrote it, and `build` makes the model of a configuration. Raises InputError if a file is missing or damaged,
    or if they do not fit together.
    """
    if not (folder / "weights.safetensors").is_file():
        raise InputError(f"{folder}: no language model there; run the stage {stage}")
    with written_by(stage):
        config = read_config(folder / "config.json")
    model = load_weights(lambda: build(config), folder / "weights.safetensors", stage)
    vocabulary = read_vocabulary(folder / "vocabulary.json", stage)
    # The paper's code predicts one word more than it embeds; imported models embed it as zeros.
    if len(vocabulary) > config.vocabulary_size or model.embedding.weight[len(vocabulary) :].any():
        expected = f"{config.vocabulary_size:,} words, as config.json and the weights have"
        raise damaged(folder / "vocabulary.json", expected, f"{len(vocabulary):,}", stage)
    return model.eval(), vocabulary


def read_vocabulary(path: Path, stage: str = ANY_STAGE) -> list[str]:
    """The words of a language model by number. Raises InputError for any other file."""
    with written_by(stage):
        words = read_json(path)
    if not is_texts(words):
        raise damaged(path, "a list of texts", "something else", stage)
    if half := next(filter(HALF_CHARACTER.search, words), None):
        raise damaged(path, "words of whole characters", quoted(half), stage)
    return list(words)


def read_config(path: Path) -> LMConfig:
    """The configuration in a file. Raises InputError that names the key that is wrong."""
    config = JsonObject.read(path)
    words = config.whole("vocabulary_size", 2)
    cutoffs = config.wholes("cutoffs")
    if not cutoffs or cutoffs != sorted(set(cutoffs)) or cutoffs[0] < 1 or cutoffs[-1] >= words:
        raise config.error("cutoffs", f"increasing numbers below {words:,}, the number of words")
    return LMConfig(
        vocabulary_size=words,
        embedding=config.whole("embedding", 1, MOST_WIDTH + 1),
        units=config.whole("units", 1, MOST_WIDTH + 1),
        layers=config.whole("layers", 0, MOST_LAYERS + 1),
        projection=config.whole("projection", 1, MOST_WIDTH + 1),
        cutoffs=cutoffs,
        dropout=config.number("dropout", 0, 1),
        layer_dropout=config.number("layer_dropout", 0, 1),
    )


def detach(state: State) -> State:
    """The state's values without their history, to be carried into the next step of truncated back-propagation."""
    return [(hidden.detach(), cell.detach()) for hidden, cell in state]


@torch.no_grad()
def parameter_count(*modules: nn.Module) -> int:
    """Number of weights."""
    return sum(parameter.numel() for module in modules for parameter in module.parameters())
