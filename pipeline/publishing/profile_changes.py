"""What published results were made with, where their profile says otherwise now."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.profiles import differences, load_profile, names
from pipeline.report.results import only_pruned_was_taught

# What was done before there was a parameter that says it; results of that time do not have it.
BEFORE: dict[str, dict[str, Any]] = {
    "prepare_conll": {"digits_as_zero": False, "slips": "repair", "vector_rows": 0},
    "prepare_corpus": {"vector_rows": 0},
    "train_tagger": {"optimizer": "adam", "lm_norm": False, "lm_dropout": 0.5},
}


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
    then = {key: {**BEFORE[key], **value} if key in BEFORE else value for key, value in made_with.items()}
    now = {key: value for key, value in load_profile(profiles, profile).model_dump().items() if key in then}
    values = ", ".join(f"`{key}: {value}`" for key, (_, value) in differences(now, then).items())
    return values and (
        f"\nThe profile has changed since. For the same metrics, `make profile NAME={profile}`, set in "
        f"params.yaml {values}, and give the command without NAME (`make repro` for `make experiment`).\n"
    )
