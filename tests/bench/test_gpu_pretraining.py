"""What one GPU would train is written in parts and joined to a language model; here on the CPU, with a tiny one."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from click.testing import CliRunner

from bench import gpu_pretraining
from ldnet.files import read_json
from pipeline.gpu_pretraining import side_by_side
from pipeline.language_model.model import load_language_model
from tests.cuda_stand_in import use_cpu_as_gpu
from tests.factories import WORDS
from tests.imports import ROOT

TINY = {
    "layers": 3,
    "units": 4,
    "embedding": 5,
    "projection": 8,
    "cutoffs": [4, 8],
    "streams": 2,
    "steps": 5,
    "dropout": 0.0,
}


def test_weights_are_written_in_parts_and_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_cpu_as_gpu(monkeypatch)
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    ids = np.random.default_rng(0).integers(0, len(WORDS), 12_000).astype(np.int32)
    np.save(corpus / "train-000.npy", ids)
    np.save(corpus / "heldout.npy", ids[:300])
    np.save(corpus / "vectors.npy", np.zeros((0, 0), dtype=np.float32))
    (corpus / "vocabulary.json").write_text(json.dumps(WORDS), encoding="utf-8")
    params = yaml.safe_load((ROOT / "profiles/base.yaml").read_text(encoding="utf-8"))
    params["pretrain_lm"].update(TINY)
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    given = ["--params", str(tmp_path / "params.yaml"), "--corpus", str(corpus)]
    monkeypatch.setattr(gpu_pretraining, "FILE_BYTES", 500)
    monkeypatch.setattr(gpu_pretraining, "STREAMS", (4, 8))
    run = ["train", *given, "--seconds", "0.5", "--out", str(tmp_path / "gpu")]
    monkeypatch.setattr(side_by_side, "RECORD_STEPS", 5)
    trained = CliRunner().invoke(gpu_pretraining.main, run, catch_exceptions=False)
    assert trained.exit_code == 0, trained.output
    parts = tmp_path / "gpu/backward/final"
    assert len(list(parts.glob("part-*"))) > 2
    join = ["join", "--parts", str(parts), "--corpus", str(corpus), "--out", str(tmp_path / "lm")]
    join += ["--metrics", str(tmp_path / "metrics.json"), "--curve", str(tmp_path / "curve.csv")]
    assert CliRunner().invoke(gpu_pretraining.main, join).exit_code == 0
    model, vocabulary = load_language_model(tmp_path / "lm")
    assert vocabulary == WORDS
    for tensor in model.state_dict().values():
        assert torch.equal(tensor, tensor.half().float())
    measured = read_json(tmp_path / "gpu/backward/measured.json")
    streams = measured["params"]["streams"]
    assert measured["params"]["learning_rate"] == pytest.approx(
        params["pretrain_lm"]["learning_rate"] * (streams / 2) ** 0.5
    )
    assert streams in (4, 8) and 1 < measured["heldout_perplexity"] < 2 * len(WORDS)
    metrics = read_json(tmp_path / "metrics.json")
    assert metrics["tokens"] == measured["tokens"] and metrics["epochs"] == round(measured["tokens"] / 12_000, 2)
    assert metrics["heldout_perplexity"] == pytest.approx(
        measured["heldout_perplexity"], rel=0.01
    )  # of float16 weights
    curve = pd.read_csv(tmp_path / "curve.csv")
    assert list(curve) == gpu_pretraining.CURVE and curve.tokens.iloc[-1] == measured["tokens"]
    next(parts.glob("part-*")).unlink()
    refused = CliRunner().invoke(gpu_pretraining.main, join)
    assert refused.exit_code == 1 and "this language model has" in refused.output
