"""The experiments of a study that compares ways to select layers: same budgets, same training of the pruned tagger."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ldnet.errors import InputError
from pipeline.experiments.points import Experiment, Value
from pipeline.params import MOST_SETS, Params


def _gates(regulariser: str, cost_weighted: bool) -> dict[str, Value]:
    return {"select.method": "gates", "select.regulariser": regulariser, "select.cost_weighted": cost_weighted}


METHODS: Mapping[str, Mapping[str, Value]] = {
    "r1": _gates("r1", False),
    "r2": _gates("r2", False),
    "r3": _gates("r3", False),
    "r3_cost": _gates("r3", True),
    "hard_concrete": {"select.method": "hard_concrete", "select.cost_weighted": False},
    **{name: {"select.method": name} for name in ("importance", "greedy", "exhaustive", "first", "last", "random")},
}
TITLES = {
    "r1": "gates, R1",
    "r2": "gates, R2",
    "r3": "gates, R3",
    "r3_cost": "gates, R3 by cost",
    "r3_gold": "gates, R3, no distillation",  # of earlier studies, whose pruned taggers were taught
    "hard_concrete": "hard-concrete gates",
    "l0": "hard-concrete gates",  # as earlier studies call them
    "importance": "importance",
    "greedy": "greedy search",
    "exhaustive": "exhaustive search",
    "first": "first layers",
    "last": "last layers",
    "random": "random layers",
}
DEFAULT = "r1 r2 r3 r3_cost hard_concrete importance greedy exhaustive first last random"
DRAWS = 5  # of random layers


@dataclass(frozen=True, order=True)
class Choice(Experiment):
    """A method and a budget; `draw` is the random seed of a method that draws layers, 0 for others; `strength` is that
    of a regulariser, 0 for the one in params.yaml."""

    method: str
    max_layers: int
    draw: int = 0
    strength: float = 0.0

    def values(self) -> dict[str, Value]:
        """What sets the method apart, and the budget."""
        draw = {"select.random_seed": self.draw} if self.draw else {}
        strength = {"select.strength": self.strength} if self.strength else {}
        return {**METHODS[self.method], "select.max_layers": self.max_layers, **draw, **strength}

    @property
    def label(self) -> str:
        """For example r3-6, r3_0.5-6 or random2-6."""
        return f"{self.method}{self.draw or ''}{f'_{self.strength}' if self.strength else ''}-{self.max_layers}"

    @property
    def title(self) -> str:
        """For example: random (draw 2), budget 6."""
        draw, strength = (
            f" (draw {self.draw})" if self.draw else "",
            f", strength {self.strength}" if self.strength else "",
        )
        return f"{self.method}{draw}{strength}, budget {self.max_layers}"


def study_points(
    params: Params, methods: Sequence[str], budgets: Sequence[int], strengths: Sequence[float] = ()
) -> list[Choice]:
    """Every method with every budget, but for exhaustive searches that would take too long; random ones DRAWS times,
    gates with the strength of params.yaml and with each of `strengths`.

    Raises InputError for an unknown method, a budget that params.yaml could not have, or if nothing is left.
    """
    if unknown := [method for method in methods if method not in METHODS]:
        raise InputError(f"methods: {unknown[0]!r} is none; expected some of {' '.join(METHODS)}")
    if 0 in strengths:
        raise InputError("strengths: expected numbers above 0; the strength of params.yaml is among them anyway")
    points = [
        Choice(method, budget, draw, strength)
        for budget in budgets
        for method in dict.fromkeys(methods)
        for draw in (range(1, DRAWS + 1) if method == "random" else [0])
        for strength in ([0.0, *strengths] if METHODS[method]["select.method"] == "gates" else [0.0])
        if method != "exhaustive" or math.comb(2 * params.pretrain_lm.layers, max(0, budget)) <= MOST_SETS
    ]
    if not points:
        raise InputError(f"methods: nothing to run; exhaustive takes at most {MOST_SETS:,} sets of layers")
    for point in points:
        point.params(params)
    return points
