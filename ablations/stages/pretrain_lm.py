"""Pretrain both directions of a small language model, and measure it with each layer detached."""

from pathlib import Path
from typing import Any

import click

from ablations.architectures import DIRECTIONS
from ablations.language_models import LMJob, find_candidate, pretrain_ablated
from ldnet.command_line import FILE, FOLDER, echo
from ldnet.files import write_json
from pipeline.checkpoints import Computation, checkpoint_folder, code_of
from pipeline.execution.processes import ordered_map, processes_for
from pipeline.params import load_params
from pipeline.tracking import stage_run
from stages._run import StoppableCommand, params_option


def computation(params_path: Path, candidate: str, corpus_folder: Path, **_: Any) -> Computation:
    """What the stage computes with these options, for its checkpoints."""
    params = load_params(params_path)
    ablations, ablated = find_candidate(params, candidate)
    code = code_of(
        *("ablations/stages/pretrain_lm.py", "ablations/language_models.py", "ablations/architectures.py"),
        *("ablations/stacked_lstm.py", "ablations/detaching.py", "ldnet/text", "ldnet/crf", "pipeline/execution"),
        *(
            "pipeline/language_model",
            "pipeline/pretraining",
            "pipeline/features",
            "pipeline/tagger",
            "pipeline/pruning",
        ),
    )
    inputs = {
        **params.pretrain_lm.model_dump(),
        **ablated.model_dump(),
        **ablations.model_dump(include={"tokens", "heldout_tokens", "epochs"}),
        "candidate": candidate,
        "seed": params.seed,
        "threads": params.threads,
    }
    files = [*code, corpus_folder]
    return Computation(stage=f"ablations:pretrain_lm@{candidate}", inputs=inputs, files=files)


@click.command(cls=StoppableCommand, examples=["dvc repro ablations/dvc.yaml  # all of them"])
@params_option
@click.option("--candidate", required=True, help="A name under ablations.candidates.")
@click.option("--corpus", "corpus_folder", type=FOLDER, required=True, help="Output of prepare_corpus.")
@click.option("--out", type=FOLDER, required=True, help="Where the language models go.")
@click.option("--metrics", type=FILE, required=True, help="Where sizes and perplexities go (JSON).")
def main(params_path: Path, candidate: str, corpus_folder: Path, out: Path, metrics: Path) -> None:
    """Train the language models of one candidate on the first tokens of the corpus, both directions side by side."""
    params = load_params(params_path)
    ablations, ablated = find_candidate(params, candidate)
    mine = computation(params_path, candidate, corpus_folder)
    with (
        stage_run(mine.stage, mine.inputs, [out]) as run,
        checkpoint_folder(mine) as checkpoints,
        ordered_map(processes_for(len(DIRECTIONS), params.threads)) as in_processes,
    ):
        jobs = [
            LMJob(
                corpus=corpus_folder,
                direction=direction,
                lm=params.pretrain_lm,
                ablations=ablations,
                candidate=ablated,
                seed=params.seed,
                threads=params.threads,
                checkpoint=checkpoints / direction,
                checkpoint_steps=params.checkpoint_steps,
                out=out / direction,
            )
            for direction in DIRECTIONS
        ]
        measured = dict(zip(DIRECTIONS, in_processes(pretrain_ablated, jobs), strict=True))
        run.log_metrics({f"{direction}/perplexity": measured[direction]["perplexity"] for direction in DIRECTIONS})
        write_json(metrics, measured)
    perplexities = ", ".join(f"{direction} {measured[direction]['perplexity']:.1f}" for direction in DIRECTIONS)
    echo(f"{candidate}: held-out perplexity {perplexities}")


if __name__ == "__main__":
    main()
