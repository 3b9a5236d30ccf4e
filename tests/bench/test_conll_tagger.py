"""The tagger of the published size, by the committed results."""

from pathlib import Path

import pytest

from bench import conll_tagger
from ldnet.files import read_json
from ldnet.model_folder import load_model
from tests.factories import make_sentences


def test_the_published_row_is_that_of_the_pruned_gold_tagger() -> None:
    row = conll_tagger._published_row()
    assert (row["variant"], row["training"]) == ("pruned", "gold")
    assert 0 < sum(map(len, row["layers_kept"].values())) < 20


def test_the_language_models_know_as_many_words_as_the_published_number_of_parameters_says() -> None:
    evaluated = read_json(conll_tagger.RESULTS / "metrics" / "evaluate_gold.json")["rows"]
    (parts,) = (row["parameters_by_part"] for row in evaluated if row["variant"] == "pruned")
    lm = conll_tagger.load_profile(conll_tagger.ROOT / "profiles", "conll2000").pretrain_lm
    assert 2 * lm.embedding * conll_tagger._published_words() == parts["lm_embeddings"]


def test_the_model_tags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conll_tagger, "VECTORS", 30)
    monkeypatch.setattr(conll_tagger, "_published_words", lambda: 40)
    sentences = make_sentences(5)
    conll_tagger.make_model(sentences, tmp_path / "model", tmp_path / "parts")
    tags = load_model(tmp_path / "model").tag([sentence.words for sentence in sentences])
    assert [len(of_sentence) for of_sentence in tags] == [len(sentence.words) for sentence in sentences]
