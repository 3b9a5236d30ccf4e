"""A study of selection: its document and tables."""

import pytest

from ldnet.errors import InputError
from pipeline.experiments.rows import ENDS
from pipeline.experiments.selection_study import by_budget, read_study, study_row, study_section
from pipeline.experiments.study_points import Choice
from tests.experiment_factories import make_study_document
from tests.report_factories import PROJECT


def test_document_by_hand() -> None:
    document = make_study_document()
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
    document = make_study_document()
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
    document = make_study_document()
    document["params"]["train_tagger"]["seeds"] = [1]
    section = study_section(document)
    assert "| importance | 2 | 0, 1 | none | 0.200 | 60.50 | 88.00 | 87.00 | method |" in section
    assert "in percent, of one seed; layers" in section
    assert "random layers have 82.00 ± 1.41, over 2 draws." in section


def test_what_is_of_the_first_selection_is_said_where_there_were_several() -> None:
    document = make_study_document()
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
