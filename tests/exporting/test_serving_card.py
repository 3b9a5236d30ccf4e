"""The model card says what model.json says, for people and for model hubs."""

from pathlib import Path

import yaml

from ldnet.files import read_json
from ldnet.model_folder import load_model
from pipeline.exporting.model_card import model_card
from tests.serving_factories import make_model


def test_the_card_has_numbers_of_all_seeds_and_how_to_use_the_model(tmp_path: Path) -> None:
    card = (make_model(tmp_path) / "README.md").read_text(encoding="utf-8")
    assert "| dev F1 | 81.00 | 80.50 ± 0.71 (80.00, 81.00) |" in card
    assert "| test F1 | 78.00 | 78.50 ± 0.71 (79.00, 78.00) |" in card
    assert "of 3 a direction, counted from 0: backward 0, 1, 2, forward 0, 1, 2." in card
    assert "spans of the types `LOC`" in card and "grammar" in card
    assert "trained on `demo`, with the taggers on whole language models as teachers." in card
    assert "load_model(" in card and "ldnet tag-shards " in card
    assert "onnx" not in card.lower()


def test_the_front_matter_is_what_hubs_read(tmp_path: Path) -> None:
    card = (make_model(tmp_path) / "README.md").read_text(encoding="utf-8")
    front_matter = yaml.safe_load(card.split("---\n")[1])
    assert front_matter["pipeline_tag"] == "token-classification" and front_matter["language"] == "en"
    (result,) = front_matter["model-index"][0]["results"]
    assert result["dataset"]["name"] == "demo" and result["metrics"][0]["value"] == 78.0


def test_one_seed_has_no_spread_and_own_data_no_language(tmp_path: Path) -> None:
    content = read_json(make_model(tmp_path, "no_lm_taught") / "model.json")
    one = {"seeds": [1], "dev_f1_of_seeds": [81.0], "test_f1_of_seeds": [78.0], "data": "mine", "generated": False}
    card = model_card({**content, **one})
    assert "teachers" in card and "teachers" not in model_card({**content, **one, "tagger": "no_lm"})
    assert "| dev F1 | 81.00 | 81.00 |" in card and "±" not in card.split("F1 of whole spans")[0]
    assert "language" not in yaml.safe_load(card.split("---\n")[1])
    assert "with no language models" in card and "Layers of the language models" not in card


def test_the_card_may_be_edited(tmp_path: Path) -> None:
    model = make_model(tmp_path)
    before = load_model(model).digest
    (model / "README.md").write_text("mine", encoding="utf-8")
    assert load_model(model).digest == before
