"""What to set first where a profile has changed since results were made."""

import dataclasses
from pathlib import Path

import yaml

from pipeline.experiments.profile_changes import set_first
from pipeline.params import experiment_values, load_params
from tests.report_factories import PROJECT


def test_values_that_the_profile_has_changed_are_to_be_set_first(tmp_path: Path) -> None:
    params = load_params(PROJECT / "profiles/demo.yaml")
    made_with, profile = experiment_values(params), dataclasses.asdict(params)
    assert set_first(made_with, tmp_path) == ""  # the profile is gone
    (tmp_path / "demo.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    assert set_first(made_with, tmp_path) == ""
    profile["prune"]["epochs"], profile["lm"]["cutoffs"] = 99, [10]
    profile["ablations"]["tokens"] = 1  # nothing that the results depend on
    (tmp_path / "demo.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    assert set_first(made_with, tmp_path) == (
        "\nThe profile has changed since. For the same metrics, `make profile NAME=demo`, set in params.yaml "
        f"`lm.cutoffs: {params.lm.cutoffs}`, `prune.epochs: {params.prune.epochs}`, and give the command without NAME "
        "(`make repro` for `make experiment`).\n"
    )


def test_parameters_that_came_later_have_the_value_that_says_what_was_done(tmp_path: Path) -> None:
    params = load_params(PROJECT / "profiles/demo.yaml")
    made_with, profile = experiment_values(params), dataclasses.asdict(params)
    del made_with["conll"]["digits_as_zero"], made_with["tagger"]["optimizer"], made_with["prune"]["optimizer"]
    (tmp_path / "demo.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    assert set_first(made_with, tmp_path) == ""
    profile["conll"]["digits_as_zero"], profile["tagger"]["optimizer"] = True, "sgd"
    (tmp_path / "demo.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    assert "set in params.yaml `conll.digits_as_zero: False`, `tagger.optimizer: adam`, and" in set_first(
        made_with, tmp_path
    )
