"""Tries of the tagger, with tiny models."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from bench import tagger_tries
from ldnet.files import read_json
from pipeline.language_model.model import LMConfig, save_language_model
from pipeline.tagger.batches import collate, encode_sentence
from pipeline.tagger.model import Tagger
from tests.factories import (
    WORDS,
    make_language_model,
    make_lexicon,
    make_sentences,
    make_tagger,
    make_tagger_params,
    write_prepared,
)
from tests.one_process import in_one_process
from tests.tiny_experiment import tiny_params


def test_every_try_is_made_once_and_the_file_is_added_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_prepared(tmp_path / "conll", {"train": make_sentences(20, 1), "dev": make_sentences(9, 2)}, tmp_path / "lm")
    out = tmp_path / "tries.json"
    given = ["--params", str(tiny_params(tmp_path)), "--conll", str(tmp_path / "conll"), "--lm", str(tmp_path / "lm")]
    given += ["--epochs", "1", "--jobs", "1", "--out", str(out)]
    monkeypatch.setattr(tagger_tries, "BOTH", tagger_tries.BOTH[2:3])
    in_one_process(monkeypatch)
    for seed, expected in (("1", 9), ("1", 9), ("2", 18)):
        done = CliRunner().invoke(tagger_tries.main, [*given, "--seed", seed], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        assert len(read_json(out)["rows"]) == expected
    rows = read_json(out)["rows"]
    assert {(row["variant"], row["sentences"], row["best_epoch"]) for row in rows} == {
        ("no_lm", 20, 1),
        ("full", 20, 1),
    }
    save_language_model(make_language_model(layers=1), WORDS, tmp_path / "lm" / "backward")  # as after pruning
    done = CliRunner().invoke(tagger_tries.main, [*given, "--pruned", str(tmp_path / "lm")], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    pruned = [row for row in read_json(out)["rows"] if row["variant"] == "pruned"]
    assert len(pruned) == 12 and {row["lm_dropout"] for row in pruned} == {0.05, 0.1, 0.2, 0.5}
    refused = CliRunner().invoke(tagger_tries.main, given)
    assert "tries.json: its rows were made with other language models (full); give" in refused.output
    ways = {"lm_norm": 8, "lm_dropout": 12, "layer_dropout": 2, "projection_rate": 2}
    assert {way: sum(way in row for row in rows) for way in ways} == ways


LM = LMConfig(vocabulary_size=9, embedding=5, units=4, layers=3, projection=8, cutoffs=[4], dropout=0, layer_dropout=0)


def test_the_projection_starts_the_same_and_moves_at_its_own_rate() -> None:
    sentences = make_sentences(5)
    lexicon = make_lexicon(sentences)
    batch = collate([encode_sentence(sentence.words, sentence.tags, lexicon) for sentence in sentences])
    features = torch.randn(*batch.words.shape, 34, generator=torch.Generator().manual_seed(1))
    moved = []
    for rate in (1.0, 0.25):
        torch.manual_seed(0)
        config = replace(make_tagger(lexicon, 34).config, dropout=0.0, lm_dropout=0.0, unknown_dropout=0.0)
        tagger = tagger_tries.TaggerWithWayIn(config, LM, {"projection_rate": rate})
        optimizer = torch.optim.Adam(tagger.parameters(), 0.01)
        before = tagger.rate * tagger.lm_projection.weight.detach().clone()
        scores = tagger.emissions(batch, features)
        tagger(batch, features).backward()
        optimizer.step()
        moved.append((scores, before, tagger.rate * tagger.lm_projection.weight.detach() - before))
    torch.testing.assert_close(moved[1][:2], moved[0][:2])
    torch.testing.assert_close(moved[1][2], moved[0][2] / 4, rtol=1e-2, atol=2e-5)  # of steps of 0.01


def test_a_layer_is_dropped_as_a_whole_and_embeddings_never() -> None:
    tagger = make_tagger(make_lexicon(make_sentences(5)), 34)
    other = tagger_tries.TaggerWithWayIn(tagger.config, LM, {"layer_dropout": 0.5})
    assert isinstance(other, Tagger)
    torch.manual_seed(0)
    for _ in range(20):
        for direction in other._layers(0.5).chunk(2):
            assert direction[:5].tolist() == [1.0] * 5
            assert all(set(layer.tolist()) in ({0.0}, {2.0}) for layer in direction[5:].split(4))


def test_the_best_epoch_is_the_one_whose_weights_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All epochs have the same dev F1 to four places, and the second one has the highest."""
    write_prepared(tmp_path / "conll", {"train": make_sentences(9, 1), "dev": make_sentences(5, 2)}, tmp_path / "lm")
    scores = iter([50.00001, 50.00003, 50.00002])
    monkeypatch.setattr("pipeline.tagger.training.score_dev", lambda *_: next(scores))
    given = {"params": make_tagger_params(), "threads": 1, "conll": tmp_path / "conll", "lm": tmp_path / "lm"}
    row = tagger_tries.run({"variant": "no_lm", "seed": 1, "epochs": 3}, **given, table=tmp_path / "features")
    assert (row["dev_f1"], row["best_epoch"]) == (50.0, 2)
