"""What the baseline does in each row, on the same data and weights as the product."""

from collections.abc import Callable, Iterator
from pathlib import Path

from bench.baseline.batches import Encoded, look_up
from bench.baseline.language_model import LanguageModel, Pretraining
from bench.baseline.tagger import BATCH_SENTENCES, Tagger, Training, tag
from bench.data import BenchData, paper_params
from bench.models import make_bidirectional_lm, make_language_model, make_tagger, pruned_gates
from pipeline.pretraining.streams import LMBatch, batches_of_shard

Work = Callable[[int], int]


def pretraining(width: int, projection: int, folder: Path) -> Work:
    """Steps of LM pretraining, each of `streams` times `steps` tokens."""
    data, params = BenchData.load(folder), paper_params().pretrain_lm
    model = LanguageModel(make_language_model(len(data.vocabulary), width, projection))
    training = Pretraining(model, params.learning_rate, params.clip_norm)
    ids = data.ids()
    batches: Iterator[LMBatch] = iter(())

    def work(steps: int) -> int:
        nonlocal batches
        for _ in range(steps):
            batch = next(batches, None)
            if batch is None:
                batches = batches_of_shard(ids, params.streams, params.steps, reverse=False)
                batch = next(batches)
            training.step(batch.tokens, batch.targets)
        return steps * params.streams * params.steps

    return work


def tagger_training(folder: Path) -> Work:
    """Training of the tagger; the language models are run for every batch."""
    return _training(folder, None)


def selection(folder: Path) -> Work:
    """Training of tagger and gates together."""
    return _training(folder, paper_params().select.strength)


def _training(folder: Path, strength: float | None) -> Work:
    data = BenchData.load(folder)
    tagger = make_baseline_tagger(data, "full")
    training = Training(tagger, data.tagging.lexicon, strength, paper_params().select.max_layers)
    encoded = encode(data)

    def work(sentences: int) -> int:
        for start in range(0, sentences, BATCH_SENTENCES):
            training.step(encoded[start : start + BATCH_SENTENCES])
        return sum(len(sentence.words) for sentence in encoded[:sentences])

    return work


def decoding(kind: str, folder: Path) -> Work:
    """Tagging of sentences whose ids have been looked up beforehand."""
    data = BenchData.load(folder)
    tagger, encoded = make_baseline_tagger(data, kind), encode(data)

    def work(sentences: int) -> int:
        return sum(map(len, tag(tagger, encoded[:sentences], data.tagging.lexicon)))

    return work


def make_baseline_tagger(data: BenchData, kind: str) -> Tagger:
    """The baseline's tagger of this `kind`: no_lm, full or pruned."""
    lm = None if kind == "no_lm" else make_bidirectional_lm(data)
    tagger = Tagger(make_tagger(data.tagging.lexicon, sum(lm.widths) if lm else 0), lm).eval()
    if kind == "pruned":
        tagger.set_gates(pruned_gates())
        tagger.delete_layers()
    return tagger


def encode(data: BenchData) -> list[Encoded]:
    """The ids of all training sentences."""
    index = {word: number for number, word in enumerate(data.vocabulary)}
    return [look_up(sentence.words, sentence.tags, data.tagging.lexicon, index) for sentence in data.tagging.train]
