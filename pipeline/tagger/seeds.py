"""One tagger variant, trained from random weights with several seeds, a process each.

A seed's result does not depend on the others. Gold and taught taggers differ in their targets and parameters alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from ldnet.files import write_json
from pipeline.checkpoints import Computation, checkpoint_folder
from pipeline.execution.finite import keeping_evidence
from pipeline.execution.processes import ordered_map, processes_for
from pipeline.execution.reproducible import set_up
from pipeline.execution.stored import write_curve
from pipeline.features.contextual import load_bidirectional_lm, open_feature_table, write_feature_table
from pipeline.params import TaggerParams
from pipeline.tagger.epochs import EpochRecord, best_of, rounded
from pipeline.tagger.model import Tagger, configure, initialise, save_tagger
from pipeline.tagger.soft_targets import open_soft_targets
from pipeline.tagger.tagging_data import load_tagging_data
from pipeline.tagger.training import train_tagger
from pipeline.tracking import stage_run


@dataclass(frozen=True, kw_only=True)
class TrainingJob:
    """All that the training with one seed needs; small enough to be sent to another process."""

    conll: Path
    features: Path | None  # the table of language-model features
    feature_width: int
    targets: Path | None  # what soft_targets wrote, or None for gold tags
    out: Path
    params: TaggerParams
    seed: int
    threads: int
    label: str
    row: int  # where on the screen its progress bar stands
    section: str = "train_tagger"  # of params.yaml, whose learning rate this is
    checkpoint: Path | None = None  # the file that the state of the training goes to


def train_and_record(
    computation: Computation,
    params: TaggerParams,
    threads: int,
    *,
    conll: Path,
    lms: Sequence[Path] = (),
    targets: Path | None = None,
    out: Path,
    metrics: Path,
    curve: Path,
    lm_stage: str = "pretrain_lm",
) -> dict[str, Any]:
    """Train taggers as `train_seeds` does, in a tracked run and with checkpoints; write the curve (CSV) and the metrics
    (JSON).

    Returns the metrics.
    """
    with stage_run(computation.stage, computation.inputs, [out]) as run, checkpoint_folder(computation) as scratch:
        records = []
        for record in train_seeds(
            params, threads, conll=conll, lms=lms, targets=targets, out=out, scratch=scratch, lm_stage=lm_stage
        ):
            records.append(record)
            seed, shown = int(record["seed"]), rounded(record)
            run.log(int(record["epoch"]), {f"seed_{seed}/{name}": shown[name] for name in ("loss", "dev_f1")})
        measured = summarise(records, params.seeds)
        run.log_metrics({name: measured[name] for name in ("dev_f1_mean", "dev_f1_sd")})
        write_json(metrics, measured)
        write_curve(curve, [*map(rounded, records)])
    return measured


def train_seeds(
    params: TaggerParams,
    threads: int,
    *,
    conll: Path,
    lms: Sequence[Path] = (),
    targets: Path | None = None,
    out: Path,
    scratch: Path,
    lm_stage: str = "pretrain_lm",
) -> Iterator[EpochRecord]:
    """Train one tagger per seed into `out`/seed-<seed>; yield the curves (seed, epoch, loss, dev_f1), seed by seed.

    `lms` are the folders of the two language models, one for each seed, or none at all; `lm_stage` is the stage that
    made them. Their features go to `scratch`, and so do the checkpoints of each seed; both are used where they are
    there already. `targets` is what soft_targets wrote, or None for gold tags. Several processes of `threads` threads
    run at once, as many as there are processors for.
    """
    tables: dict[Path, tuple[Path, int]] = {}  # of the features of each language model, and how wide it is
    for lm in dict.fromkeys(lms):
        language_models = load_bidirectional_lm(lm, lm_stage)
        tables[lm] = (scratch / f"features-{len(tables)}", sum(language_models.widths))
        if not tables[lm][0].exists():
            words = load_tagging_data(conll, targets).words
            write_feature_table(language_models, words, tables[lm][0], params.precision)
    tables_of_seeds = [tables[lm] for lm in lms] if lms else [(None, 0)] * len(params.seeds)
    jobs = [
        TrainingJob(
            conll=conll,
            features=features,
            feature_width=width,
            targets=targets,
            out=out / f"seed-{seed}",
            params=params,
            seed=seed,
            threads=threads,
            label=f"{out.name}, seed {seed}",
            row=row,
            section="train_taught" if targets else "train_tagger",
            checkpoint=scratch / f"seed-{seed}",
        )
        for row, (seed, (features, width)) in enumerate(zip(params.seeds, tables_of_seeds, strict=True))
    ]
    with ordered_map(processes_for(len(jobs), threads)) as in_processes:
        for records in in_processes(train_seed, jobs):
            yield from records


def train_seed(job: TrainingJob) -> list[EpochRecord]:
    """Train and save one tagger; its curve. Of one whose training has a checkpoint of the last epoch, that is what is
    left to do. Raises InputError if the training diverges."""
    set_up(job.seed, job.threads)
    data = load_tagging_data(job.conll, job.targets)
    targets = open_soft_targets(job.targets, data.encoded_train) if job.targets else None
    tagger = Tagger(configure(job.params, data.lexicon, job.feature_width))
    initialise(tagger, data.lexicon)
    tagger.compute_in(job.params.precision)
    features = None
    if job.features:
        features = open_feature_table(job.features, data.words, job.feature_width, job.params.precision).batch
    training = train_tagger(
        tagger,
        data,
        features,
        job.params,
        seed=job.seed,
        label=job.label,
        row=job.row,
        targets=targets,
        checkpoint=job.checkpoint,
    )
    with keeping_evidence(f"{job.out.parent.name}-{job.out.name}", job.section):
        records = [{"seed": job.seed, **record} for record in training]
    save_tagger(tagger, job.out)
    return records


def summarise(records: Sequence[EpochRecord], seeds: Sequence[int]) -> dict[str, Any]:
    """The best dev F1 of each seed and its epoch; mean and sample standard deviation over seeds.

    `records` are as `train_seeds` yields them, so that the epoch is the one whose weights were kept.
    """
    best = [rounded(best_of(record for record in records if record["seed"] == seed)) for seed in seeds]
    scores = [record["dev_f1"] for record in best]
    return {
        "seeds": list(seeds),
        "dev_f1": scores,
        "dev_f1_mean": round(mean(scores), 4),
        "dev_f1_sd": round(stdev(scores), 4) if len(scores) > 1 else 0.0,
        "best_epoch": [int(record["epoch"]) for record in best],
    }
