"""What to set first where a profile has changed since results were made."""

from pathlib import Path

import yaml

from pipeline.params import experiment_values, load_params
from pipeline.publishing.profile_changes import set_first
from tests.report_factories import PROJECT, make_older_document


def test_values_that_the_profile_has_changed_are_to_be_set_first(tmp_path: Path) -> None:
    params = load_params(PROJECT / "profiles/base.yaml")
    made_with, profile = experiment_values(params), params.model_dump()
    assert set_first({"params": made_with}, tmp_path) == ""  # the profile is gone
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    assert set_first({"params": made_with}, tmp_path) == ""
    profile["train_taught"]["epochs"], profile["pretrain_lm"]["cutoffs"] = 99, [10]
    profile["ablations"]["tokens"] = 1  # nothing that the results depend on
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    cutoffs, epochs = params.pretrain_lm.cutoffs, params.train_taught.epochs
    assert set_first({"params": made_with}, tmp_path) == (
        "\nThe profile has changed since. For the same metrics, `make profile NAME=demo`, set in params.yaml "
        f"`pretrain_lm.cutoffs: {cutoffs}`, `train_taught.epochs: {epochs}`, and "
        "give the command without NAME (`make repro` for `make experiment`).\n"
    )


def test_parameters_that_came_later_have_the_value_that_says_what_was_done(tmp_path: Path) -> None:
    params = load_params(PROJECT / "profiles/base.yaml")
    made_with, profile = experiment_values(params), params.model_dump()
    del (
        made_with["prepare_conll"]["digits_as_zero"],
        made_with["train_tagger"]["optimizer"],
        made_with["train_tagger"]["lm_norm"],
        made_with["train_tagger"]["lm_dropout"],
    )
    profile["train_tagger"]["lm_norm"] = False
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    assert set_first({"params": made_with}, tmp_path) == ""
    profile["prepare_conll"]["digits_as_zero"], profile["train_tagger"]["optimizer"] = True, "sgd"
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    assert "set in params.yaml `prepare_conll.digits_as_zero: False`, `train_tagger.optimizer: adam`, and" in set_first(
        {"params": made_with}, tmp_path
    )


def test_results_whose_stages_are_gone_are_made_again_at_their_commit() -> None:
    assert set_first(make_older_document(), PROJECT / "profiles") == (
        "\nThe stages have changed since. For the same metrics, check out commit 0123456.\n"
    )
