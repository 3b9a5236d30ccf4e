"""What published results were made with, where their profile says otherwise now."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.profiles import differences, load_profile, names
from pipeline.report.measurements import pick
from pipeline.report.results import only_pruned_was_taught


def set_first(document: Mapping[str, Any], profiles: Path) -> str:
    """A paragraph on what to do before the same command makes the same results; empty if there is nothing to do.

    That is to set values, and the command is then given without NAME, which would switch back to the profile as it is.
    Of results whose stages are gone, the paragraph names the commit. A profile that is gone has changed nothing.
    """
    made_with = document["params"]  # all of params.yaml, or all but the ablations
    if only_pruned_was_taught(made_with):
        commit = document["git_commit"][:7]
        return f"\nThe stages have changed since. For the same metrics, check out commit {commit}.\n"
    profile = made_with["profile"]
    if profile not in names(profiles):
        return ""
    then = {**made_with, "train_tagger": in_full(made_with)}
    now = {key: value for key, value in load_profile(profiles, profile).model_dump().items() if key in then}
    values = ", ".join(f"`{key}: {json.dumps(value)}`" for key, (_, value) in differences(now, then).items())
    return values and (
        f"\nThe profile {profile} has changed since these results. "
        f"For the same metrics, `make profile NAME={profile}`, set in params.yaml {values}, and give the command "
        "without NAME (`make repro` for `make experiment`).\n"
    )


def in_full(made_with: Mapping[str, Any]) -> dict[str, Any]:
    """The section train_tagger; if it is from before a key of today, with what was done then."""
    before = {"lm_norm": False, "lm_dropout": pick(made_with, "train_tagger.dropout"), "word_rate": 1.0}
    return {**before, **made_with["train_tagger"]}
