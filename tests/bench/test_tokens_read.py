"""Taggers on states of a language model, with tiny models."""

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from bench import tokens_read
from ldnet.files import read_json
from pipeline.execution.snapshots import pack, weights_and_moments
from pipeline.language_model.model import LanguageModel, load_language_model, save_language_model
from pipeline.pretraining.encoded_corpus import load
from pipeline.pretraining.lm_training import perplexity
from tests.factories import WORDS, make_language_model, make_sentences, write_prepared
from tests.one_process import in_one_process
from tests.tiny_experiment import tiny_params, write_corpus


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
    save_language_model(make_language_model(seed=7), WORDS, tmp_path / "lm" / "forward")
    refused = CliRunner().invoke(tokens_read.main, [*given, "--seed", "1"])
    assert "rows.json: its rows were made with other language models (5 tokens); give" in refused.output


def test_a_checkpoint_is_trained_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_prepared(tmp_path / "conll", {"train": make_sentences(9, 1)}, tmp_path / "lm")
    corpus = write_corpus(tmp_path / "corpus")
    ended, words = load_language_model(tmp_path / "lm/backward")
    torch.manual_seed(5)
    earlier = LanguageModel(ended.config)
    state = tmp_path / "state"
    state.write_bytes(
        pack({"step": 1500}, weights_and_moments(dict(earlier.named_parameters()), []), "step 1,500 of 2,000")
    )
    options = ["--checkpoint", str(state), "--like", str(tmp_path / "lm/backward"), "--direction", "backward"]
    options += ["--params", str(tiny_params(tmp_path)), "--corpus", str(corpus), "--tokens", "2000"]
    options += ["--out", str(tmp_path / "annealed")]
    done = CliRunner().invoke(tokens_read.main, ["model", *options], catch_exceptions=False)
    assert done.exit_code == 0 and "after 1,500 steps and 2,000 tokens" in done.output
    found, found_words = load_language_model(tmp_path / "annealed")
    assert found_words == words
    read = load(corpus).shards[-1]
    before, after = (perplexity(model, read, reverse=True) for model in (earlier, found))
    assert after < before, "it has learnt from what it read"
    monkeypatch.setattr(tokens_read, "pretrain", lambda *_, **__: iter(()))  # what it starts from
    CliRunner().invoke(tokens_read.main, ["model", *options], catch_exceptions=False)
    start, _ = load_language_model(tmp_path / "annealed")
    for name, weight in earlier.state_dict().items():
        assert torch.equal(start.state_dict()[name], weight)
    state.write_bytes(b"no state")
    done = CliRunner().invoke(tokens_read.main, ["model", *options])
    assert "no checkpoint of this training" in done.output


def test_the_last_tokens_of_a_corpus(tmp_path: Path) -> None:
    corpus = load(write_corpus(tmp_path / "corpus"))
    first, second = corpus.shards
    some = tokens_read.last(corpus, 7).shards
    assert [shard.tolist() for shard in some] == [second[-7:].tolist()]
    more = tokens_read.last(corpus, len(second) + 3).shards
    assert [shard.tolist() for shard in more] == [second.tolist(), first[-3:].tolist()]
