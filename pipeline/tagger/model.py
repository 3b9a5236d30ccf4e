"""The tagger (paper, section 5): characters, language-model features and word embeddings, a BiLSTM, a CRF.

One of three forward passes of the tagger, for training; the others are `ldnet.decoding.packed_tagger` for decoding and
`pipeline.exporting.onnx_graph` for ONNX. A change of one is a change of all; a test compares their scores.

Shapes: B sentences, T steps of the longest (words + 1), C characters of the longest, F language-model features, H units
of a recurrent layer, K tags. Time comes first where recurrent layers read (torch's habit), sentences first in the CRF.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ldnet.errors import ANY_STAGE, InputError, written_by
from ldnet.files import JsonObject, write_json
from ldnet.limits import MOST_WIDTH
from ldnet.text.lexicon import END_TAG, PADDING_ID, START_TAG, UNKNOWN_ID, Lexicon
from pipeline.execution.memory import ADAM_COPIES, require_memory, weight_bytes
from pipeline.execution.stored import load_weights, save_weights
from pipeline.features.sequences import reversal, take_rows
from pipeline.language_model.adaptive_softmax import cast_linear
from pipeline.language_model.dense_lstm import PARAMETERS
from pipeline.params import Precision, TaggerParams
from pipeline.tagger.batches import TaggingBatch
from pipeline.tagger.crf import CRF
from pipeline.tagger.dropout import dropout


@dataclass(frozen=True, kw_only=True)
class TaggerConfig:
    """The shape of a tagger. `lm_features` is the width F of what it reads from the language models; 0 means none."""

    words: int
    trainable_words: int
    characters: int
    tags: int
    start_tag: int
    end_tag: int
    word_dimension: int
    character_dimension: int
    character_units: int
    word_units: int
    lm_features: int
    lm_norm: bool
    dropout: float
    lm_dropout: float
    unknown_dropout: float


class WordEmbedding(nn.Module):
    """Embeddings of which the first `trainable` rows are learnt and the rest, never seen in training, stay fixed.

    Fixed rows would get no gradient anyway; keeping them out of the optimiser makes a step several times cheaper.
    In training, words without a pretrained vector are read as `<unk>` with probability `unknown_dropout`: otherwise
    `<unk>` would stand for the few words seen once, and unknown words would be misread.
    """

    def __init__(self, words: int, trainable: int, dimension: int, unknown_dropout: float):
        super().__init__()
        self.trainable = nn.Embedding(trainable, dimension)
        self.unknown_dropout = unknown_dropout
        self.fixed: Tensor
        self.register_buffer("fixed", torch.zeros(words - trainable, dimension))
        self.has_vector: Tensor
        self.register_buffer("has_vector", torch.zeros(trainable, dtype=torch.bool))

    def forward(self, ids: Tensor) -> Tensor:
        """Embeddings (..., dimension) of ids (...)."""
        count = self.trainable.num_embeddings
        if self.training:
            may_drop = (ids > PADDING_ID) & (ids < count) & ~self.has_vector[ids.clamp(max=count - 1)]
            dropped = may_drop & (torch.rand(ids.shape) < self.unknown_dropout)
            ids = ids.masked_fill(dropped, UNKNOWN_ID)
        embedded: Tensor = self.trainable(ids.clamp(max=count - 1))
        if not len(self.fixed):
            return embedded
        return torch.where((ids >= count).unsqueeze(-1), self.fixed[(ids - count).clamp(min=0)], embedded)


class BidirectionalLSTM(nn.Module):
    """One LSTM layer in each direction over padded sentences; see `pipeline.features.sequences`."""

    def __init__(self, input_size: int, units: int):
        super().__init__()
        self.from_left, self.from_right = nn.LSTM(input_size, units), nn.LSTM(input_size, units)

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """The states of both directions (T, B, units) at the steps of `inputs` (T, B, D)."""
        rows = reversal(lengths, len(inputs))
        left, right = self._run(self.from_left, inputs), self._run(self.from_right, take_rows(inputs, rows))
        return left, take_rows(right, rows)

    def _run(self, lstm: nn.LSTM, inputs: Tensor) -> Tensor:
        """All in the precision of `inputs`; the weights keep theirs."""
        zeros = inputs.new_zeros(1, inputs.shape[1], lstm.hidden_size)
        weights = [lstm.get_parameter(f"{name}_l0").to(inputs.dtype) for name in PARAMETERS]
        states: Tensor
        states, _, _ = torch.lstm(inputs, (zeros, zeros), weights, True, 1, 0.0, self.training, False, False)
        return states


class Tagger(nn.Module):
    """Scores the tags of sentences; language-model features are given, since the language models are frozen."""

    def __init__(self, config: TaggerConfig):
        super().__init__()
        self.config = config
        self.precision = torch.float32
        self.character_embedding = nn.Embedding(config.characters, config.character_dimension)
        self.character_rnn = BidirectionalLSTM(config.character_dimension, config.character_units)
        self.character_projection = nn.Linear(2 * config.character_units, config.word_dimension)
        self.word_embedding = WordEmbedding(
            config.words, config.trainable_words, config.word_dimension, config.unknown_dropout
        )
        parts = 2
        if config.lm_features:
            self.lm_projection = nn.Linear(config.lm_features, config.word_dimension)
            self.lm_norm = nn.LayerNorm(config.word_dimension) if config.lm_norm else nn.Identity()
            parts = 3
        self.word_rnn = BidirectionalLSTM(parts * config.word_dimension, config.word_units)
        self.crf = CRF(2 * config.word_units, config.tags, config.start_tag, config.end_tag)

    def compute_in(self, precision: Precision) -> None:
        """Compute all products but the CRF's in this precision from now on; the weights keep theirs."""
        self.precision = getattr(torch, precision)

    def emissions(self, batch: TaggingBatch, lm_features: Tensor | None) -> Tensor:
        """Emission scores (B, T, K); `lm_features` (T, B, F) belong to taggers with a language model."""
        if lm_features is None:
            return self.score(batch, None)
        kept = dropout(lm_features.to(self.precision), self.config.lm_dropout, self.training)
        return self.score(batch, cast_linear(self.lm_projection, kept))

    def score(self, batch: TaggingBatch, projected_lm: Tensor | None) -> Tensor:
        """Emission scores (B, T, K) from language-model features that are projected already, (T, B, word_dimension)."""
        parts = [self._read_characters(batch)]
        if projected_lm is not None:
            parts.append(F.relu(self.lm_norm(projected_lm)))
        parts.append(self.word_embedding(batch.words).to(self.precision))
        states = self.word_rnn(self._drop(torch.cat(parts, -1)), batch.lengths)  # two of (T, B, H)
        features = self._drop(torch.cat(states, -1)).transpose(0, 1)  # (B, T, 2 H)
        return self.crf.emissions(features)

    def forward(
        self, batch: TaggingBatch, lm_features: Tensor | None, target: tuple[Tensor, Tensor] | None = None
    ) -> Tensor:
        """Mean negative log-likelihood of the batch's tags, per sentence; or cross entropy relative to `target`.

        That is a distribution over paths, as `CRF.marginals` gives it.
        """
        emissions = self.emissions(batch, lm_features)
        if target is not None:
            return self.crf.cross_entropy(emissions, *target, batch.lengths).mean()
        return self.crf.negative_log_likelihood(emissions, batch.tags, batch.lengths).mean()

    @torch.no_grad()
    def decode(self, batch: TaggingBatch, lm_features: Tensor | None) -> list[list[int]]:
        """The best tag ids of each sentence."""
        return self.crf.decode(self.emissions(batch, lm_features), batch.lengths)

    def _read_characters(self, batch: TaggingBatch) -> Tensor:
        """One vector per step, (T, B, word_dimension), from one character sequence over the whole sentence."""
        embedded = self.character_embedding(batch.characters).to(self.precision)  # (C, B, character_dimension)
        left, right = self.character_rnn(embedded, batch.character_lengths)
        states = torch.cat([take_rows(left, batch.ends), take_rows(right, batch.starts)], -1)  # (T, B, 2 H)
        return cast_linear(self.character_projection, self._drop(states))

    def _drop(self, values: Tensor) -> Tensor:
        return dropout(values, self.config.dropout, self.training)


def configure(params: TaggerParams, lexicon: Lexicon, lm_features: int) -> TaggerConfig:
    """The configuration of the tagger that `params` ask for.

    Raises InputError where it fits neither the word vectors nor the memory.
    """
    dimension = lexicon.vectors.shape[1]
    if dimension not in (0, params.word_dimension):
        raise InputError(
            f"train_tagger.word_dimension: {params.word_dimension}, but the word vectors have {dimension} numbers a "
            "word"
        )
    config = TaggerConfig(
        words=len(lexicon.words),
        trainable_words=lexicon.trainable_words,
        characters=len(lexicon.characters),
        tags=len(lexicon.tags),
        start_tag=lexicon.tag_id(START_TAG),
        end_tag=lexicon.tag_id(END_TAG),
        word_dimension=params.word_dimension,
        character_dimension=params.character_dimension,
        character_units=params.character_units,
        word_units=params.word_units,
        lm_features=lm_features,
        lm_norm=params.lm_norm and lm_features > 0,
        dropout=params.dropout,
        lm_dropout=params.lm_dropout,
        unknown_dropout=params.unknown_dropout,
    )
    keys = "train_tagger.word_dimension, character_dimension, character_units, word_units"
    require_memory(ADAM_COPIES * weight_bytes(lambda: Tagger(config)), "a tagger", keys)
    return config


@torch.no_grad()
def initialise(tagger: Tagger, lexicon: Lexicon) -> None:
    """Random embeddings as in the paper's code, pretrained vectors if there are any; the rest as torch starts it."""
    for embedding in (tagger.character_embedding, tagger.word_embedding.trainable):
        bound = (3.0 / embedding.embedding_dim) ** 0.5
        nn.init.uniform_(embedding.weight, -bound, bound)
        embedding.weight[PADDING_ID] = 0.0
    for rnn in (tagger.character_rnn, tagger.word_rnn):
        for lstm in (rnn.from_left, rnn.from_right):
            nn.init.constant_(lstm.get_parameter("bias_ih_l0")[lstm.hidden_size : 2 * lstm.hidden_size], 1.0)
    if lexicon.vectors.shape[1]:
        count = lexicon.trainable_words
        vectors = torch.from_numpy(lexicon.vectors)
        known = torch.from_numpy(lexicon.has_vector.astype(bool))
        tagger.word_embedding.has_vector.copy_(known[:count])
        tagger.word_embedding.trainable.weight[known[:count]] = vectors[:count][known[:count]]
        tagger.word_embedding.fixed.copy_(vectors[count:])


def save_tagger(tagger: Tagger, folder: Path) -> None:
    """Write config.json and weights.safetensors."""
    save_weights(tagger, folder / "weights.safetensors")
    write_json(folder / "config.json", asdict(tagger.config))


def load_tagger(folder: Path, stage: str = ANY_STAGE, lexicon: Lexicon | None = None, lm_features: int = 0) -> Tagger:
    """Read what `save_tagger` wrote, in evaluation mode.

    `stage` wrote it. Raises InputError if a file is missing or damaged, or if the tagger does not belong to the
    `lexicon`, where that is given, and to so many features of language models.
    """
    if not (folder / "weights.safetensors").is_file():
        raise InputError(f"{folder}: no tagger there; run the stage {stage}")
    with written_by(stage):
        config = read_config(folder / "config.json")
        if lexicon is not None:
            _check_fits(folder / "config.json", config, lexicon, lm_features)
    return load_weights(lambda: Tagger(config), folder / "weights.safetensors", stage).eval()


def read_config(path: Path) -> TaggerConfig:
    """The configuration in a file. Raises InputError that names the key that is wrong."""
    config = JsonObject.read(path)
    words, tags = config.whole("words", 1), config.whole("tags", 1, MOST_WIDTH + 1)
    return TaggerConfig(
        words=words,
        trainable_words=config.whole("trainable_words", 1, words + 1),
        characters=config.whole("characters", 1),
        tags=tags,
        start_tag=config.whole("start_tag", 0, tags),
        end_tag=config.whole("end_tag", 0, tags),
        word_dimension=config.whole("word_dimension", 1, MOST_WIDTH + 1),
        character_dimension=config.whole("character_dimension", 1, MOST_WIDTH + 1),
        character_units=config.whole("character_units", 1, MOST_WIDTH + 1),
        word_units=config.whole("word_units", 1, MOST_WIDTH + 1),
        lm_features=config.whole("lm_features"),
        lm_norm=config.truth("lm_norm", False),
        dropout=config.number("dropout", 0, 1),
        lm_dropout=config.number("lm_dropout" if "lm_dropout" in config.content else "dropout", 0, 1),
        unknown_dropout=config.number("unknown_dropout", 0, 1),
    )


def _check_fits(path: Path, config: TaggerConfig, lexicon: Lexicon, lm_features: int) -> None:
    sizes = {
        "words": len(lexicon.words),
        "trainable_words": lexicon.trainable_words,
        "characters": len(lexicon.characters),
        "tags": len(lexicon.tags),
        "lm_features": lm_features,
    }
    for key, expected in sizes.items():
        if (found := getattr(config, key)) != expected:
            source = "of the language models" if key == "lm_features" else "of the lexicon"
            raise InputError(f"{path}: {key}: expected {expected:,}, that {source}, found {found:,}")
