"""What to set first where a profile has changed since results were made."""

from pathlib import Path

import pytest
import yaml

from ldnet.errors import InputError
from pipeline.params import experiment_values, load_params
from pipeline.publishing.profile_changes import set_first
from tests.report_factories import PROJECT


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
        "\nThe profile demo has changed since these results. For the same metrics, `make profile NAME=demo`, set in "
        f"params.yaml `pretrain_lm.cutoffs: {cutoffs}`, `train_taught.epochs: {epochs}`, and "
        "give the command without NAME (`make repro` for `make experiment`).\n"
    )


def test_results_of_before_a_key_did_what_was_done_then(tmp_path: Path) -> None:
    params = load_params(PROJECT / "profiles/base.yaml")
    made_with, profile = experiment_values(params), params.model_dump()
    del made_with["train_tagger"]["lm_norm"], made_with["train_tagger"]["lm_dropout"]
    del made_with["train_tagger"]["word_rate"]
    made_with["train_tagger"]["dropout"] = profile["train_tagger"]["dropout"] = 0.25
    profile["train_tagger"].update(lm_norm=False, lm_dropout=0.25, word_rate=1.0)
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    assert set_first({"params": made_with}, tmp_path) == ""
    profile["train_tagger"].update(lm_norm=True, lm_dropout=0.5, word_rate=0.1)
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    told = set_first({"params": made_with}, tmp_path)
    assert "`train_tagger.lm_dropout: 0.25`" in told and "`train_tagger.lm_norm: false`" in told
    assert "`train_tagger.word_rate: 1.0`" in told
    del made_with["train_tagger"]["dropout"]
    with pytest.raises(InputError, match=r"train_tagger\.dropout: missing"):
        set_first({"params": made_with}, tmp_path)


def test_documents_whose_stages_are_gone_are_made_again_at_their_commit() -> None:
    document = {"params": {"profile": "demo", "train_pruned": {"start": "selection"}}, "git_commit": "0123456789abcdef"}
    assert set_first(document, PROJECT / "profiles") == (
        "\nThe stages have changed since. For the same metrics, check out commit 0123456.\n"
    )
