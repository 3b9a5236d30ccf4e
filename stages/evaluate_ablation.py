"""Score the taggers of one ablation on the test split, and put all that was measured of it together."""

from dataclasses import asdict
from pathlib import Path
from statistics import mean, stdev

import click

from pipeline.evaluation.ablation_f1 import score_rows
from pipeline.files import read_json, write_json
from pipeline.params import load_params
from pipeline.reproducible import set_up
from pipeline.tagger.ablated_taggers import Ablation
from pipeline.tracking import stage_run
from stages._run import FOLDER, PATH, StageCommand, params_option


@click.command(cls=StageCommand)
@params_option
@click.option("--variant", required=True, help="A name under ablations.variants.")
@click.option("--conll", type=FOLDER, required=True, help="Output of prepare_conll.")
@click.option("--lm", type=FOLDER, required=True, help="Output of pretrain_ablated_lm.")
@click.option("--taggers", type=FOLDER, required=True, help="Output of train_ablated_taggers.")
@click.option("--lm-metrics", type=PATH, required=True, help="What pretrain_ablated_lm measured.")
@click.option("--tagger-metrics", type=PATH, required=True, help="What train_ablated_taggers measured.")
@click.option("--metrics", type=PATH, required=True, help="Where all of it goes (JSON).")
def main(
    params_path: Path,
    variant: str,
    conll: Path,
    lm: Path,
    taggers: Path,
    lm_metrics: Path,
    tagger_metrics: Path,
    metrics: Path,
) -> None:
    """Test F1 of every kind of tagger on one small language model."""
    params = load_params(params_path)
    set_up(params.seed, params.threads)
    changed, seeds = params.ablations.variants[variant], params.ablations.seeds
    ablation = Ablation(conll=conll, lm=lm, variant=changed, threads=params.threads)
    measured = read_json(tagger_metrics)
    with stage_run(f"evaluate_ablation@{variant}", {"threads": params.threads, **asdict(changed)}, []) as run:
        scores = score_rows(ablation, taggers, measured["rows"], measured["layers_kept"], seeds)
        for row, of_seeds in scores.items():
            average, spread = mean(of_seeds), stdev(of_seeds) if len(of_seeds) > 1 else 0.0
            measured["rows"][row] |= {
                "test_f1": of_seeds,
                "test_f1_mean": round(average, 4),
                "test_f1_sd": round(spread, 4),
            }
            run.log_metrics({f"{row}/test_f1_mean": round(average, 4)})
            click.echo(f"{variant}, {row}: test F1 {average:.2f} ± {spread:.2f}")
        write_json(metrics, {**asdict(changed), "seeds": seeds, "lm": read_json(lm_metrics), **measured})


if __name__ == "__main__":
    main()
