"""Taggers on a small language model of any architecture, and what they score on dev when layers are detached.

Rows: `all_layers`; `scalar_mix`, the same with one mean of all layers, where these are as wide as the embedding;
`pruned`, the taggers of all_layers without all but a few layers, untrained; `retrained`, these after more training.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from statistics import mean

import torch
from safetensors.torch import load_file
from torch import Tensor

from pipeline.files import read_json
from pipeline.gates.budget import keeping_order
from pipeline.language_model import architectures
from pipeline.language_model.architectures import DIRECTIONS
from pipeline.language_model.features import BidirectionalLM, live_features, open_feature_table, write_feature_table
from pipeline.params import AblatedLMParams, TaggerParams
from pipeline.pruning.detaching import detach
from pipeline.reproducible import set_up
from pipeline.tagger.importance import layer_importance
from pipeline.tagger.model import Tagger, TaggerConfig, configure, initialise, load_tagger, save_tagger
from pipeline.tagger.scalar_mix import ScalarMixTagger
from pipeline.tagger.training import Features, Record, TaggingData, load_tagging_data, score_dev, train_tagger
from pipeline.tagger.variants import TrainingJob, train_seed

Layers = Mapping[str, Sequence[int]]  # by direction


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """One language model and the data that taggers are trained on."""

    conll: Path
    lm: Path
    variant: AblatedLMParams
    threads: int

    def load_lm(self) -> BidirectionalLM:
        """Both language models, in float32."""
        return architectures.load(self.lm, self.variant.architecture)


def training_jobs(
    ablation: Ablation, lm: BidirectionalLM, start: Path | None, out: Path, params: TaggerParams, table: Path
) -> list[TrainingJob]:
    """The jobs that train a tagger for each seed into `out`, going on from those in `start` if it is given.

    The features of `lm` are written to `table` first.
    """
    write_feature_table(lm, load_tagging_data(ablation.conll).words, table, params.precision)
    return [
        TrainingJob(
            conll=ablation.conll,
            features=table,
            feature_width=sum(lm.widths),
            start=start / f"seed-{seed}" if start else None,
            targets=None,
            out=out / f"seed-{seed}",
            params=params,
            seed=seed,
            threads=ablation.threads,
            label=f"{out.name}, seed {seed}",
            row=row,
        )
        for row, seed in enumerate(params.seeds)
    ]


def train_all_layers(job: TrainingJob) -> float:
    """Train and save a tagger that reads all features side by side; its best dev F1."""
    return best_dev_f1(train_seed(job))


def train_scalar_mix(job: TrainingJob, layers: int) -> float:
    """Train and save a tagger that reads the mean of the layers; its best dev F1."""
    assert job.features
    set_up(job.seed, job.threads)
    data = load_tagging_data(job.conll)
    tagger = ScalarMixTagger(configure(job.params, data.lexicon, job.feature_width), layers)
    initialise(tagger, data.lexicon)
    tagger.precision = getattr(torch, job.params.precision)
    features = open_feature_table(job.features, data.words, job.feature_width, job.params.precision).batch
    records = list(train_tagger(tagger, data, features, job.params, job.seed, job.label, job.row))
    save_tagger(tagger, job.out)
    return best_dev_f1(records)


def best_dev_f1(records: Iterable[Record]) -> float:
    """The dev F1 of the epoch whose weights are kept."""
    return max(record["dev_f1"] for record in records)


def layers_to_keep(ablation: Ablation, tagger: Tagger, data: TaggingData) -> dict[str, list[int]]:
    """The layers that pruning leaves: the most important ones of a dense model, the lowest ones of another, whose
    layers have no gates and need those below."""
    variant = ablation.variant
    importance = torch.zeros(2 * variant.layers)
    if variant.architecture == "dense":
        importance = layer_importance(tagger, ablation.load_lm(), data)
    kept = keeping_order(importance)[: variant.keep_layers]
    return {
        direction: sorted(index % variant.layers for index in kept if index // variant.layers == position)
        for position, direction in enumerate(DIRECTIONS)
    }


def prune_taggers(ablation: Ablation, taggers: Path, kept: Layers, seeds: Sequence[int], out: Path) -> BidirectionalLM:
    """Save the taggers without the columns of detached layers; the language models that are left."""
    lm, columns = detach(ablation.load_lm(), all_but(kept, ablation.variant.layers))
    for seed in seeds:
        save_tagger(load_tagger(taggers / f"seed-{seed}").keep_lm_features(columns), out / f"seed-{seed}")
    return lm


def all_but(kept: Layers, layers: int) -> dict[str, list[int]]:
    """The other layers."""
    return {direction: [layer for layer in range(layers) if layer not in kept[direction]] for direction in DIRECTIONS}


def dev_f1_without_layer(direction: str, ablation: Ablation, taggers: Path, seeds: Sequence[int]) -> list[float]:
    """Dev F1, the mean over seeds, of the taggers with each layer of a direction detached in turn."""
    set_up(seeds[0], ablation.threads)
    data, lm = load_tagging_data(ablation.conll), ablation.load_lm()
    full = [load_tagger(taggers / f"seed-{seed}") for seed in seeds]
    scores = []
    for layer in range(ablation.variant.layers):
        left, columns = detach(lm, {each: [layer] if each == direction else [] for each in DIRECTIONS})
        features = remembered(live_features(left, data.words))
        scores.append(round(mean(score_dev(tagger.keep_lm_features(columns), data, features) for tagger in full), 4))
    return scores


def remembered(features: Features) -> Features:
    """The same features, each batch of sentences computed once."""
    computed = cache(lambda indices: features(indices))

    def remember(indices: Sequence[int]) -> Tensor:
        return computed(tuple(indices))

    return remember


def load_scalar_mix_tagger(folder: Path, layers: int) -> ScalarMixTagger:
    """Read what `train_scalar_mix` wrote, in evaluation mode."""
    config = TaggerConfig(**read_json(folder / "config.json"))
    tagger = ScalarMixTagger(replace(config, lm_features=config.lm_features * (layers + 1)), layers)
    tagger.load_state_dict(load_file(str(folder / "weights.safetensors")))
    return tagger.eval()
