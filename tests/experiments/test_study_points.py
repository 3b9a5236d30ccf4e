"""The experiments of a study: every method with every budget."""

import subprocess
from typing import get_args

import pytest
import yaml

from ldnet.errors import InputError
from pipeline.experiments.study_points import DEFAULT, METHODS, TITLES, Choice, study_points
from pipeline.params import Params, Regulariser, SelectMethod
from pipeline.profiles import load_profile
from tests.report_factories import PROJECT


@pytest.fixture
def params() -> Params:
    return load_profile(PROJECT / "profiles", "demo")


def test_every_method_with_every_budget_and_random_layers_five_times(params: Params) -> None:
    points = study_points(params, ["r3_cost", "random", "r3_cost"], [2, 6])
    assert [point.label for point in points] == [
        *("r3_cost-2", "random1-2", "random2-2", "random3-2", "random4-2", "random5-2"),
        *("r3_cost-6", "random1-6", "random2-6", "random3-6", "random4-6", "random5-6"),
    ]
    assert points[0].command() == (
        "dvc exp run evaluate@gold -S select.method=gates -S select.regulariser=r3 -S select.cost_weighted=true "
        "-S select.max_layers=2"
    )
    assert points[1].title == "random (draw 1), budget 2"


def test_gates_with_every_strength(params: Params) -> None:
    points = study_points(params, ["r3", "first"], [2], [0.5])
    assert [(point.label, point.title) for point in points] == [
        ("r3-2", "r3, budget 2"),
        ("r3_0.5-2", "r3, strength 0.5, budget 2"),
        ("first-2", "first, budget 2"),
    ]
    assert points[1].params(params).select.strength == 0.5


@pytest.mark.parametrize("method", METHODS)
def test_values_are_those_of_the_parameters_and_survive_yaml(params: Params, method: str) -> None:
    choice = Choice(method, 2, 3 if method == "random" else 0)
    found = choice.params(params)
    assert found.select.max_layers == 2
    assert found.select.random_seed == (3 if method == "random" else params.select.random_seed)
    for key, override in zip(choice.values(), choice.overrides(), strict=True):
        name, _, text = override.partition("=")
        section, key_in_section = key.split(".")
        assert name == key
        assert yaml.safe_load(text) == choice.values()[key] == getattr(getattr(found, section), key_in_section)
    subprocess.run(["git", "check-ref-format", f"refs/exps/ab/demo-{choice.label}-0"], check=True)


def test_methods_differ(params: Params) -> None:
    chosen = [Choice(method, 2).params(params) for method in METHODS]
    sections = [found.select for found in chosen]
    assert all(sections.count(section) == 1 for section in sections)
    assert set(METHODS) == set(TITLES) - {"r3_gold", "l0"} and set(DEFAULT.split()) <= set(METHODS)


def test_a_study_can_try_every_method_and_every_regulariser(params: Params) -> None:
    of_points = [Choice(method, 2).params(params).select for method in METHODS]
    assert {select.method for select in of_points} == set(get_args(SelectMethod))
    assert {select.regulariser for select in of_points if select.method == "gates"} == set(get_args(Regulariser))


def test_exhaustive_searches_that_take_too_long_are_left_out(params: Params) -> None:
    assert [point.label for point in study_points(params, ["exhaustive"], [2, 6])] == ["exhaustive-2", "exhaustive-6"]
    wide = load_profile(PROJECT / "profiles", "conll2000")
    assert [point.label for point in study_points(wide, ["exhaustive", "first"], [2, 6])] == [
        "exhaustive-2", "first-2", "first-6",
    ]  # fmt: skip
    with pytest.raises(InputError, match="nothing to run"):
        study_points(wide, ["exhaustive"], [6])


def test_what_cannot_be_run_is_refused(params: Params) -> None:
    with pytest.raises(InputError, match="methods: 'ridge' is none; expected some of r1 r2"):
        study_points(params, ["r3", "ridge"], [2])
    with pytest.raises(InputError, match="max_layers: expected at most 12"):
        study_points(params, ["first"], [2, 13])
    with pytest.raises(InputError, match="max_layers: expected 0 or more"):
        study_points(params, ["exhaustive"], [-1])
    with pytest.raises(InputError, match="strengths: expected numbers above 0"):
        study_points(params, ["r3"], [2], [0.0, 0.5])
