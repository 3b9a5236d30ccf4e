"""The points of a sweep: pairs of regularisation strength and layer budget, all else as in params.yaml."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pipeline.errors import InputError
from pipeline.files import sha256_of_files
from pipeline.params import Params

Number = TypeVar("Number", int, float)

# What a point computes: the stages that depend on `select`. All others are computed once, for all points.
POINT_STAGES = ("select_layers", "prune", "train_tagger@pruned", "evaluate", "report")


@dataclass(frozen=True, order=True)
class Point:
    """select.strength and select.max_layers of one experiment."""

    strength: float
    max_layers: int

    def overrides(self) -> list[str]:
        """The parameters as DVC's --set-param takes them."""
        return [f"select.strength={self.strength}", f"select.max_layers={self.max_layers}"]

    def command(self) -> str:
        """What runs this point again, once params.yaml is that of its profile."""
        return "dvc exp run " + " ".join(f"-S {override}" for override in self.overrides())


def numbers(text: str, kind: type[Number], name: str) -> list[Number]:
    """The numbers in a text such as "0.02 0.05", each once, sorted. Raises InputError naming what is none."""
    try:
        values = sorted({kind(word) for word in text.split()})
    except ValueError:
        raise InputError(f"{name}: expected numbers ({kind.__name__}) separated by spaces, found {text!r}") from None
    if not values:
        raise InputError(f"{name}: expected at least one number")
    return values


def grid(params: Params, strengths: Sequence[float], budgets: Sequence[int]) -> list[Point]:
    """Every strength with every budget. Raises InputError for a pair that params.yaml could not have."""
    points = [Point(strength, budget) for strength in strengths for budget in budgets]
    for point in points:
        replace(params, select=select_params(params, point))
        if "e" in str(point.strength) or point.strength == float("inf"):
            raise InputError(f"strength {point.strength}: YAML reads it as text; expected 0, or 0.0001 or more")
    return points


def select_params(params: Params, point: Point) -> Any:
    """The section `select` of params.yaml at this point."""
    return replace(params.select, strength=point.strength, max_layers=point.max_layers)


def doubling_budgets(layers: int) -> list[int]:
    """1, 2, 4, ... layers over both directions, below all 2 `layers` of them."""
    return [1 << power for power in range((2 * layers - 1).bit_length())]


def fingerprint(params: Params, point: Point, lock: Mapping[str, Any], sources: Sequence[Path]) -> str:
    """A digest of all that a point's results follow from: parameters, code, and what the shared stages made.

    `lock` is dvc.lock, parsed. A digest that differs though the results would not costs little: the stages then come
    from DVC's run cache.
    """
    shared = {name: stage for name, stage in lock.get("stages", {}).items() if name not in POINT_STAGES}
    whole = dataclasses.asdict(replace(params, select=select_params(params, point)))
    text = json.dumps([whole, shared], sort_keys=True) + sha256_of_files(sources)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def name_points(
    params: Params, points: Sequence[Point], lock: Mapping[str, Any], sources: Sequence[Path]
) -> dict[str, Point]:
    """The points by the names of their experiments. One that has this name was made from the very same things."""
    return {
        f"{params.profile}-{point.strength}-{point.max_layers}-{fingerprint(params, point, lock, sources)}": point
        for point in points
    }
