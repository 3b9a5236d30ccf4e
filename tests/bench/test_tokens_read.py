"""Taggers on states of a language model, with tiny models."""

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from bench import tokens_read
from ldnet.files import read_json
from pipeline.execution.snapshots import learnt, pack
from pipeline.language_model.model import LanguageModel, load_language_model
from tests.factories import make_sentences, write_prepared
from tests.one_process import in_one_process
from tests.stages.test_stages import tiny_params


def test_every_row_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_prepared(tmp_path / "conll", {"train": make_sentences(20, 1), "dev": make_sentences(9, 2)}, tmp_path / "lm")
    in_one_process(monkeypatch)
    out = tmp_path / "rows.json"
    given = ["train", "--params", str(tiny_params(tmp_path)), "--conll", str(tmp_path / "conll"), "--epochs", "1"]
    given += ["--jobs", "1", "--out", str(out), "--lm", "5 tokens", str(tmp_path / "lm")]
    for more, expected in (
        (["--seed", "1"], 2),
        (["--seed", "1"], 2),
        (["--seed", "1", "--lm", "9 tokens", str(tmp_path / "lm")], 3),
    ):
        done = CliRunner().invoke(tokens_read.main, [*given, *more], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        assert len(read_json(out)["rows"]) == expected
    rows = read_json(out)["rows"]
    assert [(row["lm"], row["variant"], row["sentences"]) for row in rows] == [
        ("none", "no_lm", 20),
        ("5 tokens", "full", 20),
        ("9 tokens", "full", 20),
    ]
    assert rows[1]["dev_f1"] == rows[2]["dev_f1"], "the same language model under two names"


def test_the_model_of_a_checkpoint(tmp_path: Path) -> None:
    write_prepared(tmp_path / "conll", {"train": make_sentences(9, 1)}, tmp_path / "lm")
    ended, words = load_language_model(tmp_path / "lm/forward")
    torch.manual_seed(5)
    earlier = LanguageModel(ended.config)
    state = tmp_path / "state"
    state.write_bytes(pack({"step": 1500}, learnt(dict(earlier.named_parameters()), []), "step 1,500 of 2,000"))
    options = ["--checkpoint", str(state), "--like", str(tmp_path / "lm/forward"), "--out", str(tmp_path / "earlier")]
    done = CliRunner().invoke(tokens_read.main, ["model", *options], catch_exceptions=False)
    assert done.exit_code == 0 and "after 1,500 steps" in done.output
    found, found_words = load_language_model(tmp_path / "earlier")
    assert found_words == words
    for name, weight in earlier.state_dict().items():
        assert torch.equal(found.state_dict()[name], weight)
    state.write_bytes(b"no state")
    done = CliRunner().invoke(tokens_read.main, ["model", *options])
    assert "no checkpoint of this training" in str(done.exception)
