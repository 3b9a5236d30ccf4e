"""The mutants that no test shall notice, each with its reason: accepted.yaml."""

from collections.abc import Collection
from pathlib import Path

import yaml

ACCEPTED = Path(__file__).with_name("accepted.yaml")


def accepted_mutants(path: Path = ACCEPTED) -> dict[str, str]:
    """The reasons by the mutants' names."""
    reasons = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {name: reason["why"] for reason in reasons for name in reason["mutants"]}


def of_modules(names: Collection[str], modules: Collection[str]) -> set[str]:
    """Those of the mutants that are of these modules."""
    return {name for name in names if name.split(" ", 1)[0] in modules}
