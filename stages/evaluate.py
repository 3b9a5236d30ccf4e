"""Score the taggers of one training on the test split: no other stage of the experiment scores it."""

from pathlib import Path
from typing import Any

import click

from ldnet.command_line import FILE, FOLDER, echo
from ldnet.errors import written_by
from ldnet.files import JsonObject, write_json
from pipeline.evaluation.comparison import compare
from pipeline.evaluation.evaluation import count_predictions, evaluate_variant
from pipeline.execution.reproducible import set_up
from pipeline.params import Params, load_params
from pipeline.six_taggers import TRAININGS, language_models_of, metrics_name, stage_of, tagger_name
from pipeline.tracking import stage_run
from stages._run import StageCommand, params_option


@click.command(cls=StageCommand)
@params_option
@click.option("--training", type=click.Choice(TRAININGS), required=True, help="Of the taggers that are scored.")
@click.option("--conll", type=FOLDER, required=True, help="Output of prepare_conll.")
@click.option("--taggers", type=FOLDER, required=True, help="Folder with the taggers of all trainings.")
@click.option("--lm", type=FOLDER, required=True, help="The language models of the full taggers.")
@click.option("--pruned", type=FOLDER, required=True, help="The language models of the pruned taggers.")
@click.option("--dev-metrics", type=FOLDER, required=True, help="Folder with the metrics of the earlier stages.")
@click.option("--out", type=FOLDER, required=True, help="Where the predictions go (columns: word gold predicted).")
@click.option("--metrics", type=FILE, required=True, help="Where F1 and cost go (JSON).")
def main(
    params_path: Path,
    training: str,
    conll: Path,
    taggers: Path,
    lm: Path,
    pruned: Path,
    dev_metrics: Path,
    out: Path,
    metrics: Path,
) -> None:
    """Span F1 (overall and per type), predictions, multiply-accumulates and parameters of every variant.

    The prediction files are scored once more, by conlleval's rules: both scores have to agree. Differences between the
    variants get an interval by a paired bootstrap over sentences. Taggers of another training are not looked at.
    """
    params = load_params(params_path)
    set_up(params.seed, params.threads)
    folders = {"no_lm": None, "full": lm, "pruned": pruned}
    rows = []
    with stage_run(f"evaluate@{training}", {"threads": params.threads}, [out]) as run:
        for variant, folder in folders.items():
            name, stage = tagger_name(variant, training), stage_of(variant, training)
            with written_by(stage):
                measured = JsonObject.read(dev_metrics / f"{metrics_name(variant, training)}.json")
                dev = {"seeds": measured.wholes("seeds"), "dev_f1_mean": measured.number("dev_f1_mean")}
            lms = language_models_of(variant, folder, params) if folder else []
            row = evaluate_variant(
                variant, taggers=taggers / name, stage=stage, lms=lms, conll=conll, dev=dev, predictions=out
            )
            rows.append({**row, "training": training, **_layers(variant, params, dev_metrics)})
            run.log_metrics({f"{name}/{key}": row[key] for key in ("test_f1_mean", "macs_per_word")})
            echo(
                f"{name}: test F1 {row['test_f1_mean']:.2f} ± {row['test_f1_sd']:.2f}, "
                f"{row['macs_per_word'] / 1e6:.3f} M multiply-accumulates a word"
            )
        compared = compare(rows, {row["variant"]: count_predictions(row, out) for row in rows})
        run.log_metrics({"lm_macs_kept": compared["lm_macs_kept"]})
        write_json(metrics, {"rows": rows, "comparison": compared})


def _layers(variant: str, params: Params, metrics: Path) -> dict[str, Any]:
    """The layers that the taggers of a variant read, by the first selection and by the others."""
    if variant != "pruned":
        layers = list(range(params.pretrain_lm.layers)) if variant == "full" else []
        return {"layers_kept": {"forward": layers, "backward": layers}, "layers_kept_again": []}
    with written_by("prune"):
        first = JsonObject.read(metrics / "prune.json")
        again = [first.part("repeated").part(f"seed-{seed}") for seed in params.selection_seeds[1:]]
        kept = [of.part("layers_kept") for of in (first, *again)]
        selections = [{name: layers.wholes(name) for name in ("forward", "backward")} for layers in kept]
    return {"layers_kept": selections[0], "layers_kept_again": selections[1:]}


if __name__ == "__main__":
    main()
