"""The points of a sweep: which there are, what identifies them, and what they run."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from ldnet.errors import InputError
from pipeline.experiments.points import (
    Experiment,
    Point,
    doubling_budgets,
    fingerprint,
    grid,
    name_points,
    numbers,
)
from pipeline.experiments.stage_graph import Stage
from pipeline.experiments.study_points import Choice
from pipeline.params import Params
from pipeline.yaml_text import parse_yaml
from tests.experiment_factories import LEADING, OF_POINTS


@pytest.fixture
def sources(tmp_path: Path) -> list[Path]:
    files = [tmp_path / "dvc.yaml", tmp_path / "stage.py"]
    for file in files:
        file.write_text(file.name, encoding="utf-8")
    return files


STAGES = [
    Stage(name="prepare", sections=frozenset(["seed"]), deps=(), outs=()),
    Stage(name="prune", sections=frozenset(["select"]), deps=(), outs=()),
]

LOCK: dict[str, Any] = {"stages": {"prepare": {"outs": [{"md5": "a"}]}, "prune": {"outs": [{"md5": "b"}]}}}


def test_grid_is_every_strength_with_every_budget(params: Params) -> None:
    points = grid(params, [0.02, 0.1], [2, 6])
    assert points == [Point(0.02, 2), Point(0.02, 6), Point(0.1, 2), Point(0.1, 6)]
    assert points[1].command() == "dvc exp run evaluate@gold -S select.strength=0.02 -S select.max_layers=6"


@pytest.mark.parametrize("point", [Point(0.02, 2), Choice("r3", 2)])
def test_points_are_trained_on_gold_tags_as_their_ends_are(point: Experiment) -> None:
    assert point.stages(LEADING) == OF_POINTS
    shared = {stage.name for stage in LEADING} - OF_POINTS
    assert {"train_tagger@no_lm", "train_tagger@full"} <= shared
    assert not [name for name in shared if name.startswith(("soft_targets", "train_taught", "prepare_unlabelled"))]


@pytest.mark.parametrize(
    ("strength", "budget", "message"),
    [
        (0.1, 13, "max_layers: expected at most 12"),
        (-0.1, 2, "strength: expected 0 or more"),
        (float("inf"), 2, "strength: expected a finite number, found inf"),
        (float("nan"), 2, "strength: expected a finite number, found nan"),
    ],
)
def test_points_that_cannot_be_run_are_refused(params: Params, strength: float, budget: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        grid(params, [0.05, strength], [budget])


def test_accepted_strengths_survive_yaml() -> None:
    for strength in (0.0, 0.00001, 0.0001, 0.05, 1.0, 12.5):
        assert parse_yaml(str(strength), "a strength") == strength


def test_numbers_are_read_once_each_in_order() -> None:
    assert numbers(" 0.1 0.02  0.1 ", float, "strengths") == [0.02, 0.1]
    assert numbers("6 2", int, "budgets") == [2, 6]
    for text in ("0.1,0.2", "two", "2.5", "1_0", ""):
        with pytest.raises(InputError, match="budgets: expected"):
            numbers(text, int, "budgets")
    with pytest.raises(InputError, match="strengths: expected numbers"):
        numbers("0.1 1_0.5", float, "strengths")


@pytest.mark.parametrize("layers", range(1, 20))
def test_doubling_budgets_stay_below_all_layers(layers: int) -> None:
    obvious = [budget for budget in range(1, 2 * layers) if bin(budget).count("1") == 1]
    assert doubling_budgets(layers) == obvious


def test_fingerprint_changes_with_all_that_results_follow_from(params: Params, sources: list[Path]) -> None:
    point, other = Point(0.1, 2), {"stages": {"prepare": {"outs": [{"md5": "c"}]}}}
    before = fingerprint(params, point, LOCK, STAGES, sources)
    changed = [
        fingerprint(params, Point(0.2, 2), LOCK, STAGES, sources),
        fingerprint(params, Point(0.1, 3), LOCK, STAGES, sources),
        fingerprint(params.model_copy(update={"seed": 2}), point, LOCK, STAGES, sources),
        fingerprint(params.model_copy(update={"threads": 2}), point, LOCK, STAGES, sources),
        fingerprint(params, point, other, STAGES, sources),
    ]
    sources[1].write_text("changed", encoding="utf-8")
    changed.append(fingerprint(params, point, LOCK, STAGES, sources))
    assert len({before, *changed}) == 1 + len(changed)


def test_fingerprint_does_not_change_with_the_point_that_was_run_last(params: Params, sources: list[Path]) -> None:
    select = params.select.model_copy(update={"strength": 0.7, "max_layers": 1})
    last = params.model_copy(update={"select": select})
    lock = {"stages": {**LOCK["stages"], "prune": {"outs": [{"md5": "other"}]}}}
    before = fingerprint(params, Point(0.1, 2), LOCK, STAGES, sources)
    assert before == fingerprint(last, Point(0.1, 2), lock, STAGES, sources)


def test_names_tell_the_points_and_are_git_refs(params: Params, sources: list[Path]) -> None:
    names = name_points(params, grid(params, [0.0001, 0.1], [2]), LOCK, STAGES, sources)
    assert [name.rsplit("-", 1)[0] for name in names] == ["demo-0.0001-2", "demo-0.1-2"]
    for name in names:
        subprocess.run(["git", "check-ref-format", f"refs/exps/ab/{name}"], check=True)
