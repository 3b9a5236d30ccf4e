"""Dev F1 of the tagger on all layers, for states of a language model that has read more and more text.

`python -m bench.tokens_read model` writes the language model in a checkpoint of pretrain_lm. Half-way, the rate is near
its peak, and the model worse than at the end of a shorter training; so `model` trains on for a few tokens, the last of
the corpus, while the rate falls to 0. `train` trains taggers on gold tags, as train_tagger of params.yaml says: without
language models, and on all layers of those in each folder. Rows that are in the file already are kept, so that it
resumes. `--conll` with fewer sentences (`prepare_conll.train_sentences`) adds rows to the same file. A file is refused
whose rows have another train_tagger, or the same name for other language models.
"""

import tempfile
from collections import deque
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from bench.tagger_rows import add_rows, digest, missing_rows
from bench.tagger_tries import run
from ldnet.command_line import FILE, FOLDER, Command, echo
from ldnet.commands.main import ExampleGroup
from pipeline.execution.processes import ordered_map
from pipeline.execution.reproducible import set_up
from pipeline.execution.snapshots import put_back, reading_snapshot, unpack
from pipeline.features.contextual import load_bidirectional_lm, write_feature_table
from pipeline.language_model.model import LanguageModel, read_config, read_vocabulary, save_language_model
from pipeline.params import load_params
from pipeline.pretraining.encoded_corpus import Corpus, Ids, load
from pipeline.pretraining.lm_training import perplexity, pretrain
from pipeline.tagger.tagging_data import load_tagging_data

NONE = "none"


@click.group(
    cls=ExampleGroup,
    examples=["python -m bench.tokens_read train --epochs 30 --lm half-way half-way --out tokens_read.json"],
)
def main() -> None:
    """What more text for the language model is worth to the tagger."""


@main.command(
    cls=Command,
    examples=[
        "python -m bench.tokens_read model --checkpoint <state> --like work/lm/forward --direction forward "
        "--out half-way/forward"
    ],
)
@click.option("--checkpoint", type=FILE, required=True, help="A copy of .checkpoints/pretrain_lm*/state.")
@click.option("--like", type=FOLDER, required=True, help="The language model at the end of that training.")
@click.option("--direction", type=click.Choice(["forward", "backward"]), required=True)
@click.option("--params", "params_path", type=FILE, default="params.yaml", show_default=True, help="Of that training.")
@click.option("--corpus", type=FOLDER, default="work/corpus", show_default=True, help="Output of prepare_corpus.")
@click.option("--tokens", type=click.IntRange(1), default=2_000_000, show_default=True, help="Read while it falls.")
@click.option("--out", type=FOLDER, required=True, help="Where this state of it goes, in the same form.")
def model(
    checkpoint: Path, like: Path, direction: str, params_path: Path, corpus: Path, tokens: int, out: Path
) -> None:
    """Train the language model in a checkpoint on while the rate falls to 0, and write it as pretrain_lm does.

    Adam's moments start anew, so the rate rises again first, as at the start of a training.
    """
    params = load_params(params_path)
    set_up(params.seed, params.threads)
    text = last(load(corpus), tokens)
    language_model = LanguageModel(read_config(like / "config.json"))
    with reading_snapshot(checkpoint):
        values, tensors = unpack(checkpoint.read_bytes())
        put_back(tensors, dict(language_model.named_parameters()), [])
    reverse = direction == "backward"
    training = pretrain(
        *(language_model, text, params.pretrain_lm, params.seed, None),
        reverse=reverse,
        checkpoint_steps=params.checkpoint_steps,
    )
    deque(training, maxlen=0)
    found = perplexity(language_model, text.heldout, reverse=reverse)
    save_language_model(language_model, read_vocabulary(like / "vocabulary.json"), out)
    echo(f"{out}: the language model after {values['step']:,} steps and {tokens:,} tokens: perplexity {found:.1f}")


def last(corpus: Corpus, tokens: int) -> Corpus:
    """The corpus with its last `tokens` tokens, the last shard first."""
    shards: list[Ids] = []
    for shard in reversed(corpus.shards):
        if tokens > 0:
            shards.append(shard[-tokens:])
            tokens -= len(shards[-1])
    return replace(corpus, shards=shards)


@main.command(
    cls=Command,
    examples=["python -m bench.tokens_read train --epochs 30 --lm half-way half-way --out tokens_read.json"],
)
@click.option("--params", "params_path", type=FILE, default="params.yaml", show_default=True)
@click.option("--conll", type=FOLDER, default="work/conll", show_default=True, help="Output of prepare_conll.")
@click.option("--lm", "lms", type=(str, FOLDER), multiple=True, help="A name, and a folder with both directions.")
@click.option("--seed", "seeds", type=int, multiple=True, default=(1, 2, 3), show_default=True)
@click.option("--epochs", type=click.IntRange(1), required=True, help="Of every tagger.")
@click.option("--jobs", type=click.IntRange(1), default=2, show_default=True, help="Trainings side by side.")
@click.option("--out", type=FILE, required=True, help="Where the rows are (JSON).")
def train(
    params_path: Path,
    conll: Path,
    lms: tuple[tuple[str, Path], ...],
    seeds: tuple[int, ...],
    epochs: int,
    jobs: int,
    out: Path,
) -> None:
    """Train what is not in the file yet."""
    params = load_params(params_path)
    data = load_tagging_data(conll)
    with (
        tempfile.TemporaryDirectory() as scratch,
        ordered_map(jobs) as in_processes,
    ):
        table = Path(scratch) / "features"
        for name, lm in ((NONE, Path()), *lms):
            way = {"sentences": data.labelled, "variant": "no_lm" if name == NONE else "full", "epochs": epochs}
            wanted = [{**way, "seed": seed, "lm": name} for seed in seeds]
            header = (params.train_tagger, {} if name == NONE else {name: digest(lm)})
            missing = missing_rows(out, wanted, *header)
            if missing and name != NONE:
                write_feature_table(load_bidirectional_lm(lm), data.words, table, params.train_tagger.precision)
            job = partial(run, params=params.train_tagger, threads=params.threads, conll=conll, lm=lm, table=table)
            add_rows(out, in_processes(job, missing), *header)


if __name__ == "__main__":
    main()
