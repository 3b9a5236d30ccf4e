"""Which pretraining to choose: held-out perplexity of short trainings that cost the same CPU time.

`python -m bench.pretraining_choices --out results/pretraining_choices.json` trains a forward model for each of CHOICES
on as many tokens as the given seconds of one core take it through, with the whole schedule of rates in that time. All
have the vocabulary of the corpus, so that their perplexities compare.
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import torch

from bench.made_by import made_by
from ldnet.command_line import FILE, FOLDER, Command
from ldnet.files import write_json
from pipeline.language_model.model import LanguageModel
from pipeline.params import LMParams
from pipeline.pretraining import encoded_corpus
from pipeline.pretraining.encoded_corpus import Corpus
from pipeline.pretraining.lm_training import RECORD_STEPS, configure, embed_vectors, perplexity, pretrain

COMMON: dict[str, Any] = {
    "layers": 10,
    "units": 100,
    "embedding": 100,
    "projection": 300,
    "dropout": 0.01,
    "layer_dropout": 0.5,
}
COMMON |= {
    "cutoffs": [2000, 10000, 50000],
    "streams": 64,
    "steps": 20,
    "learning_rate": 0.008,
    "epochs": 1,
    "tokens": 0,
}
COMMON |= {"warmup_steps": 100, "clip_norm": 5.0, "precision": "float32"}
CHOICES: list[dict[str, Any]] = [
    {},
    {"streams": 32, "learning_rate": 0.004},
    {"cutoffs": [1500, 6000, 20000]},
    {"units": 150},
    {"learning_rate": 0.004},
    {"streams": 32},
]
HELDOUT_TOKENS = 100_000


@click.command(cls=Command, examples=["python -m bench.pretraining_choices --out results/pretraining_choices.json"])
@click.option("--corpus", "folder", type=FOLDER, default="work/corpus", show_default=True, help="Of prepare_corpus.")
@click.option("--seconds", type=click.IntRange(1), default=300, show_default=True, help="CPU time of each training.")
@click.option("--only", type=int, multiple=True, help="Numbers of CHOICES, for two cores to share them.")
@click.option("--out", type=FILE, required=True, help="Where the perplexities go (JSON).")
def main(folder: Path, seconds: int, only: tuple[int, ...], out: Path) -> None:
    """Train all choices, one after another."""
    maker = made_by(out)
    torch.set_num_threads(1)
    corpus = encoded_corpus.load(folder)
    rows = []
    for number in only or range(len(CHOICES)):
        rows.append({**CHOICES[number], **train(corpus, {**COMMON, **CHOICES[number]}, seconds)})
        click.echo(json.dumps(rows[-1]))
        document = {"common": COMMON, "rows": rows, "words": len(corpus.vocabulary)}
        write_json(out, {**document, **maker})


def train(corpus: Corpus, values: Mapping[str, Any], seconds: int) -> dict[str, Any]:
    """The perplexity after `seconds` of one core, and how many tokens these took the model through."""
    params = LMParams.model_validate(values)
    records = pretrain(make_model(corpus, params), corpus, params, 1, None, reverse=False, checkpoint_steps=10**9)
    next(records)
    start = time.process_time()
    next(records)
    rate = RECORD_STEPS * params.streams * params.steps / (time.process_time() - start)
    model, part = make_model(corpus, params), corpus.first(int(rate * seconds))
    start = time.process_time()
    *_, last = pretrain(model, part, params, 1, None, reverse=False, checkpoint_steps=10**9)
    spent = time.process_time() - start
    measured = perplexity(model, corpus.heldout[:HELDOUT_TOKENS], reverse=False)
    return {"tokens": int(last["tokens"]), "cpu_seconds": round(spent), "heldout_perplexity": round(measured, 2)}


def make_model(corpus: Corpus, params: LMParams) -> LanguageModel:
    torch.manual_seed(1)
    model = LanguageModel(configure(params, len(corpus.vocabulary)))
    embed_vectors(model, corpus.vectors)
    return model


if __name__ == "__main__":
    main()
