"""Experiments that differ from params.yaml in a few values, and the points of a sweep: strength and layer budget.

Most end with the evaluation of gold taggers, so of the pruned taggers only those trained on gold tags are made. Their
ends, the taggers without language models and with all layers, are trained in the same way, so all of a path or a study
can be compared. Taught taggers would cost each point another training, and what the full taggers teach covers up which
layers were kept.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from ldnet.errors import InputError
from pipeline.checkpoints import digest_of_files
from pipeline.experiments.stage_graph import Stage, affected
from pipeline.params import Params, experiment_values
from pipeline.validation import validated

Number = TypeVar("Number", int, float)
Value = str | bool | int | float | list[int]
AnyExperiment = TypeVar("AnyExperiment", bound="Experiment")
TRAINING = "gold"


class Experiment(ABC):
    """What one experiment has instead of values of params.yaml."""

    trainings: ClassVar[tuple[str, ...]] = (TRAINING,)  # whose taggers are trained and evaluated

    @property
    def targets(self) -> list[str]:
        """The stages that this experiment ends with."""
        return [f"evaluate@{training}" for training in self.trainings]

    @abstractmethod
    def values(self) -> dict[str, Value]:
        """The values by dotted name."""

    @property
    @abstractmethod
    def label(self) -> str:
        """What distinguishes it from others, as a part of a git reference."""

    @property
    @abstractmethod
    def title(self) -> str:
        """The same, in words."""

    def stages(self, stages: Collection[Stage]) -> set[str]:
        """Those of the stages leading to its targets that this experiment has to compute. Others are computed once."""
        return affected(stages, {key.split(".")[0] for key in self.values()})

    def overrides(self) -> list[str]:
        """The parameters as DVC's --set-param takes them."""
        return [f"{key}={str(value).lower().replace(' ', '')}" for key, value in self.values().items()]

    def command(self) -> str:
        """What runs this experiment again, once params.yaml holds its profile."""
        return f"dvc exp run {' '.join(self.targets)} " + " ".join(f"-S {override}" for override in self.overrides())

    def params(self, params: Params) -> Params:
        """All parameters of this experiment. Raises InputError for values that params.yaml could not have."""
        content = params.model_dump()
        for key, value in self.values().items():
            section, name = key.split(".")
            content[section][name] = value
        return validated(Params, content)


@dataclass(frozen=True, order=True)
class Point(Experiment):
    """select.strength and select.max_layers of one experiment."""

    strength: float
    max_layers: int

    def values(self) -> dict[str, Value]:
        """Strength and budget."""
        return {"select.strength": self.strength, "select.max_layers": self.max_layers}

    @property
    def label(self) -> str:
        """For example 0.1-6."""
        return f"{self.strength}-{self.max_layers}"

    @property
    def title(self) -> str:
        """For example: strength 0.1, budget 6."""
        return f"strength {self.strength}, budget {self.max_layers}"


def numbers(text: str, kind: type[Number], name: str) -> list[Number]:
    """The numbers in a text like "0.02 0.05", each once, sorted. Raises InputError naming what is none."""
    try:
        if "_" in text:  # which Python takes in numbers
            raise ValueError
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
        point.params(params)
    return points


def doubling_budgets(layers: int) -> list[int]:
    """1, 2, 4, ... layers over both directions, below all 2 `layers` of them."""
    return [1 << power for power in range((2 * layers - 1).bit_length())]


def fingerprint(
    params: Params, experiment: Experiment, lock: Mapping[str, Any], stages: Collection[Stage], sources: Sequence[Path]
) -> str:
    """A digest of all that an experiment's results follow from: parameters, code, and what the shared stages made.

    `lock` is dvc.lock, parsed; `stages` are those leading to its targets, and `sources` their code. A digest that
    differs though the results would not costs little: the stages then come from DVC's run cache.
    """
    shared_names = {stage.name for stage in stages} - experiment.stages(stages)
    shared = {name: stage for name, stage in lock.get("stages", {}).items() if name in shared_names}
    whole = experiment_values(experiment.params(params))
    text = json.dumps([whole, shared], sort_keys=True) + digest_of_files(sources)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def name_points(
    params: Params,
    points: Sequence[AnyExperiment],
    lock: Mapping[str, Any],
    stages: Collection[Stage],
    sources: Sequence[Path],
) -> dict[str, AnyExperiment]:
    """The points by the names of their experiments. One that has this name was made from the very same things."""
    digests = [fingerprint(params, point, lock, stages, sources) for point in points]
    return {f"{params.profile}-{point.label}-{digest}": point for point, digest in zip(points, digests, strict=True)}
