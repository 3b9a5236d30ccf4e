"""Train taggers on a small language model, prune them, and measure them with layers detached."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

import click

from pipeline.checkpoints import checkpoint_folder
from pipeline.files import write_json
from pipeline.language_model.architectures import DIRECTIONS, recurrent_macs
from pipeline.language_model.features import BidirectionalLM, live_features
from pipeline.params import load_params
from pipeline.processes import ordered_map, processors
from pipeline.reproducible import set_up
from pipeline.tagger.ablated_taggers import (
    Ablation,
    dev_f1_without_layer,
    layers_to_keep,
    prune_taggers,
    remembered,
    train_all_layers,
    train_scalar_mix,
    training_jobs,
)
from pipeline.tagger.model import load_tagger
from pipeline.tagger.training import load_tagging_data, score_dev
from pipeline.tracking import stage_run
from stages._run import FOLDER, PATH, StageCommand, params_option


@click.command(cls=StageCommand)
@params_option
@click.option("--variant", required=True, help="A name under ablations.variants.")
@click.option("--conll", type=FOLDER, required=True, help="Output of prepare_conll.")
@click.option("--lm", type=FOLDER, required=True, help="Output of pretrain_ablated_lm.")
@click.option("--out", type=FOLDER, required=True, help="Where the taggers go, by row and seed.")
@click.option("--metrics", type=PATH, required=True, help="Where dev F1 goes (JSON).")
def main(params_path: Path, variant: str, conll: Path, lm: Path, out: Path, metrics: Path) -> None:
    """Taggers on all layers and on a mix of them; the former with each layer detached, and pruned, before and after
    more training."""
    params = load_params(params_path)
    ablations, seeds = params.ablations, params.ablations.seeds
    set_up(seeds[0], params.threads)
    training = replace(params.tagger, seeds=seeds, epochs=ablations.tagger_epochs)
    retraining = replace(training, epochs=ablations.pruned_epochs, learning_rate=params.prune.learning_rate)
    ablation = Ablation(conll=conll, lm=lm, variant=ablations.variants[variant], threads=params.threads)
    layers = ablation.variant.layers
    logged = {"variant": variant, "threads": params.threads, "pruned_epochs": ablations.pruned_epochs}
    logged |= {**asdict(ablation.variant), **asdict(training)}
    inputs = [*sorted(conll.glob("*.conll")), *sorted(lm.glob("*/weights.safetensors"))]
    with (
        stage_run(f"train_ablated_taggers@{variant}", logged, [out]) as run,
        checkpoint_folder(f"train_ablated_taggers-{variant}", logged, inputs) as scratch,
        ordered_map(min(2 * len(seeds), max(1, processors() // params.threads))) as in_processes,
    ):
        full, data = ablation.load_lm(), load_tagging_data(conll)
        jobs = training_jobs(ablation, full, None, out / "all_layers", training, scratch / "features")
        rows = {"all_layers": _row(in_processes(train_all_layers, jobs), full)}
        if ablation.variant.units == params.lm.embedding:
            jobs = [replace(job, out=out / "scalar_mix" / job.out.name) for job in jobs]
            rows["scalar_mix"] = _row(in_processes(partial(train_scalar_mix, layers=layers), jobs), full)
        score = partial(dev_f1_without_layer, ablation=ablation, taggers=out / "all_layers", seeds=seeds)
        dev_f1_without = dict(zip(DIRECTIONS, in_processes(score, DIRECTIONS), strict=True))

        kept = layers_to_keep(ablation, load_tagger(out / "all_layers" / f"seed-{seeds[0]}"), data)
        left = prune_taggers(ablation, out / "all_layers", kept, seeds, out / "pruned")
        features = remembered(live_features(left, data.words))
        taggers = [load_tagger(out / "pruned" / f"seed-{seed}") for seed in seeds]
        rows["pruned"] = _row((score_dev(tagger, data, features) for tagger in taggers), left)
        jobs = training_jobs(ablation, left, out / "pruned", out / "retrained", retraining, scratch / "features")
        rows["retrained"] = _row(in_processes(train_all_layers, jobs), left)

        run.log_metrics({f"{name}/dev_f1_mean": row["dev_f1_mean"] for name, row in rows.items()})
        write_json(metrics, {"layers_kept": kept, "dev_f1_without_layer": dev_f1_without, "rows": rows})
    click.echo(", ".join(f"{name}: dev F1 {row['dev_f1_mean']:.2f}" for name, row in rows.items()))


def _row(dev_f1: Iterable[float], lm: BidirectionalLM) -> dict[str, Any]:
    """What one kind of tagger scores, one number a seed, and what the layers that it reads cost."""
    scores = [round(score, 4) for score in dev_f1]
    return {
        "dev_f1": scores,
        "dev_f1_mean": round(mean(scores), 4),
        "lm_macs_per_word": recurrent_macs(lm.forward_lm) + recurrent_macs(lm.backward_lm),
    }


if __name__ == "__main__":
    main()
