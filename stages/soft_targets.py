"""What the full gold taggers make of the training sentences and of unlabelled ones: targets for taught taggers."""

import shutil
from pathlib import Path
from typing import Any

import click

from ldnet.command_line import FILE, FOLDER, echo
from pipeline.checkpoints import Computation, checkpoint_folder, code_of
from pipeline.execution.reproducible import set_up
from pipeline.features.contextual import load_bidirectional_lm
from pipeline.params import load_params
from pipeline.tagger.model import load_tagger
from pipeline.tagger.soft_targets import move_soft_targets, write_soft_targets
from pipeline.tagger.tagging_data import UNLABELLED, load_tagging_data
from pipeline.tracking import stage_run
from stages._run import StageCommand, params_option


def computation(params_path: Path, conll: Path, unlabelled: Path, lm: Path, teachers: Path, **_: Any) -> Computation:
    """What the stage computes with these options, for its checkpoints."""
    params = load_params(params_path)
    training = params.train_tagger
    code = code_of(
        *("stages/soft_targets.py", "ldnet/text", "ldnet/crf", "pipeline/execution", "pipeline/language_model"),
        *("pipeline/features", "pipeline/tagger"),
    )
    data = [conll / "train.conll", conll / "dev.conll", conll / "lexicon", unlabelled, lm / "forward", lm / "backward"]
    data += [teachers / f"seed-{seed}" for seed in training.seeds]
    inputs = {"threads": params.threads, "precision": training.precision, **params.soft_targets.model_dump()}
    return Computation(stage="soft_targets", inputs=inputs, files=[*code, *data])


@click.command(cls=StageCommand)
@params_option
@click.option("--conll", type=FOLDER, required=True, help="Output of prepare_conll.")
@click.option("--unlabelled", type=FILE, required=True, help="Output of prepare_unlabelled.")
@click.option("--lm", type=FOLDER, required=True, help="Folder with the language models forward/ and backward/.")
@click.option("--teachers", type=FOLDER, required=True, help="The full taggers, one folder a seed.")
@click.option("--out", type=FOLDER, required=True, help="Where the targets go.")
def main(params_path: Path, conll: Path, unlabelled: Path, lm: Path, teachers: Path, out: Path) -> None:
    """Average the distributions over tag paths of the full taggers of all seeds. Gold tags count with
    1 - soft_targets.weight. A killed run resumes with the sentences that it has not finished."""
    params = load_params(params_path)
    set_up(params.seed, params.threads)
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(unlabelled, out / UNLABELLED)
    data = load_tagging_data(conll, out)
    language_models = load_bidirectional_lm(lm, "pretrain_lm")
    language_models.compute_in(params.train_tagger.precision)
    folders, width = [teachers / f"seed-{seed}" for seed in params.train_tagger.seeds], sum(language_models.widths)
    taggers = [load_tagger(folder, "train_tagger", data.lexicon, width) for folder in folders]
    mine = computation(params_path, conll, unlabelled, lm, teachers)
    with stage_run(mine.stage, mine.inputs, [out]) as run, checkpoint_folder(mine) as scratch:
        words, labelled = data.words[: len(data.train)], data.labelled
        weight = params.soft_targets.weight
        agreement = write_soft_targets(taggers, language_models, words, data.encoded_train, labelled, weight, scratch)
        move_soft_targets(scratch, out)
        run.log_metrics({"probability_of_gold_tags": agreement, "sentences": len(data.train)})
    echo(
        f"{labelled:,} labelled and {len(data.train) - labelled:,} unlabelled sentences; "
        f"the teachers give gold tags a probability of {agreement:.4f}"
    )


if __name__ == "__main__":
    main()
