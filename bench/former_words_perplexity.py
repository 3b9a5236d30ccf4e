"""Perplexity on the held-out sentences of a former, smaller corpus, over the words that its vocabulary knows.

Perplexities of models with different vocabularies do not compare: a larger one has rarer words to predict. This one
does, since sentences and counted words stay the same. The former sentences must be among those held out now.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import torch

from bench.made_by import made_by
from ldnet.command_line import FILE, FOLDER, Command, echo
from ldnet.errors import InputError
from ldnet.files import write_json
from ldnet.text.lm_words import END_OF_SENTENCE, UNKNOWN
from pipeline.execution.reproducible import set_up
from pipeline.language_model.dense_lstm import State
from pipeline.language_model.model import LanguageModel, load_language_model
from pipeline.pretraining.encoded_corpus import Corpus, Ids, load
from pipeline.pretraining.streams import batches_of_shard

STREAMS, STEPS = 16, 100


@click.command(
    cls=Command,
    examples=["python -m bench.former_words_perplexity --former <its work/corpus> --out perplexity.json"],
)
@click.option("--corpus", "corpus_folder", type=FOLDER, default="work/corpus", show_default=True)
@click.option("--former", "former_folder", type=FOLDER, required=True, help="The former corpus, encoded.")
@click.option("--lm", type=FOLDER, default="work/lm", show_default=True, help="Language models of `corpus`.")
@click.option("--out", type=FILE, required=True, help="Where the perplexities go (JSON).")
def main(corpus_folder: Path, former_folder: Path, lm: Path, out: Path) -> None:
    """Measure both directions."""
    maker = made_by(out)
    set_up(1, 1)
    corpus, former = load(corpus_folder), load(former_folder)
    in_former = to_former(corpus.vocabulary, former.vocabulary)
    sentences = former_sentences(corpus, former, in_former)
    counted = in_former != former.vocabulary.index(UNKNOWN)
    perplexities = {}
    for direction in ("forward", "backward"):
        model, _ = load_language_model(lm / direction)
        perplexities[direction] = round(perplexity_over(model, sentences, counted, direction == "backward"), 2)
    document = {
        "sentences": int((sentences == corpus.vocabulary.index(END_OF_SENTENCE)).sum()),
        "perplexity": perplexities,
        "lm": f"{model.config.layers} x {model.config.units}, {model.config.vocabulary_size:,} words",
        **maker,
    }
    write_json(out, document)
    echo(str(document))


def to_former(words: Sequence[str], former_words: Sequence[str]) -> Ids:
    """The former number of each word, or of the unknown word."""
    numbers = {word: number for number, word in enumerate(former_words)}
    return np.array([numbers.get(word, numbers[UNKNOWN]) for word in words], dtype=np.int32)


def former_sentences(corpus: Corpus, former: Corpus, in_former: Ids) -> Ids:
    """The former held-out sentences, in their order, numbered as today. Raises InputError where one is missing."""
    found: dict[bytes, Ids] = {}
    for sentence in _sentences(corpus.heldout, corpus.vocabulary.index(END_OF_SENTENCE)):
        found.setdefault(in_former[sentence].tobytes(), sentence)
    wanted = [sentence.tobytes() for sentence in _sentences(former.heldout, former.vocabulary.index(END_OF_SENTENCE))]
    if missing := sum(key not in found for key in wanted):
        raise InputError(f"{missing} of {len(wanted)} former held-out sentences are not held out now")
    return np.concatenate([found[key] for key in wanted])


def _sentences(ids: Ids, eos: int) -> list[Ids]:
    return np.split(ids, np.flatnonzero(ids == eos) + 1)[:-1]


@torch.no_grad()
def perplexity_over(model: LanguageModel, ids: Ids, counted: np.ndarray, reverse: bool) -> float:
    """Perplexity over the targets among `ids` that are `counted` (a truth value for each word of the vocabulary)."""
    streams = min(STREAMS, max(1, len(ids) // (2 * STEPS)))
    steps = min(STEPS, len(ids) // streams - 1)
    total, tokens = 0.0, 0
    state: State | None = None
    for batch in batches_of_shard(ids, streams, steps, reverse=reverse):
        output, state = model.represent(batch.tokens, state)
        targets = batch.targets.flatten()
        losses = model.softmax(model.projection(output).flatten(0, 1), targets).numpy()
        kept = counted[targets.numpy()]
        total += float(losses[kept].sum())
        tokens += int(kept.sum())
    return math.exp(total / tokens)


if __name__ == "__main__":
    main()
