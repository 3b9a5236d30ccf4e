"""What published results were made with, where their profile says otherwise now."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.profiles import differences, load_profile, names

# What was done before there was a parameter that says it; results of that time do not have it.
BEFORE: dict[str, dict[str, Any]] = {
    "prepare_conll": {"digits_as_zero": False, "slips": "repair", "vector_rows": 0},
    "prepare_corpus": {"vector_rows": 0},
    "train_tagger": {"optimizer": "adam"},
    "train_pruned": {"optimizer": "adam"},
}


def set_first(made_with: Mapping[str, Any], profiles: Path) -> str:
    """A paragraph with the values to set before the same command makes the same results; empty if there are none.

    The command is then given without NAME, which would switch back to the profile as it is.

    `made_with` are all of params.yaml, or all but the ablations. A profile that is gone has changed nothing.
    """
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
