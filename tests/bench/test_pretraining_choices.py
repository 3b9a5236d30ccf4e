"""Short trainings that cost the same time, with tiny models."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from bench import pretraining_choices
from ldnet.files import read_json
from tests.factories import WORDS

TINY = {"layers": 3, "units": 4, "embedding": 5, "projection": 8, "cutoffs": [4, 8], "streams": 4, "steps": 5}


def test_every_choice_is_trained_for_the_time_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = np.random.default_rng(0).integers(0, len(WORDS), 200_000).astype(np.int32)
    np.save(tmp_path / "train-000.npy", ids)
    np.save(tmp_path / "heldout.npy", ids[:300])
    np.save(tmp_path / "vectors.npy", np.zeros((0, 0), dtype=np.float32))
    (tmp_path / "vocabulary.json").write_text(json.dumps(WORDS), encoding="utf-8")
    monkeypatch.setattr(pretraining_choices, "COMMON", {**pretraining_choices.COMMON, **TINY})
    out = tmp_path / "choices.json"
    given = ["--corpus", str(tmp_path), "--seconds", "1", "--only", "0", "--only", "4", "--out", str(out)]
    done = CliRunner().invoke(pretraining_choices.main, given, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    document = read_json(out)
    assert [row.get("learning_rate") for row in document["rows"]] == [None, 0.004] and document["words"] == len(WORDS)
    for row in document["rows"]:
        assert 0 < row["tokens"] <= len(ids)
        assert row["heldout_perplexity"] < 1.5 * len(WORDS)
