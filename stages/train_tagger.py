"""Train the taggers of one variant in one training, with all seeds: the script of all stages that do so."""

from pathlib import Path
from typing import Any

import click

from ldnet.command_line import FILE, FOLDER, echo
from ldnet.errors import InputError
from pipeline.checkpoints import Computation, code_of
from pipeline.execution.reproducible import set_up
from pipeline.params import Params, TaggerParams, load_params
from pipeline.six_taggers import VARIANTS, language_models_of, lm_stage_of, stage_of, tagger_name
from pipeline.tagger.seeds import train_and_record
from stages._run import StageCommand, params_option


def computation(
    params_path: Path, variant: str, conll: Path, lm: Path | None, targets: Path | None, **_: Any
) -> Computation:
    """What the stage computes with these options, for its checkpoints."""
    params = load_params(params_path)
    code = code_of(
        *("stages/train_tagger.py", "ldnet/text", "ldnet/crf", "pipeline/execution", "pipeline/language_model"),
        *("pipeline/features", "pipeline/tagger"),
    )
    data = [conll / "train.conll", conll / "dev.conll", conll / "lexicon"]
    for folder in dict.fromkeys(_language_models(params, variant, lm)):
        data += [folder / "forward", folder / "backward"]
    data += [] if targets is None else [targets]
    training = "gold" if targets is None else "taught"
    inputs = {"threads": params.threads, "training": training, **_training(params, targets).model_dump()}
    return Computation(stage=stage_of(variant, training), inputs=inputs, files=[*code, *data])


def _language_models(params: Params, variant: str, lm: Path | None) -> list[Path]:
    """The folders of each seed's language models."""
    return [] if lm is None else language_models_of(variant, lm, params)


def _training(params: Params, targets: Path | None) -> TaggerParams:
    return params.train_tagger if targets is None else params.train_taught.training(params.train_tagger)


@click.command(cls=StageCommand)
@params_option
@click.option("--variant", type=click.Choice(VARIANTS), required=True)
@click.option("--conll", type=FOLDER, required=True, help="Output of prepare_conll.")
@click.option("--lm", type=FOLDER, help="Output of pretrain_lm or of prune; none for no_lm.")
@click.option("--targets", type=FOLDER, help="Output of soft_targets, for taught taggers; gold tags if left out.")
@click.option("--out", type=FOLDER, required=True, help="Where the taggers go, one folder a seed.")
@click.option("--metrics", type=FILE, required=True, help="Where dev F1 goes (JSON).")
@click.option("--curve", type=FILE, required=True, help="Where loss and dev F1 per epoch go (CSV).")
def main(
    params_path: Path,
    variant: str,
    conll: Path,
    lm: Path | None,
    targets: Path | None,
    out: Path,
    metrics: Path,
    curve: Path,
) -> None:
    """Train a char-LSTM-CRF tagger from random weights, with the features of frozen language models if --lm is given.

    With --targets it is taught: it learns what these say, also of unlabelled sentences, as train_taught has it. A
    killed run resumes with the seeds that it has not finished, each from its last finished epoch.
    """
    params = load_params(params_path)
    if (variant == "no_lm") != (lm is None):
        raise InputError(f"--lm: expected for all variants but no_lm, and only for them; the variant is {variant}")
    tagger = _training(params, targets)
    name = tagger_name(variant, "gold" if targets is None else "taught")
    set_up(tagger.seeds[0], params.threads)
    measured = train_and_record(
        computation(params_path, variant, conll, lm, targets),
        tagger,
        params.threads,
        conll=conll,
        lms=_language_models(params, variant, lm),
        lm_stage=lm_stage_of(variant),
        targets=targets,
        out=out,
        metrics=metrics,
        curve=curve,
    )
    echo(f"{name}: dev F1 {measured['dev_f1_mean']:.2f} ± {measured['dev_f1_sd']:.2f}")


if __name__ == "__main__":
    main()
