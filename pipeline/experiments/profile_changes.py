"""What published results were made with, where their profile says otherwise now."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.params import load_params
from pipeline.profiles import differences

# What was done before there was a parameter that says it; results of that time do not have it.
BEFORE: dict[str, dict[str, Any]] = {
    "conll": {"digits_as_zero": False},
    "tagger": {"optimizer": "adam"},
    "prune": {"optimizer": "adam"},
}


def set_first(made_with: Mapping[str, Any], profiles: Path) -> str:
    """A paragraph with the values to set before the same command makes the same results; empty if there are none.

    The command is then given without NAME, which would switch back to the profile as it is.

    `made_with` are all of params.yaml, or all but the ablations. A profile that is gone has changed nothing.
    """
    profile = profiles / f"{made_with['profile']}.yaml"
    if not profile.is_file():
        return ""
    then = {key: {**BEFORE[key], **value} if key in BEFORE else value for key, value in made_with.items()}
    now = {key: value for key, value in dataclasses.asdict(load_params(profile)).items() if key in then}
    values = ", ".join(f"`{key}: {value}`" for key, (_, value) in differences(now, then).items())
    return values and (
        f"\nThe profile has changed since. For the same metrics, `make profile NAME={made_with['profile']}`, set in "
        f"params.yaml {values}, and give the command without NAME (`make repro` for `make experiment`).\n"
    )
