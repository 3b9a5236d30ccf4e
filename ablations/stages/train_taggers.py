"""Train taggers on a small language model, take layers away from them, and train them on."""

import shutil
from pathlib import Path
from typing import Any

import click

from ablations.language_models import find_candidate
from ablations.taggers import Ablation, train_rows
from ldnet.command_line import FILE, FOLDER, echo
from ldnet.files import write_json
from pipeline.checkpoints import Computation, checkpoint_folder, code_of
from pipeline.execution.processes import ordered_map, processes_for
from pipeline.execution.reproducible import set_up
from pipeline.params import AblationsParams, Params, TaggerParams, load_params
from pipeline.tracking import stage_run
from stages._run import StoppableCommand, params_option


def computation(params_path: Path, candidate: str, conll: Path, lm: Path, **_: Any) -> Computation:
    """What the stage computes with these options, for its checkpoints."""
    params = load_params(params_path)
    ablations, ablated = find_candidate(params, candidate)
    code = code_of(
        *("ablations/stages/train_taggers.py", "ablations/taggers.py", "ablations/scalar_mix.py"),
        *("ablations/language_models.py", "ablations/architectures.py", "ablations/stacked_lstm.py"),
        *("ablations/detaching.py", "ldnet/text", "ldnet/crf", "pipeline/execution", "pipeline/language_model"),
        *("pipeline/pretraining", "pipeline/features", "pipeline/tagger", "pipeline/selection", "pipeline/pruning"),
    )
    data = [conll / "train.conll", conll / "dev.conll", conll / "lexicon", lm / "forward", lm / "backward"]
    inputs = {"candidate": candidate, "threads": params.threads, **ablated.model_dump()}
    inputs |= {**_training(params, ablations).model_dump(), "pruned_epochs": ablations.pruned_epochs}
    files = [*code, *data]
    return Computation(stage=f"ablations:train_taggers@{candidate}", inputs=inputs, files=files)


def _training(params: Params, ablations: AblationsParams) -> TaggerParams:
    return params.train_tagger.model_copy(update={"seeds": ablations.seeds, "epochs": ablations.tagger_epochs})


@click.command(cls=StoppableCommand, examples=["dvc repro ablations/dvc.yaml  # all of them"])
@params_option
@click.option("--candidate", required=True, help="A name under ablations.candidates.")
@click.option("--conll", type=FOLDER, required=True, help="Output of prepare_conll.")
@click.option("--lm", type=FOLDER, required=True, help="Output of pretrain_lm of the ablations.")
@click.option("--out", type=FOLDER, required=True, help="Where the taggers go, by row and seed.")
@click.option("--metrics", type=FILE, required=True, help="Where dev F1 goes (JSON).")
def main(params_path: Path, candidate: str, conll: Path, lm: Path, out: Path, metrics: Path) -> None:
    """Taggers on all layers and on a mix of them; the former without each layer, and pruned, before and after more
    training. A killed run resumes with the taggers that it has not finished."""
    params = load_params(params_path)
    ablations, ablated = find_candidate(params, candidate)
    set_up(ablations.seeds[0], params.threads)
    training = _training(params, ablations)
    retraining = training.model_copy(update={"epochs": ablations.pruned_epochs})
    mine = computation(params_path, candidate, conll, lm)
    with (
        stage_run(mine.stage, mine.inputs, [out]) as run,
        checkpoint_folder(mine) as scratch,
        ordered_map(processes_for(2 * len(ablations.seeds), params.threads)) as in_processes,
    ):
        ablation = Ablation(
            conll=conll,
            lm=lm,
            candidate=ablated,
            taggers=scratch / "taggers",
            seeds=ablations.seeds,
            threads=params.threads,
        )
        measured = train_rows(ablation, training, retraining, scratch, in_processes)
        means = {row: of_row["dev_f1_mean"] for row, of_row in measured["rows"].items()}
        run.log_metrics({f"{row}/dev_f1_mean": average for row, average in means.items()})
        write_json(metrics, measured)
        shutil.copytree(ablation.taggers, out, dirs_exist_ok=True)
    echo(f"{candidate}: dev F1 " + ", ".join(f"{row} {average:.2f}" for row, average in means.items()))


if __name__ == "__main__":
    main()
