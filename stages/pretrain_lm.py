"""Pretrain the language model of one direction on the encoded corpus."""

from collections import deque
from functools import partial
from pathlib import Path
from typing import Any

import click

from ldnet.command_line import FILE, FOLDER, echo
from ldnet.files import write_json
from pipeline.checkpoints import Computation, checkpoint_folder, code_of
from pipeline.execution.finite import keeping_evidence
from pipeline.execution.reproducible import set_up
from pipeline.execution.stored import write_curve
from pipeline.language_model.model import LanguageModel, parameter_count, save_language_model
from pipeline.params import load_params
from pipeline.pretraining import data_parallel
from pipeline.pretraining import encoded_corpus as corpus
from pipeline.pretraining import lm_training as pretraining
from pipeline.tracking import stage_run
from stages._run import StageCommand, params_option


def computation(
    params_path: Path, direction: str, corpus_folder: Path, processes: int = 1, device: str = "cpu", **_: Any
) -> Computation:
    """What the stage computes with these options, processes and device, for its checkpoints."""
    params = load_params(params_path)
    code = code_of("stages/pretrain_lm.py", "pipeline/execution", "pipeline/language_model", "pipeline/pretraining")
    inputs = {"direction": direction, "seed": params.seed, "threads": params.threads, **params.pretrain_lm.model_dump()}
    inputs |= {"processes": processes, "device": device}
    return Computation(stage=f"pretrain_lm@{direction}", inputs=inputs, files=[*code, corpus_folder])


@click.command(cls=StageCommand)
@params_option
@click.option("--direction", type=click.Choice(["forward", "backward"]), required=True)
@click.option("--corpus", "corpus_folder", type=FOLDER, required=True, help="Output of prepare_corpus.")
@click.option("--out", type=FOLDER, required=True, help="Where the language model goes.")
@click.option("--metrics", type=FILE, required=True, help="Where the held-out perplexity goes (JSON).")
@click.option("--curve", type=FILE, required=True, help="Where the training curve goes (CSV).")
def main(params_path: Path, direction: str, corpus_folder: Path, out: Path, metrics: Path, curve: Path) -> None:
    """Train a densely connected LSTM language model; a killed run resumes from its last checkpoint.

    Under torchrun several processes train it together, and the first one writes everything.
    """
    params = load_params(params_path)
    set_up(params.seed, params.threads)
    workers = data_parallel.join()
    text = corpus.load(corpus_folder).first(params.pretrain_lm.tokens)
    reverse = direction == "backward"
    model = LanguageModel(pretraining.configure(params.pretrain_lm, len(text.vocabulary)))
    pretraining.embed_vectors(model, text.vectors)
    train = partial(
        pretraining.pretrain,
        *(model, text, params.pretrain_lm, params.seed),
        reverse=reverse,
        checkpoint_steps=params.checkpoint_steps,
        workers=workers,
    )
    if workers.rank > 0:
        deque(train(None), maxlen=0)
        workers.leave()
        return
    mine = computation(params_path, direction, corpus_folder, workers.size, workers.device.type)
    with (
        stage_run(mine.stage, mine.inputs, [out]) as run,
        checkpoint_folder(mine) as checkpoints,
        keeping_evidence(f"pretrain_lm-{direction}"),
    ):
        records = []
        for record in train(checkpoints / "state"):
            records.append(record)
            run.log(int(record["step"]), record)
        workers.leave()
        measured = {
            "heldout_perplexity": round(pretraining.perplexity(model, text.heldout, reverse=reverse), 4),
            "tokens": int(records[-1]["tokens"]),
            "epochs": params.pretrain_lm.epochs,
            "parameters": parameter_count(model),
        }
        run.log_metrics(measured)
        save_language_model(model, text.vocabulary, out)
        write_json(metrics, measured)
        write_curve(curve, records)
    echo(f"{direction}: held-out perplexity {measured['heldout_perplexity']:.1f}")


if __name__ == "__main__":
    main()
