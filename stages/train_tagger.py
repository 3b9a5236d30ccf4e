"""Train the tagger without language models or on all their layers, with all seeds."""

from pathlib import Path

import click

from ldnet.command_line import FILE, FOLDER
from ldnet.errors import InputError
from pipeline.execution.reproducible import set_up
from pipeline.params import load_params
from pipeline.tagger.seeds import train_and_record
from stages._run import StageCommand, params_option


@click.command(cls=StageCommand)
@params_option
@click.option("--variant", type=click.Choice(["no_lm", "full"]), required=True)
@click.option("--conll", type=FOLDER, required=True, help="Output of prepare_conll.")
@click.option("--lm", type=FOLDER, help="Folder with the language models forward/ and backward/; none for no_lm.")
@click.option("--out", type=FOLDER, required=True, help="Where the taggers go, one folder a seed.")
@click.option("--metrics", type=FILE, required=True, help="Where dev F1 goes (JSON).")
@click.option("--curve", type=FILE, required=True, help="Where loss and dev F1 per epoch go (CSV).")
def main(params_path: Path, variant: str, conll: Path, lm: Path | None, out: Path, metrics: Path, curve: Path) -> None:
    """Train a char-LSTM-CRF tagger, with the features of frozen language models if --lm is given."""
    params = load_params(params_path)
    if (variant == "no_lm") != (lm is None):
        raise InputError(f"--lm: expected for full, and only for it; the variant is {variant}")
    tagger = params.train_tagger
    set_up(tagger.seeds[0], params.threads)
    measured = train_and_record(
        f"train_tagger@{variant}", tagger, params.threads, conll=conll, lm=lm, out=out, metrics=metrics, curve=curve
    )
    click.echo(f"{variant}: dev F1 {measured['dev_f1_mean']:.2f} ± {measured['dev_f1_sd']:.2f}")


if __name__ == "__main__":
    main()
