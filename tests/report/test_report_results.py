"""The results document and its tables."""

import json
from pathlib import Path
from typing import Any

import pytest

from ldnet.errors import InputError
from pipeline.publishing.gain_kept import differences_table, gain_section, kept_table
from pipeline.report.f1_against_cost import f1_against_cost
from pipeline.report.measurements import flat_metrics, pick, read_curve, read_metrics
from pipeline.report.paper_results import PUBLISHED
from pipeline.report.results import build_results, read_results
from pipeline.report.results_schema import Row
from pipeline.report.tables import (
    gain_lines,
    legend,
    lm_table,
    markdown_table,
    millions,
    overview_table,
    results_table,
    tables,
)
from tests.report_factories import PROJECT, make_comparison, make_metrics, make_params


def test_document_has_the_schema_and_puts_the_variants_in_order() -> None:
    document = build_results(make_params(), make_metrics())
    assert set(document) == {"data", "params", "lm", "rows", "comparison"}
    assert [(row["variant"], row["training"]) for row in document["rows"]] == [
        ("no_lm", "gold"), ("full", "gold"), ("pruned", "gold"),
        ("no_lm", "taught"), ("full", "taught"), ("pruned", "taught"),
    ]  # fmt: skip
    assert set(document["comparison"]) == {"gold", "taught"}
    assert all(set(row) == set(Row.model_fields) for row in document["rows"])
    assert document["lm"]["backward"] == {"heldout_perplexity": 43.75, "tokens": 300_000}
    assert document["params"]["select"]["strength"] == make_params()["select"]["strength"]


def test_missing_metrics_are_named() -> None:
    metrics = make_metrics()
    del metrics["evaluate_gold"]["rows"][0]
    with pytest.raises(InputError, match=r"evaluate_gold\.rows: no row for the variant pruned; found no_lm, full"):
        build_results(make_params(), metrics)
    metrics = make_metrics()
    del metrics["pretrain_lm_forward"]["tokens"]
    with pytest.raises(InputError, match=r"pretrain_lm_forward\.tokens: missing"):
        build_results(make_params(), metrics)


def test_published_documents_are_checked(tmp_path: Path) -> None:
    document = build_results(make_params(), make_metrics())
    path = tmp_path / "demo.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    assert read_results(path) == document
    del document["rows"][1]["test_f1_int8"]
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InputError, match=r"demo\.json: rows\[1\]\.test_f1_int8: missing key"):
        read_results(path)


def test_flat_metrics_names_rows_by_variant_and_skips_what_is_no_number() -> None:
    flat = flat_metrics(make_metrics())
    assert flat["evaluate_gold/full/test_f1_mean"] == 83.5 and flat["evaluate_taught/full/test_f1_mean"] == 85.5
    assert flat["evaluate_gold/full/test_f1.1"] == pytest.approx(83.6)
    assert flat["evaluate_gold/pruned/layers_kept.forward.0"] == 1.0
    assert flat["pretrain_lm_forward/tokens"] == 300_000
    assert not [name for name in flat if "budget_reached_by" in name or "optimiser_epoch" in name]


def test_pick_names_the_whole_path() -> None:
    assert pick({"a": {"b": 3}}, "a.b") == 3
    with pytest.raises(InputError, match=r"a\.c: missing"):
        pick({"a": {"b": 3}}, "a.c")
    with pytest.raises(InputError, match=r"a\.b\.c: missing"):
        pick({"a": {"b": 3}}, "a.b.c")


def test_no_metrics_at_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no metrics files"):
        read_metrics(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not a table"),
        ("epoch,gate\n", "no rows"),
        ("epoch,loss\n1,2\n", "no column gate; found epoch, loss"),
        ("epoch,gate\n1,open\n", "column gate: expected numbers only"),
        ("epoch,gate\n1,0.5\n2,\n", "column gate: expected numbers only"),
        (None, "no such file"),
    ],
)
def test_bad_curves_are_refused(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "curve.csv"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=rf"{message}.*; run the stage that writes it"):
        read_curve(path, ["epoch", "gate"])


def test_results_table_by_hand() -> None:
    table = results_table(build_results(make_params(), make_metrics())).splitlines()
    assert table[0].startswith("| tagger | test F1, gold | test F1, taught | dev F1, gold | dev F1, taught | LM layers")
    scores = "71.20 ± 0.14 | 75.20 ± 0.14 | 71.70 | 75.70"
    assert table[2] == f"| without LM | {scores} | none | none | 0.0720 | 0.216 |"
    scores = "83.50 ± 0.14 | 85.50 ± 0.14 | 84.00 | 86.00"
    assert table[3] == f"| all LM layers | {scores} | all 2 | all 2 | 0.410 | 1.23 |"
    assert table[4] == "| pruned | 83.20 ± 0.14 | 85.20 ± 0.14 | 83.70 | 85.70 | 1 | none | 0.150 | 0.450 |"
    assert len(table) == 5


def test_published_results_stand_beside_those_for_the_same_data_only() -> None:
    document = build_results(make_params("paper", "conll2003"), make_metrics())
    assert results_table(document).splitlines()[4].endswith("| 91.84 ± 0.14 | 5 |")
    assert "Liu et al." in legend(document)
    assert "Liu et al." not in legend(build_results(make_params(), make_metrics()))


def test_one_seed_has_no_spread() -> None:
    metrics = make_metrics()
    for row in [*metrics["evaluate_gold"]["rows"], *metrics["evaluate_taught"]["rows"]]:
        row.update(seeds=[7], test_f1=[row["test_f1_mean"]], test_f1_sd=0.0)
    params = make_params()
    params["train_tagger"]["seeds"] = [7]
    document = build_results(params, metrics)
    assert "±" not in results_table(document) + legend(document)
    assert "in percent, of one seed." in legend(document) and "the mean of 1 full gold tagger (" in legend(document)


def test_legend_says_what_is_compared_with_what() -> None:
    assert legend(build_results(make_params(), make_metrics())) == (
        "F1 of whole spans in percent, mean ± sample standard deviation over 4 seeds. Layers are counted from 0, the "
        "lowest. MACs are multiply-accumulates, without embeddings. Gold taggers learnt from gold tags alone, taught "
        "ones also from the mean of 4 full gold taggers (soft_targets.weight 0.5) and from 2,000 unlabelled sentences "
        "that those taggers tagged. Compare F1 within a column: between columns, teachers and text differ as well. "
        "Language models were trained once and layers chosen once, so no standard deviation and no interval includes "
        "their spread.\n"
    )


@pytest.mark.parametrize(
    ("weight", "sentences", "expected"),
    [
        (0.5, 0, "taught ones also from the mean of 4 full gold taggers (soft_targets.weight 0.5). Compare"),
        (0.0, 1, "taught ones also from 1 unlabelled sentence that the mean of 4 full gold taggers tagged. Compare"),
        (0.0, 0, "Gold taggers learnt from gold tags alone, taught ones from the same."),
    ],
)
def test_legend_without_one_of_the_teachings(weight: float, sentences: int, expected: str) -> None:
    params = make_params()
    params["soft_targets"]["weight"], params["prepare_unlabelled"]["sentences"] = weight, sentences
    assert expected in legend(build_results(params, make_metrics()))


def test_legend_says_what_the_other_selections_kept() -> None:
    once, twice = (build_results(make_params(profile), make_metrics()) for profile in ("demo", "other"))
    for row in twice["rows"]:
        if row["variant"] == "pruned":
            row["layers_kept_again"] = [{"forward": [0], "backward": [1]}, {"forward": [], "backward": [0, 1]}]
    text = legend(twice)
    assert "In other, layers were selected 3 times" in text and "kept 0; 1 and none; 0, 1." in text
    assert "Language models were trained once, so" in text
    for row in twice["rows"]:
        if row["variant"] == "pruned":
            row["layers_kept_again"] = [row["layers_kept"]] * 2
    assert "take turns; all selections kept the same layers." in legend(twice)
    both = legend(once, twice)
    assert "trained once and layers in demo chosen once, so" in both
    assert "layers were selected 3 times, from" in both and "take turns; the table shows the first selection." in both
    assert "trained once and layers chosen once, so" in legend(once)


def test_legend_of_several_results_says_in_which_they_differ() -> None:
    one, other = make_params("conll2000", "conll2000"), make_params("demo")
    one["train_tagger"]["seeds"] = [1, 2, 3]
    one["prepare_unlabelled"]["sentences"] = 20_000
    text = legend(*(build_results(params, make_metrics()) for params in (one, other)))
    assert "over 3 (conll2000) or 4 (demo) seeds." in text and "Liu et al." in text
    assert (
        "the mean of 3 (conll2000) or 4 (demo) full gold taggers (soft_targets.weight 0.5) and from 20,000 (conll2000) "
        "or 2,000 (demo) unlabelled" in text
    )


def test_overview_has_a_row_a_profile_and_tagger() -> None:
    documents = [build_results(make_params(name, name), make_metrics()) for name in ("conll2000", "demo")]
    lines = overview_table(documents).splitlines()
    assert len(lines) == 8
    scores = "83.50 ± 0.14 | 85.50 ± 0.14"
    assert lines[3] == f"| conll2000 | all LM layers | {scores} | all 2; all 2 | 0.410 | 96.01 ± 0.07; 51 |"
    assert lines[7] == "| demo | pruned | 83.20 ± 0.14 | 85.20 ± 0.14 | 1; none | 0.150 |  |"


DIFFERENCES = (
    "Differences in test F1: pruned minus all LM layers -0.30 (-1.00 to +0.50); pruned minus without LM +12.00 (+11.30 "
    "to +12.80); all LM layers minus without LM +12.30 (+11.60 to +13.10)."
)


def make_comparisons() -> dict[str, Any]:
    """The same of both trainings."""
    return {"gold": make_comparison(), "taught": make_comparison()}


def test_gain_lines_by_hand() -> None:
    comparisons = make_comparisons()
    comparisons["taught"]["gain_kept"].update(test=1.02, dev=0.99)
    assert gain_lines(comparisons) == (
        "On gold tags, pruning keeps 97.6 % of the gain from all layers (+12.30) on test and 97.6 % on dev: the goal "
        f"of at least 95 % is met. {DIFFERENCES} Taught, pruning keeps 102.0 % of the gain from all layers (+12.30) on "
        f"test and 99.0 % on dev: the goal of at least 95 % is met. {DIFFERENCES} The pruned taggers run 25.0 % of the "
        "language models' MACs. The goal of at most 20 % of the MACs is missed. Intervals: 95 %, over resampled test "
        "sentences.\n"
    )


@pytest.mark.parametrize(
    ("dev", "test", "expected"),
    [
        (0.95, 0.95, "on test and 95.0 % on dev: the goal of at least 95 % is met."),
        (None, 0.99, "(+12.30) on test: the goal of at least 95 % is met."),
        (0.94, 1.04, "the goal of at least 95 % is missed on dev."),
        (0.94, 0.90, "the goal of at least 95 % is missed on test and dev."),
        (1.0, 0.9, "the goal of at least 95 % is missed on test."),
    ],
)
def test_goals_that_are_missed_are_said_of_the_training(dev: float | None, test: float, expected: str) -> None:
    comparisons = make_comparisons()
    comparisons["taught"]["gain_kept"].update(dev=dev, test=test)
    gold, taught = gain_lines(comparisons).split("Taught,")
    assert expected in taught and "97.6 % on dev: the goal of at least 95 % is met." in gold


def test_a_gain_that_may_be_none_has_no_share() -> None:
    comparisons = make_comparisons()
    gain = comparisons["gold"]["differences"]["full_minus_no_lm"]
    for comparison in comparisons.values():
        comparison["lm_macs_kept"] = 0.139
    gain.update(test_f1=0.09, test_f1_low=0.0)
    comparisons["gold"]["gain_kept"] = None  # as `compare` leaves it
    reason = "On gold tags, the gain from all layers (+0.09) is not significant, so no share is given. Differences"
    text = gain_lines(comparisons)
    assert text.startswith(reason) and "Taught, pruning keeps 97.6 %" in text
    assert "13.9 % of the language models' MACs. The goal of at most 20 % of the MACs is met." in text
    assert kept_table(comparisons).splitlines()[2:] == [
        "| gain in F1 | gold | not significant |  |",
        "| gain in F1, dev | taught | 97.6 % | at least 95 %: met |",
        "| gain in F1, test | taught | 97.6 % | at least 95 %: met |",
        "| resamples of test that reach that goal | taught | 91.2 % |  |",
        "| MACs of the language models | both | 13.9 % | at most 20 %: met |",
    ]
    document = {**build_results(make_params(), make_metrics()), "comparison": {"gold": comparisons["gold"]}}
    assert "97.6" not in gain_section([document]) and "| gold | not significant |" in gain_section([document])


def test_tables_of_what_is_kept_by_hand() -> None:
    assert kept_table(make_comparisons()).splitlines()[2:6] == [
        "| gain in F1, dev | gold | 97.6 % | at least 95 %: met |",
        "| gain in F1, test | gold | 97.6 % | at least 95 %: met |",
        "| resamples of test that reach that goal | gold | 91.2 % |  |",
        "| gain in F1, dev | taught | 97.6 % | at least 95 %: met |",
    ]
    assert "| MACs of the language models | both | 25.0 % | at most 20 %: missed |" in kept_table(make_comparisons())
    lines = differences_table(make_comparisons()).splitlines()
    assert len(lines) == 8
    assert lines[1:3] == [
        "| --- | --- | ---: | ---: | ---: | ---: |",
        "| gold | pruned minus all LM layers | -0.30 | -0.30 | -1.00 to +0.50 | 25.1 % |",
    ]


def test_a_share_that_dev_has_not_is_left_out() -> None:
    comparisons = {"taught": make_comparison()}
    comparisons["taught"]["gain_kept"]["dev"] = None
    assert "(+12.30) on test: the goal" in gain_lines(comparisons)
    assert "gain in F1, dev" not in kept_table(comparisons)


def test_committed_results_can_be_shown() -> None:
    documents = [read_results(file) for file in sorted((PROJECT / "results").glob("*/results.json"))]
    assert len(overview_table(documents).splitlines()) == 2 + 3 * len(documents)
    for document in documents:
        assert results_table(document) in gain_section([document]) and f1_against_cost(document).axes


def test_nothing_is_published_yet() -> None:
    assert gain_section([]) == "No comparison is published yet.\n"


def test_tables_have_results_legend_gain_and_language_models() -> None:
    document = build_results(make_params(), make_metrics())
    parts = [results_table(document), legend(document), gain_lines(document["comparison"]), lm_table(document)]
    assert tables(document) == "\n".join(parts)


def test_lm_table() -> None:
    assert "| forward | 41.25 | 300,000 |" in lm_table(build_results(make_params(), make_metrics()))


def test_markdown_table_aligns_numbers_to_the_right() -> None:
    assert markdown_table(["a", "b"], [["x", "1"], ["2", "-3"]]) == "| a | b |\n| --- | ---: |\n| x | 1 |\n| 2 | -3 |\n"
    assert markdown_table(["a", "b"], [["", "1"], ["", ""]]) == "| a | b |\n| --- | ---: |\n|  | 1 |\n|  |  |\n"


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "0"), (72_000, "0.0720"), (1_000_000, "1.00"), (51_234_567, "51.2"), (123_456_789, "123"), (5.1e9, "5100")],
)
def test_millions_to_three_digits(count: float, expected: str) -> None:
    assert millions(count) == expected


def test_published_values() -> None:
    assert {data: [point.f1_mean for point in points.values()] for data, points in PUBLISHED.items()} == {
        "conll2000": [94.42, 96.01, 95.66],
        "conll2003": [90.78, 91.86, 91.84],
    }
