"""What all tests of stages share."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from ldnet.files import write_json
from pipeline.tagger.model import save_tagger
from tests.factories import WORDS, make_sentences, make_tagger, write_prepared
from tests.one_process import in_one_process
from tests.tiny_experiment import tiny_params


@pytest.fixture(autouse=True)
def _one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stages that run in this process train their seeds here, too; tests/tagger has those of several processes."""
    in_one_process(monkeypatch)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What stages leave, small; nothing in it is changed."""
    root = tmp_path_factory.mktemp("prepared")
    lexicon = write_prepared(root / "conll", {"train": make_sentences(20, 1), "dev": make_sentences(9, 2)}, root / "lm")
    (root / "conll" / "test_hashes.txt").write_text("0123456789abcdef\n")
    for folder in ("full/seed-1", "selection/seed-1/tagger", "pruned/seed-1/tagger"):
        save_tagger(make_tagger(lexicon, 34), root / folder)
    shutil.copytree(root / "lm", root / "pruned" / "seed-1", dirs_exist_ok=True)
    write_json(root / "selection" / "seed-1" / "gates.json", {"forward": [1.0, 0.0, 0.5], "backward": [0.0, 0.0, 0.0]})
    (root / "unlabelled.txt").write_text("the cat\n")
    corpus = root / "corpus"
    corpus.mkdir()
    ids = np.arange(600, dtype=np.int32) % len(WORDS)
    for name in ("train-000", "train-001", "heldout"):
        np.save(corpus / f"{name}.npy", ids)
    np.save(corpus / "vectors.npy", np.random.default_rng(0).normal(size=(len(WORDS), 5)).astype(np.float32))
    write_json(corpus / "vocabulary.json", WORDS)
    targets = root / "targets"
    targets.mkdir()
    shutil.copy(root / "unlabelled.txt", targets)
    steps = sum(len(sentence.words) + 1 for sentence in make_sentences(20, 1)) + 3
    tags = len(lexicon.tags)
    np.save(targets / "marginals.npy", np.full((steps, tags), 1 / tags, np.float32))
    np.save(targets / "transitions.npy", np.full((21, tags, tags), 0.1, np.float32))
    tiny_params(root)
    return root
