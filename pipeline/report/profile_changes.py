"""What published results were made with, where their profile says otherwise now."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.params import load_params
from pipeline.profiles import differences


def set_first(made_with: Mapping[str, Any], profiles: Path) -> str:
    """A paragraph with the values to set before the same command makes the same results; empty if there are none.

    The command is then given without NAME, which would switch back to the profile as it is.

    `made_with` are all of params.yaml, or all but the ablations. A profile that is gone has changed nothing.
    """
    profile = profiles / f"{made_with['profile']}.yaml"
    if not profile.is_file():
        return ""
    now = {key: value for key, value in dataclasses.asdict(load_params(profile)).items() if key in made_with}
    values = ", ".join(f"`{key}: {value}`" for key, (_, value) in differences(now, dict(made_with)).items())
    return values and (
        f"\nThe profile has changed since. For the same metrics, `make profile NAME={made_with['profile']}`, set in "
        f"params.yaml {values}, and give the command without NAME (`make repro` for `make experiment`).\n"
    )
