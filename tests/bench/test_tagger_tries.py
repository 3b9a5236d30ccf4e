"""Tries of the tagger, with tiny models."""

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from bench import tagger_tries
from ldnet.files import read_json
from pipeline.language_model.model import LMConfig
from pipeline.tagger.model import Tagger
from tests.factories import make_lexicon, make_sentences, make_tagger, write_prepared
from tests.stages.test_stages import tiny_params


def test_every_try_is_made_once_and_the_file_is_added_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_prepared(tmp_path / "conll", {"train": make_sentences(20, 1), "dev": make_sentences(9, 2)}, tmp_path / "lm")
    out = tmp_path / "tries.json"
    given = ["--params", str(tiny_params(tmp_path)), "--conll", str(tmp_path / "conll"), "--lm", str(tmp_path / "lm")]
    given += ["--epochs", "1", "--jobs", "1", "--out", str(out)]
    monkeypatch.setattr(tagger_tries, "BOTH", tagger_tries.BOTH[2:3])
    for seed, expected in (("1", 5), ("1", 5), ("2", 10)):
        done = CliRunner().invoke(tagger_tries.main, [*given, "--seed", seed], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        assert len(read_json(out)["rows"]) == expected
    rows = read_json(out)["rows"]
    assert {(row["variant"], row["sentences"], row["best_epoch"]) for row in rows} == {
        ("no_lm", 20, 1),
        ("full", 20, 1),
    }
    assert sum("norm" in row for row in rows) == sum("layer_dropout" in row for row in rows) == 2


def test_a_layer_is_dropped_as_a_whole_and_embeddings_never() -> None:
    tagger = make_tagger(make_lexicon(make_sentences(5)), 34)
    lm = LMConfig(
        vocabulary_size=9, embedding=5, units=4, layers=3, projection=8, cutoffs=[4], dropout=0, layer_dropout=0
    )
    other = tagger_tries.TaggerWithWayIn(tagger.config, lm, {"layer_dropout": 0.5})
    assert isinstance(other, Tagger)
    torch.manual_seed(0)
    for _ in range(20):
        for direction in other._layers(0.5).chunk(2):
            assert direction[:5].tolist() == [1.0] * 5
            assert all(set(layer.tolist()) in ({0.0}, {2.0}) for layer in direction[5:].split(4))
