"""Whether product and baseline compute the same, and how many multiply-accumulates that takes.

Each check gives the largest absolute difference of the outputs of both, and the work by the closed form of
`pipeline.evaluation.cost`.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from bench.baseline.batches import make_batch
from bench.baseline.language_model import LanguageModel
from bench.baseline.tagger import Tagger, penalty
from bench.baseline_work import encode, make_baseline_tagger
from bench.data import BenchData, paper_params
from bench.models import make_bidirectional_lm, make_language_model, make_models, make_tagger
from ldnet.decoding.bulk_tagger import BulkTagger
from ldnet.decoding.precision import DecodingPrecision
from pipeline.evaluation.cost import characters_per_word, macs_by_part
from pipeline.evaluation.finished import bulk_tagger
from pipeline.features.contextual import BidirectionalLM, live_features
from pipeline.language_model.dense_lstm import DenseLSTM
from pipeline.language_model.model import LanguageModel as ProductLM
from pipeline.params import Precision
from pipeline.pretraining.streams import batches_of_shard
from pipeline.selection import regularised_gates as regularisers
from pipeline.tagger.batches import collate
from pipeline.tagger.model import Tagger as ProductTagger
from pipeline.tagger.model import TaggerConfig

CHECKED_SENTENCES = 20
CHECKED_STREAMS = 8


@dataclass(frozen=True)
class Check:
    """Of one row."""

    difference: float | None  # largest absolute difference of outputs; None without a baseline
    operations: float | None  # floating-point operations of a word or token, two a multiply-accumulate
    executed: float | None = None  # those of them that the product executes, where it leaves some out


def pretraining(width: int, projection: int, precision: Precision, folder: Path) -> Check:
    """The loss (nats a token) of two steps without dropout, the state carried over."""
    data, params = BenchData.load(folder), paper_params().pretrain_lm
    model = make_language_model(len(data.vocabulary), width, projection).eval()
    baseline = LanguageModel(model).eval()
    model.compute_in(precision)
    difference = 0.0
    state = baseline_state = None
    tokens = data.ids()[: CHECKED_STREAMS * (2 * params.steps + 1)]
    with torch.no_grad():
        for batch in batches_of_shard(tokens, CHECKED_STREAMS, params.steps, reverse=False):
            loss, state = model(batch.tokens, batch.targets, state)
            expected, baseline_state = baseline(batch.tokens, batch.targets, baseline_state)
            difference = max(difference, abs(float(loss - expected)))
    macs = model.rnn.macs() + softmax_macs(model, data)
    return Check(difference, 6 * macs, 6 * (macs - dropped_macs(model)))


def dropped_macs(model: ProductLM) -> float:
    """Multiply-accumulates of a token with the columns that layer-wise dropout removes, on average."""
    assert isinstance(model.rnn, DenseLSTM)
    units, dropout = model.rnn.units, model.rnn.layer_dropout
    return sum(dropout * 4 * units * below * units for below in range(len(model.rnn.layers)))


def softmax_macs(model: ProductLM, data: BenchData) -> float:
    """Multiply-accumulates of projection and adaptive softmax for a token, a tail's by the share of its words."""
    softmax = model.softmax
    macs = float(model.projection.weight.numel() + softmax.head.weight.numel())
    ids = torch.from_numpy(data.ids())
    for tail, start, end in zip(softmax.tails, softmax.bounds[:-1], softmax.bounds[1:], strict=True):
        share = float(((ids >= start) & (ids < end)).float().mean())
        macs += share * sum(weight.numel() for weight in tail.parameters())
    return macs


def tagger_training(precision: Precision, folder: Path) -> Check:
    """The loss of a batch without dropout (nats a word). The product's LM features come from a table, so that its
    operations are those of the tagger alone."""
    data = BenchData.load(folder)
    lm = make_bidirectional_lm(data)
    tagger = make_tagger(data.tagging.lexicon, sum(lm.widths))
    lm.compute_in(precision)
    tagger.compute_in(precision)
    difference = _loss_difference(tagger, lm, make_baseline_tagger(data, "full"), None, data)
    return Check(difference, 6 * sum(_macs(tagger.config, lm, data, language_models=False)))


def feature_table(folder: Path) -> Check:
    """Nothing to compare."""
    lm = make_bidirectional_lm(BenchData.load(folder))
    return Check(None, 2 * lm.macs())


def selection(precision: Precision, folder: Path) -> Check:
    """The loss of a batch without dropout (nats a word), penalty included, all gates at 0.9.

    The frozen language models' weights get no gradient: their part is counted twice, the tagger's three times.
    """
    data = BenchData.load(folder)
    lm = make_bidirectional_lm(data)
    lm.compute_in(precision)
    tagger, baseline = make_tagger(data.tagging.lexicon, sum(lm.widths)), make_baseline_tagger(data, "full")
    tagger.compute_in(precision)
    gates = torch.full((2 * paper_params().pretrain_lm.layers,), 0.9)
    baseline.set_gates(gates)
    difference = _loss_difference(tagger, lm, baseline, gates, data)
    of_lm, of_tagger = (sum(_macs(tagger.config, lm, data, language_models=part)) for part in (True, False))
    return Check(difference, 4 * of_lm + 6 * of_tagger)


def decoding(kind: str, precision: DecodingPrecision, folder: Path) -> Check:
    """Emission scores of the first sentences, and the score of the product's path below that of the baseline's."""
    data = BenchData.load(folder)
    tagger, lm = make_models(kind, data)
    bulk = bulk_tagger(tagger, lm, data.tagging.lexicon, precision)
    difference = _decoding_difference(bulk, make_baseline_tagger(data, kind), data)
    parts = [part for language_models in (True, False) for part in _macs(tagger.config, lm, data, language_models)]
    return Check(difference, 2 * sum(parts))


def encoding(folder: Path) -> Check:
    """Nothing to compare, and no arithmetic to speak of."""
    assert (folder / "raw").is_dir()
    return Check(None, None)


def _macs(config: TaggerConfig, lm: BidirectionalLM | None, data: BenchData, language_models: bool) -> list[int]:
    """Multiply-accumulates of a word in the language models, or in all the rest."""
    parts = macs_by_part(config, lm, characters_per_word(data.tagging.train))
    return [macs for part, macs in parts.items() if (part == "language_models") == language_models]


@torch.no_grad()
def _loss_difference(
    tagger: ProductTagger, lm: BidirectionalLM, baseline: Tagger, gates: Tensor | None, data: BenchData
) -> float:
    used = data.slice(CHECKED_SENTENCES)
    count = len(used.train)
    features = live_features(lm, used.words, gates)(range(count))
    ours = tagger(collate(used.encoded_train), features)
    theirs = baseline.loss(make_batch(encode(data)[:count], used.lexicon))
    words = sum(len(sentence.words) for sentence in used.train) / count
    if gates is not None:
        strength, max_layers = paper_params().select.strength, paper_params().select.max_layers
        ours = ours + strength * regularisers.penalty("r3", gates, max_layers)
        theirs = theirs + strength * penalty(baseline.gates, max_layers)
    return abs(float(ours - theirs)) / words


@torch.no_grad()
def _decoding_difference(bulk: BulkTagger, baseline: Tagger, data: BenchData) -> float:
    """Emissions sentence by sentence; paths by their scores, since equally good paths may differ."""
    used = data.slice(CHECKED_SENTENCES)
    sentences = [sentence.words for sentence in used.train]
    emissions, _ = bulk.emissions(sentences)
    tagged = bulk.tag(sentences)
    largest = 0.0
    for index, encoded in enumerate(encode(data)[: len(used.train)]):
        batch = make_batch([replace(encoded, tags=[])], used.lexicon)
        scores = baseline(batch)
        expected = (scores - baseline.crf.transitions)[:, 0, 0]
        largest = max(largest, float((emissions[index, : len(expected)] - expected).abs().max()))
        best = baseline.crf.decode(scores, batch.mask).squeeze(1)
        ours = torch.tensor([used.lexicon.tag_id(tag) for tag in tagged[index]])
        largest = max(largest, _path_score(baseline, scores, best) - _path_score(baseline, scores, ours))
    return largest


def _path_score(baseline: Tagger, scores: Tensor, path: Tensor) -> float:
    tags = torch.cat([torch.tensor([baseline.crf.start]), path, torch.tensor([baseline.crf.end])])
    return float(sum(scores[step, 0, tags[step], tags[step + 1]].double() for step in range(len(scores))))
