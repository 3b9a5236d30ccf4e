"""What the product does in each row: its own entry points, as its stages call them, on a slice of the data.

Every function loads what it needs and returns the work: a number of steps, sentences or passes to the number of tokens
or words processed.
"""

import os
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable
from pathlib import Path

import yaml

from bench.data import ROOT, BenchData, paper_params
from bench.models import SEED, make_bidirectional_lm, make_language_model, make_models, make_tagger
from ldnet.decoding.precision import DecodingPrecision
from ldnet.files import read_json
from pipeline.evaluation.finished import bulk_tagger
from pipeline.features.contextual import open_feature_table, write_feature_table
from pipeline.params import Precision
from pipeline.pretraining.lm_training import pretrain
from pipeline.profiles import render
from pipeline.selection.methods import METHODS
from pipeline.selection.selection import Selection, SelectionTask
from pipeline.tagger.training import train_tagger

Work = Callable[[int], int]
TABLE_SENTENCES = 320  # an epoch of the slice that the tagger is trained on; its table is 0.2 GB
HELDOUT_SENTENCES = 100


def pretraining(width: int, projection: int, precision: Precision, folder: Path) -> Work:
    """Steps of LM pretraining, each of `streams` times `steps` tokens."""
    data = BenchData.load(folder)
    model = make_language_model(len(data.vocabulary), width, projection)
    params = paper_params().pretrain_lm.model_copy(update={"precision": precision, "epochs": 1})

    def work(steps: int) -> int:
        corpus = data.corpus(params.streams * (params.steps * steps + 1))
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            checkpoint = Path(scratch) / "checkpoint"
            records = pretrain(model, corpus, params, SEED, checkpoint, reverse=False, checkpoint_steps=steps + 1)
            deque(records, maxlen=0)
        return steps * params.streams * params.steps

    return work


def tagger_training(precision: Precision, folder: Path) -> Work:
    """Training of the tagger on the features of all LM layers, from a table on disk that is made beforehand."""
    data = BenchData.load(folder)
    lm = make_bidirectional_lm(data)
    width = sum(lm.widths)
    used = data.slice(TABLE_SENTENCES)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        path = Path(file.name)
    write_feature_table(lm, used.words, path, precision)
    del lm
    tagger = make_tagger(data.tagging.lexicon, width)
    tagger.compute_in(precision)
    table = open_feature_table(path, used.words, width, precision)

    def work(epochs: int) -> int:
        params = paper_params().train_tagger.model_copy(update={"epochs": epochs})
        deque(train_tagger(tagger, used, table.batch, params, seed=SEED, label="bench"), maxlen=0)
        return epochs * sum(len(sentence.words) for sentence in used.train)

    return work


def feature_table(precision: Precision, folder: Path) -> Work:
    """Making the table of language-model features."""
    data = BenchData.load(folder)
    lm = make_bidirectional_lm(data)

    def work(sentences: int) -> int:
        words = data.words(sentences)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            write_feature_table(lm, words, Path(scratch) / "features", precision)
        return sum(map(len, words))

    return work


def selection(precision: Precision, folder: Path) -> Work:
    """Layer selection: the language models are run for every group of batches, and gates and tagger are trained."""
    data = BenchData.load(folder)
    lm = make_bidirectional_lm(data)
    lm.compute_in(precision)
    tagger = make_tagger(data.tagging.lexicon, sum(lm.widths))
    params = paper_params().select.model_copy(update={"epochs": 1, "enforce_epoch": 1})

    def work(sentences: int) -> int:
        used = data.slice(sentences)
        tagging = paper_params().train_tagger.model_copy(update={"precision": precision})
        deque(METHODS["gates"](SelectionTask(tagger, Selection.of(lm), used, params, tagging, SEED)), maxlen=0)
        return sum(len(sentence.words) for sentence in used.train)

    return work


def decoding(kind: str, precision: DecodingPrecision, folder: Path) -> Work:
    """Tagging of sentences given as words, by the tagger of this `kind`: no_lm, full or pruned."""
    data = BenchData.load(folder)
    bulk = bulk_tagger(*make_models(kind, data), data.tagging.lexicon, precision)

    def work(sentences: int) -> int:
        return sum(map(len, bulk.tag(data.words(sentences))))

    return work


def encoding(folder: Path) -> Work:
    """Preparation of the whole LM corpus by its stage: text to vocabulary and encoded shards."""
    params = yaml.safe_load(render(ROOT / "profiles", "conll2000"))
    params["prepare_corpus"] |= {"heldout_sentences": HELDOUT_SENTENCES, "vectors": ""}
    (folder / "encoding.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    (folder / "hashes.txt").touch()
    inputs = ["--params", "encoding.yaml", "--raw", "raw", "--test-hashes", "hashes.txt"]

    def work(passes: int) -> int:
        tokens = 0
        for _ in range(passes):
            with tempfile.TemporaryDirectory(dir=folder) as scratch:
                outputs = ["--out", f"{scratch}/corpus", "--metrics", f"{scratch}/metrics.json"]
                subprocess.run(
                    [sys.executable, "-m", "stages.prepare_corpus", *inputs, *outputs],
                    cwd=folder,
                    env={**os.environ, "DVC_ROOT": scratch, "PYTHONPATH": str(ROOT)},
                    stdout=subprocess.DEVNULL,
                    check=True,
                )
                statistics = read_json(Path(scratch) / "metrics.json")
            tokens += statistics["train_tokens"] + statistics["heldout_tokens"]
        return tokens

    return work
