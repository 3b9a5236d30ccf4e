"""The study of selection: its experiments, its document, tables and figure."""

import json
import subprocess
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from commands import study
from ldnet.errors import InputError
from pipeline.experiments.rows import ENDS
from pipeline.experiments.selection_study import by_budget, read_study, study_document, study_row, study_section
from pipeline.experiments.study_points import DEFAULT, METHODS, TITLES, Choice, study_points
from pipeline.params import Params, Regulariser, SelectMethod
from pipeline.profiles import load_profile
from pipeline.publishing.study_figure import study_figure
from pipeline.publishing.sweep_publication import code_version
from pipeline.report.figure_files import save_figure
from tests.report_factories import PROJECT, make_params, make_row


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


def make_document(profile: str = "demo") -> dict[str, Any]:
    rows = [
        make_study_row("importance", 1, 85.0, 84.0),
        make_study_row("random", 1, 84.0, 81.0, 1),
        make_study_row("random", 1, 86.0, 83.0, 2),
        make_study_row("importance", 2, 88.0, 87.0),
    ]
    return study_document(make_params(profile, profile), rows, "abc")


def test_document_by_hand() -> None:
    document = make_document()
    assert set(document) == {"data", "git_commit", "params", "rows", "ends"} and set(document["ends"]) == set(ENDS)
    row = document["rows"][1]
    assert (row["method"], row["draw"], row["max_layers"], row["dev_f1_as_selected"]) == ("random", 1, 1, 60.5)
    assert (row["dev_f1_mean"], row["dev_f1_sd"], row["test_f1_mean"], row["test_f1_sd"]) == (84.0, 0.25, 81.0, 0.14)
    assert row["values"]["select.random_seed"] == 1 and row["layers_kept"] == {"forward": [0], "backward": []}
    assert document["rows"][0]["draw"] is None and document["ends"]["full"]["test_f1_mean"] == 90.0
    order = [(row["method"], row["draw"]) for row in by_budget(document)[1]]
    assert order == [("random", 2), ("importance", None), ("random", 1)]


def test_a_missing_metric_is_named() -> None:
    with pytest.raises(InputError, match=r"prune\.dev_f1: missing"):
        study_row(Choice("first", 1), {"select": {}})


def test_tables_by_hand() -> None:
    document = make_document()
    section = study_section(document)
    assert '`make study NAME=demo METHODS="importance random" BUDGETS="1 2"`' in section
    assert (
        "| importance | 2 | 0, 1 | none | 0.200 | 60.50 | 88.00 ± 0.25 | 87.00 ± 0.14 | method | "
        "`dvc exp run evaluate@gold -S select.method=importance -S select.max_layers=2` |"
    ) in section.splitlines()
    assert (
        "* Budget 1: the best on dev is random layers, draw 2, with test F1 83.00; random layers have 82.00 ± 1.41, "
        in section
    )
    assert "* Budget 2: the best on dev is importance, with test F1 87.00.\n" in section
    assert "all LM layers: dev F1 90.50, test F1 90.00 at 0.500 M MACs" in section
    assert "taught" not in section


def test_one_seed_has_no_spread() -> None:
    document = make_document()
    document["params"]["train_tagger"]["seeds"] = [1]
    section = study_section(document)
    assert "| importance | 2 | 0, 1 | none | 0.200 | 60.50 | 88.00 | 87.00 | method |" in section
    assert "in percent, of one seed; layers" in section
    assert "random layers have 82.00 ± 1.41, over 2 draws." in section
    assert "86.00   83.00" in [text.get_text() for text in study_figure(document).axes[0].texts]


def test_what_is_of_the_first_selection_is_said_where_there_were_several() -> None:
    document = make_document()
    assert "Layers were selected" not in study_section(document), "once, or before there were several"
    document["rows"][0]["layers_kept_again"] = [{"forward": [1], "backward": []}] * 2
    said = "Layers were selected 3 times, from another full tagger each time"
    assert said in study_section(document) and "those of the first selection." in study_section(document)


def test_a_study_whose_pruned_taggers_were_taught_says_so_and_has_no_commands() -> None:
    document = read_study(PROJECT / "results" / "study_conll2000.json")
    section = study_section(document)
    assert (
        "The pruned taggers were taught here, the ends were not: compare pruned taggers with each other only."
        in section
    )
    assert "dvc exp run" not in section and "make study" not in section and "gates, R3, no distillation" in section
    assert "As selected: the full taggers, the other layers closed, before any more training." in section
    row = next(row for row in document["rows"] if (row["method"], row["max_layers"]) == ("r3", 6))
    assert row["dev_f1_as_selected"] == row["masked_dev_f1_mean"]


def test_figure_is_the_same_bytes_and_shows_what_is_kept(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_figure(study_figure(make_document()), tmp_path / f"{name}.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    panels = study_figure(make_document()).axes
    assert len(panels) == 2 and [label.get_text() for label in panels[0].get_yticklabels()] == [
        "random layers, draw 2", "importance", "random layers, draw 1",
    ]  # fmt: skip
    filled = [(line.get_xdata()[0], line.get_ydata()[0]) for line in panels[0].lines if line.get_color() != "#eeeeee"]
    assert filled == [(0, 0), (0, 1), (0, 2)]  # the lowest forward layer, in each line
    assert "86.00 ± 0.25   83.00 ± 0.14" in [text.get_text() for text in panels[0].texts]


def test_documents_are_published_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/results.md").write_text("a\n<!-- study:begin -->\n<!-- study:end -->\nz\n", encoding="utf-8")
    assert study.STUDY.publish(make_document()) == Path("results/study_demo.json")
    page = (tmp_path / "docs/results.md").read_text(encoding="utf-8")
    assert "**demo**" in page and page.endswith("z\n") and (tmp_path / "docs/study_demo.svg").exists()
    document = json.loads((tmp_path / "results/study_demo.json").read_text(encoding="utf-8"))
    del document["rows"][0]["values"]
    (tmp_path / "results/study_demo.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InputError, match=r"study_demo\.json: values: missing"):
        study.STUDY.fill_page()


def test_results_need_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="not a git repository with a commit"):
        code_version()
