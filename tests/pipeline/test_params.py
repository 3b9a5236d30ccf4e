"""params.yaml is checked at the door, and the message names the key."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from ldnet.errors import InputError
from pipeline.params import Optimizer, Params, Regulariser, SelectMethod, experiment_values, load_params

BASE = Path(__file__).parents[2] / "profiles/base.yaml"
REMOVE = object()


def load_with(tmp_path: Path, key: str, value: Any) -> Params:
    """The demo profile with one value changed; `key` is dotted."""
    content = yaml.safe_load(BASE.read_text(encoding="utf-8"))
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
    assert isinstance(params.pretrain_lm.cutoffs, list)
    with pytest.raises(ValidationError, match="frozen"):
        params.seed = 2


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        # unknown and missing keys
        ("pretrain_lm.layer", 6, "pretrain_lm.layer: unknown key; expected one of layers, units"),
        ("unknown", 6, "unknown: unknown key"),
        ("generate_data.demo.sentences", 6, "generate_data.demo.sentences: unknown key"),
        ("select.strength", REMOVE, "select.strength: missing key"),
        ("pretrain_lm", REMOVE, "pretrain_lm: missing key"),
        ("generate_data.demo.seed", REMOVE, "generate_data.demo.seed: missing key"),
        # types
        ("pretrain_lm.units", "32", "pretrain_lm.units: expected int, found '32'"),
        ("pretrain_lm.units", 32.0, "pretrain_lm.units: expected int, found 32.0"),
        ("pretrain_lm.units", True, "pretrain_lm.units: expected int, found True"),
        ("pretrain_lm.units", None, "pretrain_lm.units: expected int, found None"),
        ("pretrain_lm.cutoffs", 1000, "pretrain_lm.cutoffs: expected list"),
        ("pretrain_lm.cutoffs", [1000, "x"], "pretrain_lm.cutoffs[1]: expected int, found 'x'"),
        ("pretrain_lm", 3, "pretrain_lm: expected a section of keys, found 3"),
        ("generate_data", [1], "generate_data: expected dict"),
        ("select.strength", False, "select.strength: expected float, found False"),
        ("select.strength", "strong", "select.strength: expected float, found 'strong'"),
        ("select.regulariser", "ridge", "select.regulariser: expected one of r1, r2, r3"),
        (
            "select.method",
            "lasso",
            "select.method: expected one of gates, hard_concrete, importance, first, last, random",
        ),
        ("select.strength", float("nan"), "select.strength: expected a finite number, found nan"),
        ("pretrain_lm.dropout", float("inf"), "pretrain_lm.dropout: expected a finite number, found inf"),
        ("select.cost_weighted", 1, "select.cost_weighted: expected bool, found 1"),
        ("train_taught.optimizer", "lbfgs", "train_taught.optimizer: expected one of adam, sgd"),
        ("train_taught.epochs", 0, "train_taught.epochs: expected 1 or more"),
        ("prepare_conll.dev", None, "prepare_conll.dev: expected str, found None"),
        # bounds
        ("threads", 0, "threads: expected 1 or more"),
        ("seed", 2**32, "seed: expected a number from 0 to 2**32 - 1"),
        ("soft_targets.weight", 1.5, "soft_targets.weight: expected a share from 0 to 1"),
        ("prepare_unlabelled.sentences", -1, "prepare_unlabelled.sentences: expected 0 or more"),
        ("ablations.heldout_tokens", 99, "ablations.heldout_tokens: expected 100 or more"),
        ("ablations.candidates.dense.keep_layers", 0, "ablations.candidates.dense.keep_layers: expected 1 to 12"),
        ("data", "", "data: expected the name of a folder"),
        ("data", "a/b", "data: expected the name of a folder"),
        ("generate_data.demo.test_sentences", 9, "generate_data.demo.test_sentences: at least 10"),
        ("prepare_conll.dev", "", "prepare_conll.dev, dev_sentences: give a dev file, or"),
        ("prepare_conll.dev_sentences", 10, "prepare_conll.dev, dev_sentences: give a dev file, or"),
        ("prepare_conll.dev_sentences", -1, "prepare_conll.dev_sentences: expected 0 or more"),
        ("prepare_corpus.min_count", 0, "prepare_corpus.min_count: expected 1 or more"),
        ("prepare_corpus.heldout_sentences", 0, "prepare_corpus.heldout_sentences: expected 1 or more"),
        ("prepare_corpus.shard_tokens", 999, "prepare_corpus.shard_tokens: expected 1000 or more"),
        ("pretrain_lm.layers", 0, "pretrain_lm.layers: expected 1 or more"),
        ("pretrain_lm.dropout", 1, "pretrain_lm.dropout: expected a probability below 1"),
        ("pretrain_lm.layer_dropout", -0.1, "pretrain_lm.layer_dropout: expected a probability below 1"),
        ("pretrain_lm.learning_rate", 0, "expected more than 0"),
        ("pretrain_lm.warmup_steps", -1, "pretrain_lm.warmup_steps: expected 0 or more"),
        ("pretrain_lm.cutoffs", [], "pretrain_lm.cutoffs: expected increasing positive numbers"),
        ("pretrain_lm.cutoffs", [2000, 1000], "pretrain_lm.cutoffs: expected increasing positive numbers"),
        ("pretrain_lm.cutoffs", [1000, 1000], "pretrain_lm.cutoffs: expected increasing positive numbers"),
        ("pretrain_lm.cutoffs", [0, 1000], "pretrain_lm.cutoffs: expected increasing positive numbers"),
        ("pretrain_lm.cutoffs", [1, 2, 3, 4, 5], "pretrain_lm.projection: expected at least 256, so that the last of"),
        ("train_tagger.seeds", [], "train_tagger.seeds: expected distinct numbers"),
        ("train_tagger.seeds", [1, 1], "train_tagger.seeds: expected distinct numbers"),
        ("train_tagger.word_units", 0, "train_tagger.word_units: expected 1 or more"),
        ("train_tagger.epochs", 0, "train_tagger.epochs: expected 1 or more"),
        ("train_tagger.dropout", 1.0, "train_tagger.dropout: expected a probability below 1"),
        ("select.strength", -0.01, "select.strength: expected 0 or more"),
        ("select.max_layers", -1, "select.max_layers: expected 0 or more"),
        ("select.enforce_epoch", 0, "select.enforce_epoch: expected an epoch from 1 to epochs"),
        ("select.enforce_epoch", 1000, "select.enforce_epoch: expected an epoch from 1 to epochs"),
        ("select.max_layers", 1000, "select.max_layers: expected at most"),
        ("select.random_seed", -1, "select.random_seed: expected a number from 0"),
        ("select.hard_concrete.learning_rate", 0, "select.hard_concrete.learning_rate: expected more than 0"),
        ("select.hard_concrete.multiplier_learning_rate", 0, "multiplier_learning_rate: expected more than 0"),
        ("threads", 1025, "threads: expected at most 1,024"),
        ("train_tagger.seeds", [1, -1], "train_tagger.seeds[1]: expected a number from 0 to 2**32 - 1"),
        ("ablations.seeds", [2**32], "ablations.seeds[0]: expected a number from 0 to 2**32 - 1"),
        ("train_tagger.seeds", [*range(1001)], "train_tagger.seeds: expected distinct numbers, at most 1,000"),
        ("generate_data.demo.seed", -1, "generate_data.demo.seed: expected a number from 0 to 2**32 - 1"),
        ("pretrain_lm.layers", 101, "pretrain_lm.layers: expected at most 100"),
        ("pretrain_lm.units", 10**16, "pretrain_lm.units: expected at most 16,384"),
        ("ablations.candidates.dense.units", 16_385, "ablations.candidates.dense.units: expected at most 16,384"),
        ("train_tagger.word_units", 16_385, "train_tagger.word_units: expected at most 16,384"),
        ("pretrain_lm.epochs", 10**13, "pretrain_lm.epochs: expected at most 1,000,000,000,000"),
        ("prepare_corpus.shard_tokens", 2**31, "prepare_corpus.shard_tokens: expected at most 2,147,483,647"),
        ("train_tagger.learning_rate", 1e7, "train_tagger.learning_rate: expected at most 1,000,000"),
        ("train_taught.learning_rate", float("inf"), "train_taught.learning_rate: expected a finite number, found inf"),
        ("select.strength", float("inf"), "select.strength: expected a finite number, found inf"),
        ("select.strength", 1e7, "select.strength: expected at most 1,000,000"),
        ("select.strength", 10**400, "select.strength: expected float, found 1"),
        # names and paths
        ("data", "a b", "data: expected the name of a folder under data/raw/, at most 100 letters, digits and _ . -"),
        ("data", "a;b", "data: expected the name of a folder"),
        ("data", "a\nb", "data: expected the name of a folder"),
        ("data", "..", "data: expected the name of a folder"),
        ("data", "-x", "data: expected the name of a folder"),
        ("data", "x" * 101, "data: expected the name of a folder"),
        ("profile", "", "profile: expected a name, at most 100 letters"),
        ("profile", "../x", "profile: expected a name, at most 100 letters"),
        ("generate_data", {"a b": {}}, "generate_data.a b: expected a name, at most 100 letters"),
        ("generate_data", {"a.b": {}}, "generate_data.a.b: expected a name, at most 100 letters"),
        ("ablations.candidates", {"$(x)": {}}, "ablations.candidates.$(x): expected a name, at most 100 letters"),
        ("prepare_corpus.text", "", "prepare_corpus.text: expected a path in the data folder: not empty, not absolute"),
        ("prepare_corpus.text", "/tmp/*", "prepare_corpus.text: expected a path in the data folder"),
        ("prepare_corpus.text", "lm/../../*", "prepare_corpus.text: expected a path in the data folder"),
        ("prepare_corpus.text", "lm/**.txt", "prepare_corpus.text: expected a path in the data folder"),
        ("prepare_corpus.vectors", "/x", "prepare_corpus.vectors: expected a path in the data folder"),
        ("prepare_corpus.other_tests", "../x", "prepare_corpus.other_tests: expected a path in the data folder"),
        ("prepare_conll.train", "", "prepare_conll.train: expected a path in the data folder"),
        (
            "prepare_conll.train",
            [],
            "prepare_conll.train: expected a path in the data folder, a pattern as train-*.txt,",
        ),
        ("prepare_conll.train", ["a", "../x"], "prepare_conll.train: expected a path in the data folder, a pattern as"),
        ("prepare_conll.test", ["a", 1], "prepare_conll.test: expected a path in the data folder, a pattern as"),
        ("prepare_conll.test", 1, "prepare_conll.test: expected str, found 1"),
        ("prepare_conll.test", "/x", "prepare_conll.test: expected a path in the data folder"),
        ("prepare_conll.dev", "../x", "prepare_conll.dev: expected a path in the data folder"),
        # found values are cut
        ("pretrain_lm.units", "x" * 10**6, "pretrain_lm.units: expected int, found 'xxx"),
        ("seed", [[[[[[1]]]]]], "seed: expected int, found [[[...]]]"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, key: str, value: Any, message: str) -> None:
    with pytest.raises(InputError) as error:
        load_with(tmp_path, key, value)
    assert message in str(error.value)
    assert str(tmp_path / "params.yaml") in str(error.value)
    assert "\n" not in str(error.value) and len(str(error.value)) < 500


def test_an_exhaustive_search_that_would_take_too_long_is_refused(tmp_path: Path) -> None:
    content = yaml.safe_load(BASE.read_text(encoding="utf-8"))
    content["select"]["method"] = "exhaustive"
    path = tmp_path / "params.yaml"
    for layers, max_layers in ((6, 6), (10, 2)):  # 924 and 190 sets
        content["pretrain_lm"]["layers"], content["select"]["max_layers"] = layers, max_layers
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        assert load_params(path).select.method == "exhaustive"
    content["select"]["max_layers"] = 6
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(
        InputError, match=r"select\.method: exhaustive would score 38,760 sets of 6 of 20 layers; expected"
    ):
        load_params(path)


def test_the_first_of_several_mistakes_is_one_line(tmp_path: Path) -> None:
    content = yaml.safe_load(BASE.read_text(encoding="utf-8"))
    content["pretrain_lm"]["strems"] = content["pretrain_lm"].pop("streams")
    content["pretrain_lm"]["units"] = "many"
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(InputError) as error:
        load_params(tmp_path / "params.yaml")
    assert str(error.value).startswith(f"{tmp_path / 'params.yaml'}: pretrain_lm.strems: unknown key; expected one of")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ('"\\ud800"', r"\\ud800: unknown key"),
        ('"a\\nError: b"', r"a\\nError: b: unknown key"),
        (f"? {'k' * 9000}\n", r"k{57}\.\.\.: unknown key"),
    ],
)
def test_odd_keys_are_one_line(tmp_path: Path, key: str, shown: str) -> None:
    path = tmp_path / "params.yaml"
    base = BASE.read_text(encoding="utf-8").split("\nablations:")[0]
    path.write_text(f"{base}\n{key}: 1\n", encoding="utf-8")
    with pytest.raises(InputError, match=f"^{path}: {shown}") as error:
        load_params(path)
    assert "\n" not in str(error.value)


def test_every_key_is_described() -> None:
    def visit(model: type[BaseModel]) -> None:
        assert model.__doc__ and model.__doc__ != BaseModel.__doc__, model
        for name, field in model.model_fields.items():
            inner = [kind for kind in (field.annotation, *get_args(field.annotation)) if isinstance(kind, type)]
            sections = [kind for kind in inner if issubclass(kind, BaseModel)]
            assert field.description or sections, f"{model.__name__}.{name}"
            for section in sections:
                visit(section)

    visit(Params)


@pytest.mark.parametrize(
    ("key", "choices"),
    [
        ("select.method", SelectMethod),
        ("select.regulariser", Regulariser),
        ("train_tagger.optimizer", Optimizer),
    ],
)
def test_every_choice_is_named_beside_its_key(key: str, choices: Any) -> None:
    section, name = key.split(".")
    text = BASE.read_text(encoding="utf-8").split(f"\n{section}:\n", 1)[1]
    beside = re.search(rf"^  {name}:.*(?:\n   .*)*", text, re.MULTILINE)
    assert beside and set(get_args(choices)) <= set(re.findall(r"\w+", beside[0]))


def test_values_of_an_experiment_are_all_but_the_ablations() -> None:
    content = yaml.safe_load(BASE.read_text(encoding="utf-8"))
    values = experiment_values(load_params(BASE))
    assert list(values) == [key for key in content if key != "ablations"]
    assert values == {key: value for key, value in content.items() if key != "ablations"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", "not YAML"),
        ("", "expected a section of keys"),
        ("- 1", "expected a section of keys"),
        (f"- 0x{'f' * 9000}", "expected a section of keys, found .*a number of thousands of digits"),
        (f"0x{'f' * 9000}", "expected a section of keys, found a number of thousands of digits"),
        ("9" * 9000, "not a readable YAML file: Exceeds the limit"),
    ],
)
def test_files_that_hold_no_parameters(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        load_params(path)


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="make profile NAME=demo"):
        load_params(tmp_path / "params.yaml")
