"""Files that stages write and later stages read: each damaged, and read as the later stage does."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
import torch
from hypothesis import strategies as st

from ldnet.errors import InputError
from ldnet.files import JsonObject
from ldnet.text.columns import read_conll
from ldnet.text.lexicon import Lexicon
from pipeline.corpus.numbered_parts import load_part, number_part, save_part
from pipeline.corpus.preparation import read_hashes
from pipeline.corpus.text_parts import Piece
from pipeline.evaluation.conlleval import count_file
from pipeline.execution.snapshots import pack, reading_snapshot, unpack
from pipeline.features.contextual import BidirectionalLM, live_features, load_bidirectional_lm
from pipeline.pretraining.encoded_corpus import load as load_corpus
from pipeline.pretraining.streams import training_batches
from pipeline.pruning.pruning import load_gates, prune_bidirectional_lm
from pipeline.publishing.span_errors import read_predictions
from pipeline.report.measurements import DIRECTIONS, read_curve, read_gates, read_metrics
from pipeline.report.results import build_results, read_results
from pipeline.report.tables import tables
from pipeline.tagger.batches import collate
from pipeline.tagger.model import load_tagger, save_tagger
from pipeline.tagger.soft_targets import _Progress, open_soft_targets
from pipeline.tagger.tagging_data import load_tagging_data
from stages.evaluate import _layers
from tests.factories import BASE, WORDS, make_sentences, make_tagger, write_prepared
from tests.fuzz.cases import Case, InputClass, put, scratch
from tests.fuzz.mutations import mutated
from tests.report_factories import make_experiment_values, write_measurements, write_report

Reader = Callable[[Path], object]
SENTENCES = [["the", "cat"], ["Paris", "zzz", "saw"]]
TOKENS = ["O", "S-LOC", "B-LOC", "S-PER", "the S-LOC", "<unk>", "<s>", "0123456789abcdef", "seed,epoch", "1,2,3"]


@cache
def prepared() -> Path:
    """What stages leave, small; cases put one of its files away for a moment."""
    root = scratch("prepared-by-stages")
    lexicon = write_prepared(root / "conll", {"train": make_sentences(8, 1), "dev": make_sentences(5, 2)}, root / "lm")
    (root / "conll/test.conll").write_bytes((root / "conll/dev.conll").read_bytes())
    (root / "conll/test_hashes.txt").write_text("0123456789abcdef\nfedcba9876543210\n", encoding="utf-8")
    save_tagger(make_tagger(lexicon, 34), root / "tagger/seed-1")
    for folder in ("selection", "corpus", "targets", "scratch"):
        (root / folder).mkdir()
    gates = {"forward": [1.0, 0.0, 0.5], "backward": [0.0, 0.0, 0.0]}
    (root / "selection/gates.json").write_text(json.dumps(gates), encoding="utf-8")
    for name in ("train-000", "train-001", "heldout"):
        np.save(root / f"corpus/{name}.npy", np.arange(60, dtype=np.int32) % len(WORDS))
    np.save(root / "corpus/vectors.npy", np.ones((len(WORDS), 5), np.float32))
    (root / "corpus/vocabulary.json").write_text(json.dumps(WORDS), encoding="utf-8")
    (root / "targets/unlabelled.txt").write_text("the cat\nRome saw\n", encoding="utf-8")
    steps = sum(len(sentence.words) + 1 for sentence in make_sentences(8, 1)) + 3 + 3
    tags = len(lexicon.tags)
    np.save(root / "targets/marginals.npy", np.full((steps, tags), 1 / tags, np.float32))
    np.save(root / "targets/transitions.npy", np.full((10, tags, tags), 0.1, np.float32))
    (root / "scratch/progress.json").write_text('{"agreement": 1.5, "batches": 1, "gold_steps": 3}', encoding="utf-8")
    (root / "scratch/state").write_bytes(pack({"step": 3, "losses": [1.0]}, {"a": torch.ones(3)}, "step 3"))
    piece = Piece(root / "a.txt", 1, b"the cat\nRome saw")
    save_part(number_part([piece], set(), 1), root / "scratch/part-000000.npz")
    write_measurements(root)
    write_report(root)
    kept = {"layers_kept": {"forward": [0], "backward": []}}
    (root / "metrics/prune.json").write_text(json.dumps({**kept, "repeated": {"seed-2": kept}}), encoding="utf-8")
    return root


def _lexicon(root: Path) -> Lexicon:
    return Lexicon.load(root / "conll/lexicon")


def tagging_data(root: Path) -> None:
    """As the trainings of taggers read it."""
    data = load_tagging_data(root / "conll", root / "targets")
    collate(data.encoded_train)
    collate(data.encoded_dev)
    assert data.labelled <= len(data.train) and all(all(sentence.words) for sentence in data.train)
    open_soft_targets(root / "targets", data.encoded_train)


def test_split(root: Path) -> None:
    """As `evaluate` reads it."""
    sentences = read_conll(root / "conll/test.conll", 0, 1)
    assert all(len(sentence.words) == len(sentence.tags) > 0 for sentence in sentences)


def corpus(root: Path) -> None:
    """As `pretrain_lm` reads it; all numbers must be those of words."""
    found = load_corpus(root / "corpus")
    for batch in training_batches(found.shards, streams=4, steps=5, epochs=1, seed=1, reverse=False, skip=0):
        assert int(batch.tokens.min()) >= 0 and int(batch.tokens.max()) < len(found.vocabulary)
    assert np.isfinite(found.vectors).all()


@torch.no_grad()
def language_models(root: Path) -> BidirectionalLM:
    """As taggers read them: features are finite."""
    lm = load_bidirectional_lm(root / "lm", "pretrain_lm")
    features = live_features(lm, SENTENCES)([0, 1])
    assert features.isfinite().all() and features.shape[2] == sum(lm.widths)
    return lm


@torch.no_grad()
def tagger(root: Path) -> None:
    """As later stages read it: scores are finite."""
    found = load_tagger(root / "tagger/seed-1", "train_tagger", _lexicon(root), 34)
    data = load_tagging_data(root / "conll")
    batch = collate(data.encoded_train)
    features = torch.ones(batch.words.shape[0], len(data.encoded_train), 34)
    scores = found.emissions(batch, features)
    assert scores.isfinite().all() and found.crf.decode(scores, batch.lengths)


def gates(root: Path) -> None:
    """As `prune` reads them."""
    found = load_gates(root / "selection/gates.json", 3)
    prune_bidirectional_lm(load_bidirectional_lm(root / "lm", "pretrain_lm"), found)


def snapshot(root: Path) -> None:
    """As a resumed training reads it: what went in."""
    path = root / "scratch/state"
    with reading_snapshot(path):
        values, tensors = unpack(path.read_bytes())
    assert values == {"step": 3, "losses": [1.0]} and tensors["a"].tolist() == [1.0] * 3


def part(root: Path) -> None:
    """As `prepare_corpus` reads it."""
    found = load_part(root / "scratch/part-000000.npz")
    assert len(found.ends) == len(found.ranks) <= found.read
    assert [found.words[number] for number in found.numbers]


def report(root: Path) -> None:
    """As the stage report reads metrics and curves."""
    measured = read_metrics(root / "metrics")
    tables(json.loads(json.dumps(build_results(make_experiment_values(), measured), allow_nan=False)))
    read_gates(root / "curves/select.csv", 2)
    for name in DIRECTIONS:
        read_curve(root / f"curves/pretrain_lm_{name}.csv", ["tokens", "perplexity"])


def layers(root: Path) -> None:
    """As `evaluate` reads what pruning kept."""
    params = BASE.model_copy(update={"select": BASE.select.model_copy(update={"repeats": 2})})
    kept = _layers("pruned", params, root / "metrics")
    assert all(type(layer) is int for layer in kept["layers_kept"]["forward"])


def dev_metrics(root: Path) -> None:
    """As `evaluate` reads what training measured."""
    measured = JsonObject.read(root / "metrics/train_tagger_pruned.json")
    assert measured.wholes("seeds") is not None and np.isfinite(measured.number("dev_f1_mean"))


def predictions(root: Path) -> None:
    """As `evaluate` and the page of the report read them."""
    path = root / "work/predictions/gold/full-seed-1.conll"
    counts, sentences = count_file(path), read_predictions(path)
    assert len(counts) == len(sentences), "two readers, two numbers of sentences"
    assert counts[:, 2].tolist() == [len(sentence.gold) for sentence in sentences]


def results(root: Path) -> None:
    """As `publish` and `export` read them."""
    tables(read_results(root / "work/report/results.json"))


READERS: dict[str, Reader] = {
    **dict.fromkeys(["conll/train.conll", "conll/dev.conll", "targets/unlabelled.txt"], tagging_data),
    **dict.fromkeys(["conll/lexicon/lexicon.json", "conll/lexicon/vectors.safetensors"], tagging_data),
    **dict.fromkeys(["targets/marginals.npy", "targets/transitions.npy"], tagging_data),
    "conll/test.conll": test_split,
    "conll/test_hashes.txt": lambda root: read_hashes(root / "conll/test_hashes.txt"),
    **{f"corpus/{name}.npy": corpus for name in ("train-000", "heldout", "vectors")},
    "corpus/vocabulary.json": corpus,
    **{f"lm/{name}": language_models for name in ("forward/config.json", "backward/config.json")},
    **{f"lm/{name}": language_models for name in ("forward/vocabulary.json", "forward/weights.safetensors")},
    **{f"tagger/seed-1/{name}": tagger for name in ("config.json", "weights.safetensors")},
    "selection/gates.json": gates,
    "scratch/state": snapshot,
    "scratch/part-000000.npz": part,
    "scratch/progress.json": lambda root: _Progress.read(root / "scratch/progress.json"),
    **{f"metrics/{name}.json": report for name in ("evaluate_gold", "evaluate_taught", "pretrain_lm_forward")},
    "curves/select.csv": report,
    "curves/pretrain_lm_forward.csv": report,
    "metrics/prune.json": layers,
    "metrics/train_tagger_pruned.json": dev_metrics,
    "work/predictions/gold/full-seed-1.conll": predictions,
    "work/report/results.json": results,
}


@cache
def starts() -> Mapping[str, bytes]:
    """All files that are read."""
    return {file: (prepared() / file).read_bytes() for file in READERS}


def cases() -> st.SearchStrategy[Case]:
    """Changed files."""
    return mutated(starts, TOKENS)


def read(case: Case, folder: Path) -> None:
    """Read it as a later stage does."""
    root = prepared()
    try:
        with put(root, case, starts()[case.file]):
            READERS[case.file](root)
    except InputError as error:
        raise InputError(str(error).replace(str(root), str(folder))) from error


CLASS = InputClass(name="files between stages", starts=starts, cases=cases, read=read)
