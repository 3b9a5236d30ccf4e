"""Both sides of the comparison of pretraining, tiny."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from bench.pretraining_since import COMMON, compare, extract
from tests.imports import ROOT

BEFORE = "6714923"
TINY = {**COMMON, "layers": 2, "units": 4, "embedding": 5, "projection": 8, "streams": 4, "steps": 5}
TINY |= {"cutoffs": [4], "words": 9, "precision": "float32"}
STEPS = 120  # the second point of the curve is at 100


def test_both_train_on_the_same_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    if subprocess.run(["git", "cat-file", "-e", BEFORE], check=False, capture_output=True).returncode:
        pytest.skip(f"this clone has no commit {BEFORE}")
    shard = tmp_path / "train.npy"
    np.save(shard, np.random.default_rng(1).integers(0, 12, STEPS * 4 * 5 + 4).astype(np.int32))
    row = compare(extract(BEFORE, tmp_path / "before"), TINY, shard, 1)
    assert row["now"] > 0 and row["before"] > 0
    for now, before in zip(row["losses_now"], row["losses_before"], strict=True):
        assert now == pytest.approx(before, abs=0.3), "nats a token"
