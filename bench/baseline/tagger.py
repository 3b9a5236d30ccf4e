"""The tagger with its language models, run again for every batch; its training steps and its decoding.

Shapes: T steps, C characters, B sentences, D widths, K tags.
"""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bench.baseline.batches import Batch, Encoded, make_batch
from bench.baseline.crf import CRF
from bench.baseline.dense_lstm import kept_columns, prune
from bench.baseline.language_model import LanguageModel
from ldnet.text.lexicon import Lexicon
from pipeline.features.contextual import BidirectionalLM
from pipeline.language_model.model import LanguageModel as ProductLM
from pipeline.tagger.model import Tagger as ProductTagger

BATCH_SENTENCES = 10
LEARNING_RATE, MOMENTUM, CLIP_NORM = 0.015, 0.9, 5.0
LM_DROPOUT = 0.5  # of the frozen language models' inputs while a tagger is trained


class Tagger(nn.Module):
    """Characters, language-model features and word embeddings; a BiLSTM; a CRF."""

    def __init__(self, product: ProductTagger, lm: BidirectionalLM | None):
        super().__init__()
        config = product.config
        self.dropout = config.dropout
        self.character_embedding = nn.Embedding(config.characters, config.character_dimension)
        self.character_forward = nn.LSTM(config.character_dimension, config.character_units)
        self.character_backward = nn.LSTM(config.character_dimension, config.character_units)
        self.character_projection = nn.Linear(2 * config.character_units, config.word_dimension)
        self.word_embedding = nn.Embedding(config.words, config.word_dimension)
        width = (3 if lm else 2) * config.word_dimension
        self.word_forward, self.word_backward = nn.LSTM(width, config.word_units), nn.LSTM(width, config.word_units)
        self.crf = CRF(2 * config.word_units, config.tags, config.start_tag, config.end_tag)
        if lm:
            self.lm_projection = nn.Linear(config.lm_features, config.word_dimension)
            self.forward_lm, self.backward_lm = (_frozen(model) for model in (lm.forward_lm, lm.backward_lm))
        self._load(product)

    def _load(self, product: ProductTagger) -> None:
        renamed = {
            "character_rnn.from_left": "character_forward",
            "character_rnn.from_right": "character_backward",
            "word_rnn.from_left": "word_forward",
            "word_rnn.from_right": "word_backward",
        }
        weights = {}
        for name, weight in product.state_dict().items():
            module, _, parameter = name.rpartition(".")
            if module != "word_embedding" and not module.startswith("word_embedding."):
                weights[f"{renamed.get(module, module)}.{parameter}"] = weight.clone()
        embedding = product.word_embedding
        weights["word_embedding.weight"] = torch.cat([embedding.trainable.weight.detach(), embedding.fixed])
        missing = self.load_state_dict(weights, strict=False)
        assert all(name.split(".")[0] in ("forward_lm", "backward_lm") for name in missing.missing_keys), missing
        assert not missing.unexpected_keys, missing

    @property
    def gates(self) -> Tensor:
        """The gates of both directions (2 L), which may be trained."""
        return torch.cat([self.forward_lm.rnn.gates, self.backward_lm.rnn.gates])

    def set_gates(self, gates: Tensor) -> None:
        """Give both directions their gates."""
        for model, values in zip((self.forward_lm, self.backward_lm), gates.chunk(2), strict=True):
            model.rnn.gates.data.copy_(values)

    @torch.no_grad()
    def delete_layers(self) -> None:
        """Delete the layers whose gate is 0; the other gates are still multiplied."""
        columns, before = [], 0
        for model in (self.forward_lm, self.backward_lm):
            stack = model.rnn
            kept = [index for index, gate in enumerate(stack.gates.tolist()) if gate > 0]
            columns += [before + column for column in kept_columns(stack, kept)]
            before += stack.input_size + len(stack.layers) * stack.units
            model.rnn = prune(stack, kept)
            model.rnn.requires_grad_(False)
            model.rnn.train(self.training)
        weight = self.lm_projection.weight[:, columns].clone()
        self.lm_projection.weight = nn.Parameter(weight)

    def forward(self, batch: Batch) -> Tensor:
        """CRF scores (T, B, K, K)."""
        parts = [self._read_characters(batch)]
        if hasattr(self, "lm_projection"):
            features = self._drop(self._run_language_models(batch))
            parts.append(F.relu(self.lm_projection(features)))
        parts.append(self.word_embedding(batch.words))
        inputs = self._drop(torch.cat(parts, 2))
        left, _ = self.word_forward(inputs)
        right, _ = self.word_backward(_rows(inputs, batch.realigned))
        states = torch.cat([left, _rows(right, batch.realigned)], 2)
        return cast(Tensor, self.crf(self._drop(states)))

    def loss(self, batch: Batch) -> Tensor:
        """Mean negative log-likelihood of the batch's tags, per sentence."""
        return self.crf.loss(self(batch), batch.tags, batch.mask)

    def _read_characters(self, batch: Batch) -> Tensor:
        left, _ = self.character_forward(self.character_embedding(batch.forward_characters))
        right, _ = self.character_backward(self.character_embedding(batch.backward_characters))
        states = torch.cat([_rows(left, batch.ends), _rows(right, batch.starts)], 2)
        return cast(Tensor, self.character_projection(self._drop(states)))

    def _run_language_models(self, batch: Batch) -> Tensor:
        from_left, _ = self.forward_lm.represent(batch.forward_lm)
        from_right, _ = self.backward_lm.represent(batch.backward_lm)
        return torch.cat([from_left, _rows(from_right, batch.realigned)], 2)

    def _drop(self, values: Tensor) -> Tensor:
        return F.dropout(values, self.dropout, self.training)


def _rows(values: Tensor, rows: Tensor) -> Tensor:
    """Per sentence, the rows (S, B) of `values` (T, B, D)."""
    return values[rows, torch.arange(values.shape[1])]


def _frozen(product: ProductLM) -> LanguageModel:
    """The language model without what a tagger does not use, its weights fixed."""
    model = LanguageModel(product)
    del model.projection, model.softmax
    model.dropout = model.rnn.dropout = LM_DROPOUT
    model.rnn.layer_dropout = 0.0
    return model.requires_grad_(False)


class Training:
    """SGD with momentum on the tagger alone, or on the gates too: layer selection."""

    def __init__(self, tagger: Tagger, lexicon: Lexicon, strength: float | None = None, max_layers: int = 0):
        self.tagger, self.lexicon = tagger, lexicon
        self.strength, self.max_layers = strength, max_layers
        if strength is not None:
            for model in (tagger.forward_lm, tagger.backward_lm):
                model.rnn.gates.requires_grad_(True)
        self.parameters = [parameter for parameter in tagger.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.SGD(self.parameters, lr=LEARNING_RATE, momentum=MOMENTUM)

    def step(self, sentences: Sequence[Encoded]) -> float:
        """One update; the CRF loss before it, in nats a sentence."""
        self.tagger.train()
        self.optimizer.zero_grad()
        crf_loss = self.tagger.loss(make_batch(sentences, self.lexicon))
        loss = crf_loss
        if self.strength is not None:
            loss = loss + self.strength * penalty(self.tagger.gates, self.max_layers)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.parameters, CLIP_NORM)
        self.optimizer.step()
        if self.strength is not None:
            self.tagger.set_gates(self.tagger.gates.detach().clamp(0, 1))
        return float(crf_loss.item())


def penalty(gates: Tensor, max_layers: int) -> Tensor:
    """R3 = [|z|_0 > max_layers] sum z + sum z (1 - z)."""
    value = (gates * (1 - gates)).sum()
    if int((gates > 0).sum()) > max_layers:
        value = value + gates.sum()
    return value


@torch.no_grad()
def tag(tagger: Tagger, sentences: Sequence[Encoded], lexicon: Lexicon) -> list[list[str]]:
    """The tags of all sentences, in batches of 10 in the order in which they come."""
    tagger.eval()
    tagged = []
    for start in range(0, len(sentences), BATCH_SENTENCES):
        batch = make_batch(sentences[start : start + BATCH_SENTENCES], lexicon)
        paths = tagger.crf.decode(tagger(batch), batch.mask)
        for path, length in zip(paths.unbind(1), batch.lengths, strict=True):
            tagged.append([lexicon.tags[number] for number in path[:length].tolist()])
    return tagged
