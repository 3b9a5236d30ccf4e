"""params.yaml is checked at the door, and the message names the key."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml

from ldnet.errors import InputError
from pipeline.params import Params, load_params

DEMO = Path(__file__).parents[2] / "profiles/demo.yaml"
REMOVE = object()


def load_with(tmp_path: Path, key: str, value: Any) -> Params:
    """The demo profile with one value changed; `key` is dotted."""
    content = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    *sections, name = key.split(".")
    place = content
    for section in sections:
        place = place[section]
    if value is REMOVE:
        del place[name]
    else:
        place[name] = value
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return load_params(path)


def test_values_arrive_typed_and_frozen(tmp_path: Path) -> None:
    params = load_with(tmp_path, "select.strength", 1)
    assert params.select.strength == 1.0 and isinstance(params.select.strength, float)
    assert isinstance(params.lm.cutoffs, list)
    with pytest.raises(dataclasses.FrozenInstanceError):
        params.seed = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        # unknown and missing keys
        ("lm.layer", 6, "lm.layer: unknown key; expected one of layers, units"),
        ("unknown", 6, "unknown: unknown key"),
        ("data.generate.demo.sentences", 6, "data.generate.demo.sentences: unknown key"),
        ("select.strength", REMOVE, "select.strength: missing key"),
        ("lm", REMOVE, "lm: missing key"),
        ("data.generate.demo.seed", REMOVE, "data.generate.demo.seed: missing key"),
        # types
        ("lm.units", "32", "lm.units: expected int, found '32'"),
        ("lm.units", 32.0, "lm.units: expected int, found 32.0"),
        ("lm.units", True, "lm.units: expected int, found True"),
        ("lm.units", None, "lm.units: expected int, found None"),
        ("lm.cutoffs", 1000, "lm.cutoffs: expected list"),
        ("lm.cutoffs", [1000, "x"], "lm.cutoffs[1]: expected int, found 'x'"),
        ("lm", 3, "lm.: expected a section of keys, found 3"),
        ("data.generate", [1], "data.generate: expected dict"),
        ("select.strength", False, "select.strength: expected float, found False"),
        ("select.strength", "5e-2", "found '5e-2' (YAML reads 5e-2 as text: write 0.05)"),
        ("select.regulariser", "r4", "select.regulariser: expected one of r1, r2, r3, found 'r4'"),
        (
            "select.method",
            "lasso",
            "select.method: expected one of gates, hard_concrete, importance, first, last, random",
        ),
        ("select.cost_weighted", 1, "select.cost_weighted: expected bool, found 1"),
        ("prune.start", "warm", "prune.start: expected one of selection, full, scratch"),
        ("conll.dev", None, "conll.dev: expected str, found None"),
        # bounds
        ("threads", 0, "threads: expected 1 or more"),
        ("data.name", "", "data.name: expected the name of a folder"),
        ("data.name", "a/b", "data.name: expected the name of a folder"),
        ("data.generate.demo.test_sentences", 9, "data.generate.demo.test_sentences: at least 10"),
        ("conll.dev", "", "conll.dev, dev_sentences: give a dev file, or"),
        ("conll.dev_sentences", 10, "conll.dev, dev_sentences: give a dev file, or"),
        ("conll.dev_sentences", -1, "conll.dev_sentences: expected 0 or more"),
        ("corpus.min_count", 0, "corpus.min_count: expected 1 or more"),
        ("corpus.heldout_sentences", 0, "corpus.heldout_sentences: expected 1 or more"),
        ("corpus.shard_tokens", 999, "corpus.shard_tokens: expected 1000 or more"),
        ("lm.layers", 0, "lm.layers: expected 1 or more"),
        ("lm.dropout", 1, "lm.dropout: expected a probability below 1"),
        ("lm.layer_dropout", -0.1, "lm.layer_dropout: expected a probability below 1"),
        ("lm.learning_rate", 0, "expected more than 0"),
        ("lm.warmup_steps", -1, "lm.warmup_steps: expected 0 or more"),
        ("lm.cutoffs", [], "lm.cutoffs: expected increasing positive numbers"),
        ("lm.cutoffs", [2000, 1000], "lm.cutoffs: expected increasing positive numbers"),
        ("lm.cutoffs", [1000, 1000], "lm.cutoffs: expected increasing positive numbers"),
        ("lm.cutoffs", [0, 1000], "lm.cutoffs: expected increasing positive numbers"),
        ("tagger.seeds", [], "tagger.seeds: expected distinct numbers"),
        ("tagger.seeds", [1, 1], "tagger.seeds: expected distinct numbers"),
        ("tagger.word_units", 0, "tagger.word_units: expected 1 or more"),
        ("tagger.epochs", 0, "tagger.epochs: expected 1 or more"),
        ("tagger.dropout", 1.0, "tagger.dropout: expected a probability below 1"),
        ("select.strength", -0.01, "select.strength: expected 0 or more"),
        ("select.max_layers", -1, "select.max_layers: expected 0 or more"),
        ("select.enforce_epoch", 0, "select.enforce_epoch: expected an epoch from 1 to epochs"),
        ("select.enforce_epoch", 1000, "select.enforce_epoch: expected an epoch from 1 to epochs"),
        ("select.max_layers", 1000, "select.max_layers: expected at most"),
        ("select.random_seed", -1, "select.random_seed: expected a number from 0"),
        ("select.hard_concrete.learning_rate", 0, "select.hard_concrete.learning_rate: expected more than 0"),
        ("select.hard_concrete.multiplier_learning_rate", 0, "multiplier_learning_rate: expected more than 0"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, key: str, value: Any, message: str) -> None:
    with pytest.raises(InputError) as error:
        load_with(tmp_path, key, value)
    assert message in str(error.value)
    assert str(tmp_path / "params.yaml") in str(error.value)


def test_an_exhaustive_search_that_would_take_too_long_is_refused(tmp_path: Path) -> None:
    content = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    content["select"]["method"] = "exhaustive"
    path = tmp_path / "params.yaml"
    for layers, max_layers in ((6, 6), (10, 2)):  # 924 and 190 sets
        content["lm"]["layers"], content["select"]["max_layers"] = layers, max_layers
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        assert load_params(path).select.method == "exhaustive"
    content["select"]["max_layers"] = 6
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(
        InputError, match=r"select\.method: exhaustive would score 38,760 sets of 6 of 20 layers; expected"
    ):
        load_params(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [("a: [1", "not YAML"), ("", "expected a section of keys"), ("- 1", "expected a section of keys")],
)
def test_files_that_hold_no_parameters(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        load_params(path)


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="make profile NAME=demo"):
        load_params(tmp_path / "params.yaml")
