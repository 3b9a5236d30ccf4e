"""Taggers on a small language model of any architecture, trained and with layers taken away.

Rows: `all_layers`; `scalar_mix`, the same with one mean of all layers, where these are as wide as the embedding;
`pruned`, the taggers of all_layers without all but a few layers, untrained; `retrained`, these after more training.
Whatever they were trained in, all are scored in float32.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from torch import Tensor

from ablations import architectures
from ablations.architectures import DIRECTIONS
from ablations.detaching import without_layers
from ablations.scalar_mix import ScalarMixTagger
from pipeline.execution.finite import keeping_evidence
from pipeline.execution.processes import OrderedMap
from pipeline.execution.reproducible import set_up
from pipeline.execution.stored import load_weights
from pipeline.features.contextual import BidirectionalLM, live_features, open_feature_table, write_feature_table
from pipeline.params import AblatedLMParams, TaggerParams
from pipeline.pruning.pruning import prune_tagger
from pipeline.selection.budget import keeping_order
from pipeline.tagger.model import Tagger, configure, initialise, load_tagger, read_config, save_tagger
from pipeline.tagger.seeds import TrainingJob, train_seed
from pipeline.tagger.tagging_data import TaggingData, load_tagging_data
from pipeline.tagger.training import Features, score_dev, train_tagger

ROWS = ("all_layers", "scalar_mix", "pruned", "retrained")
DETACHED = ("pruned", "retrained")  # their language models have the layers kept alone
Layers = Mapping[str, Sequence[int]]  # by direction


@dataclass(frozen=True, kw_only=True)
class Ablation:
    """One language model, the data that taggers are trained on, and where they go (<row>/seed-<seed>)."""

    conll: Path
    lm: Path
    candidate: AblatedLMParams
    taggers: Path
    seeds: Sequence[int]
    threads: int

    def load_lm(self) -> BidirectionalLM:
        """Both language models, in float32."""
        return architectures.load(self.lm, self.candidate.architecture)

    def load_tagger(self, row: str, seed: int) -> Tagger:
        """A trained tagger, in evaluation mode."""
        folder = self.taggers / row / f"seed-{seed}"
        return load_scalar_mix_tagger(folder, self.candidate.layers) if row == "scalar_mix" else load_tagger(folder)


def train_rows(
    ablation: Ablation, training: TaggerParams, retraining: TaggerParams, scratch: Path, in_processes: OrderedMap
) -> dict[str, Any]:
    """Train and save the taggers of all rows; the layers kept, and what they are chosen by and score on dev.

    The feature table and checkpoints are in `scratch`.
    """
    full, table = ablation.load_lm(), scratch / "features"
    jobs = training_jobs(ablation, full, "all_layers", training, table)
    list(in_processes(train_once, jobs))
    if ablation.candidate.units == full.forward_lm.config.embedding:
        mixed = partial(train_once, mixed_layers=ablation.candidate.layers)
        list(in_processes(mixed, _scalar_mix_jobs(ablation, jobs, scratch)))
    scores = in_processes(partial(f1_without_layer, ablation=ablation), DIRECTIONS)
    dev_f1_without_layer = dict(zip(DIRECTIONS, scores, strict=True))
    kept = layers_to_keep(dev_f1_without_layer, ablation.candidate.keep_layers)
    left = prune_taggers(ablation, kept)
    again = partial(train_once, start=ablation.taggers / "pruned")
    list(in_processes(again, training_jobs(ablation, left, "retrained", retraining, table)))

    trained = [row for row in ROWS if (ablation.taggers / row).is_dir()]
    rows = {
        row: {
            "dev_f1": dev_f1,
            "dev_f1_mean": round(mean(dev_f1), 4),
            "lm_macs_per_word": (left if row in DETACHED else full).macs(),
        }
        for row, dev_f1 in score_rows(ablation, trained, kept, load_tagging_data(ablation.conll)).items()
    }
    return {"layers_kept": kept, "dev_f1_without_layer": dev_f1_without_layer, "rows": rows}


def _scalar_mix_jobs(ablation: Ablation, jobs: Iterable[TrainingJob], scratch: Path) -> list[TrainingJob]:
    """The same jobs, for the row scalar_mix."""
    return [
        replace(
            job,
            out=ablation.taggers / "scalar_mix" / job.out.name,
            label=f"scalar_mix, seed {job.seed}",
            checkpoint=scratch / f"scalar_mix-seed-{job.seed}",
        )
        for job in jobs
    ]


def training_jobs(
    ablation: Ablation, lm: BidirectionalLM, row: str, params: TaggerParams, table: Path
) -> list[TrainingJob]:
    """The jobs that train a row's tagger for each seed. The features of `lm` are written to `table` first;
    checkpoints go beside it."""
    write_feature_table(lm, load_tagging_data(ablation.conll).words, table, params.precision)
    return [
        TrainingJob(
            conll=ablation.conll,
            features=table,
            feature_width=sum(lm.widths),
            targets=None,
            out=ablation.taggers / row / f"seed-{seed}",
            params=params,
            seed=seed,
            threads=ablation.threads,
            label=f"{row}, seed {seed}",
            row=position,
            checkpoint=table.with_name(f"{row}-seed-{seed}"),
        )
        for position, seed in enumerate(params.seeds)
    ]


def train_once(job: TrainingJob, mixed_layers: int = 0, start: Path | None = None) -> None:
    """Train and save a tagger, unless it is there: a killed stage resumes with the unfinished ones.

    With `mixed_layers`, it reads the mean of so many layers in place of all side by side. With `start`, a folder of
    taggers, training continues from the tagger of the job's seed.
    """
    if job.out.is_dir():
        return
    unfinished = replace(job, out=job.out.with_name(f"{job.out.name}.part"))
    if mixed_layers:
        train_scalar_mix(unfinished, mixed_layers)
    elif start is not None:
        train_on(unfinished, load_tagger(start / f"seed-{job.seed}"))
    else:
        train_seed(unfinished)
    unfinished.out.rename(job.out)


def train_scalar_mix(job: TrainingJob, layers: int) -> None:
    """Train and save a tagger that reads the mean of the layers."""
    set_up(job.seed, job.threads)
    data = load_tagging_data(job.conll)
    tagger = ScalarMixTagger(configure(job.params, data.lexicon, job.feature_width), layers)
    initialise(tagger, data.lexicon)
    train_on(job, tagger)


def train_on(job: TrainingJob, tagger: Tagger) -> None:
    """Train a tagger from the weights that it has, and save it."""
    assert job.features
    set_up(job.seed, job.threads)
    data = load_tagging_data(job.conll)
    tagger.compute_in(job.params.precision)
    features = open_feature_table(job.features, data.words, job.feature_width, job.params.precision).batch
    with keeping_evidence(f"{job.out.parent.name}-{job.out.name}", job.section):
        for _ in train_tagger(
            tagger, data, features, job.params, seed=job.seed, label=job.label, row=job.row, checkpoint=job.checkpoint
        ):
            pass  # the curve is not kept
    save_tagger(tagger, job.out)


def load_scalar_mix_tagger(folder: Path, layers: int) -> ScalarMixTagger:
    """Read what `train_scalar_mix` wrote, in evaluation mode."""
    config = read_config(folder / "config.json")
    mixed = replace(config, lm_features=config.lm_features * (layers + 1))
    return load_weights(lambda: ScalarMixTagger(mixed, layers), folder / "weights.safetensors").eval()


def f1_without_layer(direction: str, ablation: Ablation) -> list[float]:
    """Dev F1, in percent and the mean over seeds, of all_layers without each layer of a direction in turn."""
    set_up(ablation.seeds[0], ablation.threads)
    data, lm = load_tagging_data(ablation.conll), ablation.load_lm()
    taggers = [ablation.load_tagger("all_layers", seed) for seed in ablation.seeds]
    scores = []
    for layer in range(ablation.candidate.layers):
        left, columns = without_layers(lm, {each: [layer] if each == direction else [] for each in DIRECTIONS})
        features = remembered(live_features(left, data.words))
        f1 = mean(score_dev(prune_tagger(tagger, columns), data, features) for tagger in taggers)
        scores.append(round(f1, 4))
    return scores


def layers_to_keep(dev_f1_without: Mapping[str, Sequence[float]], count: int) -> dict[str, list[int]]:
    """The layers, over both directions, without which dev F1 is lowest; of equal ones, the lower layers."""
    layers = len(dev_f1_without[DIRECTIONS[0]])
    missed = -torch.tensor([dev_f1_without[direction] for direction in DIRECTIONS]).flatten()
    kept = keeping_order(missed)[:count]
    return {
        direction: sorted(index % layers for index in kept if index // layers == position)
        for position, direction in enumerate(DIRECTIONS)
    }


def prune_taggers(ablation: Ablation, kept: Layers) -> BidirectionalLM:
    """Save the taggers of all_layers without the columns of other layers than `kept`; the language models left."""
    lm, columns = without_layers(ablation.load_lm(), all_but(kept, ablation.candidate.layers))
    for seed in ablation.seeds:
        tagger = prune_tagger(ablation.load_tagger("all_layers", seed), columns)
        save_tagger(tagger, ablation.taggers / "pruned" / f"seed-{seed}")
    return lm


def all_but(kept: Layers, layers: int) -> dict[str, list[int]]:
    """The other layers."""
    return {direction: [layer for layer in range(layers) if layer not in kept[direction]] for direction in DIRECTIONS}


def score_rows(ablation: Ablation, rows: Iterable[str], kept: Layers, data: TaggingData) -> dict[str, list[float]]:
    """Span F1 on the dev sentences of `data`, in percent, of each row's taggers, one number a seed."""
    lm = ablation.load_lm()
    left, _ = without_layers(lm, all_but(kept, ablation.candidate.layers))
    every, few = (remembered(live_features(model, data.words)) for model in (lm, left))
    return {
        row: [
            round(score_dev(ablation.load_tagger(row, seed), data, few if row in DETACHED else every), 4)
            for seed in ablation.seeds
        ]
        for row in rows
    }


def remembered(features: Features) -> Features:
    """The same features, each batch of sentences computed once."""
    computed = cache(features)

    def remember(indices: Sequence[int]) -> Tensor:
        return computed(tuple(indices))

    return remember
