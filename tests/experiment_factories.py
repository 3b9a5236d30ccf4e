"""Made-up documents of published experiments: studies, regularisation paths and learning curves."""

from typing import Any

from pipeline.experiments.learning_curve import (
    Size,
    curve_document,
    size_row,
)
from pipeline.experiments.points import Point
from pipeline.experiments.regularisation_path import (
    path_document,
    point_row,
)
from pipeline.experiments.selection_study import study_document, study_row
from pipeline.experiments.stage_graph import leading_to, read_stages
from pipeline.experiments.study_points import Choice
from pipeline.params import Params
from tests.report_factories import PROJECT, make_params, make_row

# What leads to the last stage of a point, and those of these stages that every point runs itself.
LEADING = leading_to(read_stages(PROJECT / "dvc.yaml", PROJECT / "params.yaml"), ["evaluate@gold"])
OF_POINTS = {"select", "prune", "train_pruned@gold", "evaluate@gold"}


def make_study_row(method: str, budget: int, dev: float, test: float, draw: int = 0) -> dict[str, Any]:
    pruned = {**make_row("pruned", test, 200_000, list(range(budget)), []), "dev_f1_mean": dev}
    ends = [make_row("no_lm", 70.0, 100_000, [], []), make_row("full", 90.0, 500_000, [0, 1], [0, 1])]
    metrics = {
        "evaluate_gold": {"rows": [*ends, pruned]},
        "train_tagger_pruned": {"dev_f1_sd": 0.25},
        "select": {"budget_reached_by": "method"},
        "prune": {"dev_f1": 60.5},
    }
    return study_row(Choice(method, budget, draw), metrics)


def make_study_document(profile: str = "demo") -> dict[str, Any]:
    """Importance with two budgets, and two draws of random layers with the smaller one."""
    rows = [
        make_study_row("importance", 1, 85.0, 84.0),
        make_study_row("random", 1, 84.0, 81.0, 1),
        make_study_row("random", 1, 86.0, 83.0, 2),
        make_study_row("importance", 2, 88.0, 87.0),
    ]
    return study_document(make_params(profile, profile), rows, "abc")


def make_point(strength: float, budget: int, dev: float, macs: int, test: float = 80.0) -> dict[str, Any]:
    pruned = {**make_row("pruned", test, macs, list(range(budget)), []), "dev_f1_mean": dev}
    metrics = {
        "evaluate_gold": {
            "rows": [
                make_row("no_lm", 70.0, 100_000, [], []),
                make_row("full", 90.0, 500_000, [0, 1], [0, 1]),
                pruned,
            ]
        },
        "train_tagger_pruned": {"dev_f1_sd": 0.25},
        "select": {"budget_reached_by": "optimiser"},
    }
    return point_row(Point(strength, budget), metrics)


def make_path_document(profile: str = "demo") -> dict[str, Any]:
    """Two strengths with two budgets; the smaller strength is better and cheaper with each."""
    rows = [
        make_point(0.02, 1, 85.0, 200_000, test=60.0),
        make_point(0.02, 2, 88.0, 300_000, test=99.0),
        make_point(0.1, 1, 84.0, 210_000),
        make_point(0.1, 2, 87.0, 310_000),
    ]
    return path_document(make_params(profile, profile), rows, "abc")


def make_curve_metrics(sentences: int, gain: float, low: float) -> dict[str, Any]:
    metrics: dict[str, Any] = {"prepare_conll": {"sentences": {"train": sentences}}}
    scores = {"no_lm": 80.0, "full": 80.0 + gain, "pruned": 80.0 + gain / 2}
    for training in ("gold", "taught"):
        rows = [
            {"variant": name, "training": training, "dev_f1_mean": f1, "test_f1_mean": f1, "test_f1_sd": 0.1}
            | {"macs_per_word": 1}
            for name, f1 in scores.items()
        ]
        spread = {"test_f1_low": low, "test_f1_high": gain + 1}
        differences = {
            name: {"dev_f1": gain, "test_f1": gain, **spread, "test_resamples_above_0": 0.9}
            for name in ("full_minus_no_lm", "pruned_minus_no_lm", "pruned_minus_full")
        }
        metrics[f"evaluate_{training}"] = {"rows": rows, "comparison": {"differences": differences}}
    return metrics


def make_curve_document(params: Params, lows: dict[int, float]) -> dict[str, Any]:
    """A gain of two points at each size; `lows` are the lower ends of its intervals, by size."""
    rows = [size_row(Size(size, (1, 2)), make_curve_metrics(size or 9000, 2.0, low)) for size, low in lows.items()]
    return curve_document(params.model_dump(), rows, "abc")
