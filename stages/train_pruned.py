"""Train the pruned tagger, with all seeds."""

from pathlib import Path

import click

from ldnet.command_line import FILE, FOLDER
from pipeline.execution.reproducible import set_up
from pipeline.params import load_params
from pipeline.tagger.seeds import train_and_record
from stages._run import StageCommand, params_option


@click.command(cls=StageCommand)
@params_option
@click.option("--conll", type=FOLDER, required=True, help="Output of prepare_conll.")
@click.option("--lm", type=FOLDER, required=True, help="Folder with the pruned language models forward/ and backward/.")
@click.option(
    "--start", type=FOLDER, help="A pruned tagger, or one for each seed; unused if train_pruned.start is 'scratch'."
)
@click.option("--targets", type=FOLDER, help="Output of soft_targets; gold tags alone if left out.")
@click.option("--out", type=FOLDER, required=True, help="Where the taggers go, one folder a seed.")
@click.option("--metrics", type=FILE, required=True, help="Where dev F1 goes (JSON).")
@click.option("--curve", type=FILE, required=True, help="Where loss and dev F1 per epoch go (CSV).")
def main(
    params_path: Path,
    conll: Path,
    lm: Path,
    start: Path | None,
    targets: Path | None,
    out: Path,
    metrics: Path,
    curve: Path,
) -> None:
    """Train the tagger on pruned language models: on gold tags and on what the full taggers make of the sentences."""
    params = load_params(params_path)
    tagger, pruned = params.train_tagger, params.train_pruned
    set_up(tagger.seeds[0], params.threads)
    measured = train_and_record(
        "train_pruned",
        pruned.training(tagger),
        params.threads,
        conll=conll,
        lm=lm,
        start=None if pruned.start == "scratch" else start,
        targets=targets,
        out=out,
        metrics=metrics,
        curve=curve,
    )
    click.echo(f"pruned: dev F1 {measured['dev_f1_mean']:.2f} ± {measured['dev_f1_sd']:.2f}")


if __name__ == "__main__":
    main()
