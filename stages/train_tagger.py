"""Train one variant of the tagger, with all seeds."""

from dataclasses import asdict
from pathlib import Path

import click
import pandas as pd

from ldnet.command_line import FILE, FOLDER
from ldnet.errors import InputError
from ldnet.files import write_json
from pipeline.checkpoints import checkpoint_folder
from pipeline.execution.reproducible import set_up
from pipeline.params import load_params
from pipeline.tagger.seeds import summarise, train_seeds
from pipeline.tracking import stage_run
from stages._run import StageCommand, params_option


@click.command(cls=StageCommand)
@params_option
@click.option("--variant", type=click.Choice(["no_lm", "full", "pruned"]), required=True)
@click.option("--conll", type=FOLDER, required=True, help="Output of prepare_conll.")
@click.option("--lm", type=FOLDER, help="Folder with the language models forward/ and backward/; none for no_lm.")
@click.option(
    "--start", type=FOLDER, help="The tagger to go on from, or one for each seed, unless prune.start is 'scratch'."
)
@click.option("--targets", type=FOLDER, help="Output of soft_targets, for pruned.")
@click.option("--out", type=FOLDER, required=True, help="Where the taggers go, one folder a seed.")
@click.option("--metrics", type=FILE, required=True, help="Where dev F1 goes (JSON).")
@click.option("--curve", type=FILE, required=True, help="Where loss and dev F1 per epoch go (CSV).")
def main(
    params_path: Path,
    variant: str,
    conll: Path,
    lm: Path | None,
    start: Path | None,
    targets: Path | None,
    out: Path,
    metrics: Path,
    curve: Path,
) -> None:
    """Train a char-LSTM-CRF tagger, with the features of frozen language models if --lm is given."""
    params = load_params(params_path)
    if (variant == "no_lm") != (lm is None):
        raise InputError(f"--lm: expected for full and pruned, and only for them; the variant is {variant}")
    set_up(params.tagger.seeds[0], params.threads)
    training = params.tagger
    if variant == "pruned":
        start = start if params.prune.start != "scratch" else None
        training = params.prune.training(training)
    logged = {"variant": variant, "threads": params.threads, "start": str(start), **asdict(training)}
    inputs = [*sorted(conll.glob("*.conll")), *(sorted(lm.glob("*/weights.safetensors")) if lm else [])]
    inputs += [*targets.glob("*.npy")] if targets else []
    with (
        stage_run(f"train_tagger@{variant}", logged, [out]) as run,
        checkpoint_folder(f"train_tagger-{variant}", logged, inputs) as scratch,
    ):
        records = []
        for record in train_seeds(conll, lm, start, out, training, params.threads, scratch, targets):
            records.append(record)
            seed = int(record["seed"])
            run.log(int(record["epoch"]), {f"seed_{seed}/{name}": record[name] for name in ("loss", "dev_f1")})
        measured = summarise(records, training.seeds)
        run.log_metrics({name: measured[name] for name in ("dev_f1_mean", "dev_f1_sd")})
        write_json(metrics, measured)
        curve.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(records).to_csv(curve, index=False)
    click.echo(f"{variant}: dev F1 {measured['dev_f1_mean']:.2f} ± {measured['dev_f1_sd']:.2f}")


if __name__ == "__main__":
    main()
