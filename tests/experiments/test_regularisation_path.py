"""The regularisation path: its document and tables."""

from typing import Any

import pytest

from ldnet.errors import InputError
from pipeline.experiments.points import Point
from pipeline.experiments.regularisation_path import (
    knee_in_words,
    path_document,
    path_section,
    point_row,
    points_table,
    read_path,
)
from tests.experiment_factories import make_path_document, make_point
from tests.report_factories import PROJECT, make_params, make_row


def test_document_by_hand() -> None:
    document = make_path_document()
    assert set(document) == {"data", "git_commit", "params", "points", "ends", "knee"}
    assert [row["on_front"] for row in document["points"]] == [True, True, False, False]
    assert document["knee"] == {"strength": 0.02, "max_layers": 1}  # by dev, though test would have it otherwise
    assert all(end["on_front"] for end in document["ends"].values())
    row = document["points"][0]
    assert row["command"] == "dvc exp run evaluate@gold -S select.strength=0.02 -S select.max_layers=1"
    assert (row["dev_f1_mean"], row["dev_f1_sd"], row["test_f1_mean"], row["test_f1_sd"]) == (85.0, 0.25, 60.0, 0.14)


def test_an_end_is_no_knee() -> None:
    """Where all layers are not worth it, the chord ends at a point; the ends of the path are never chosen."""
    document = path_document(make_params(), [make_point(0.1, 2, 95.0, 300_000)], "abc")
    assert not document["ends"]["full"]["on_front"] and document["knee"] is None


@pytest.mark.parametrize("missing", ["evaluate_gold", "train_tagger_pruned", "select"])
def test_missing_metrics_are_named(missing: str) -> None:
    rows = [make_row(name, 1, 1, [], []) for name in ("no_lm", "full", "pruned")]
    metrics: dict[str, Any] = {
        "evaluate_gold": {"rows": rows},
        "train_tagger_pruned": {"dev_f1_sd": 0.25},
        "select": {"budget_reached_by": "optimiser"},
    }
    del metrics[missing]
    with pytest.raises(InputError, match=missing):
        point_row(Point(0.1, 2), metrics)
    with pytest.raises(InputError, match="no row for the variant full"):
        point_row(Point(0.1, 2), {**metrics, "evaluate_gold": {"rows": rows[::2]}})


def test_tables_by_hand() -> None:
    document = make_path_document()
    assert points_table(document["points"], 2).splitlines()[2] == (
        "| 0.02 | 1 | 0 | none | 0.200 | 85.00 ± 0.25 | 60.00 ± 0.14 |"
    )
    section = path_section(document)
    assert '`make path NAME=demo STRENGTHS="0.02 0.1" BUDGETS="1 2"`' in section and "seeds; layers" in section
    assert "all LM layers: dev F1 90.50, test F1 90.00 at 0.500 M MACs" in section
    lines = [line.split(" | ")[0:9] for line in section.splitlines() if line.startswith("| 0.")]
    assert [(line[0], line[7]) for line in lines] == [
        ("| 0.02", "knee"),
        ("| 0.1", ""),
        ("| 0.02", "front"),
        ("| 0.1", ""),
    ]


def test_one_seed_has_no_spread() -> None:
    document = make_path_document()
    assert "± 0.25" in path_section(document) and "over 4 seeds; layers" in path_section(document)
    document["params"]["train_tagger"]["seeds"] = [1]
    section = path_section(document)
    assert "±" not in section and "in percent, of one seed; layers" in section
    assert "| 0.02 | 1 | 0 | none | 0.200 | 85.00 | 60.00 | knee |" in section
    assert "| 0.02 | 1 | 0 | none | 0.200 | 85.00 | 60.00 |" in points_table(document["points"], 1)


def test_the_knee_in_words() -> None:
    document = make_path_document()
    assert knee_in_words(document) == "strength 0.02, budget 1"
    below = path_document(make_params(), [make_point(0.1, 1, 71.0, 300_000)], "abc")
    assert knee_in_words(below) == "none: no point lies above the chord of the front"


def test_a_path_whose_pruned_taggers_were_taught_says_so_and_has_no_commands() -> None:
    section = path_section(read_path(PROJECT / "results" / "path_conll2000.json"))
    assert "The pruned taggers were taught here, the ends were not" in section
    assert "dvc exp run" not in section and "make path" not in section and "| knee |" in section
    assert "taught" not in path_section(make_path_document())
