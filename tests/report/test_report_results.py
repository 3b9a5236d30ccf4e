"""The results document and its tables."""

import json
from pathlib import Path

import pytest

from ldnet.errors import InputError
from pipeline.experiments.gain_kept import differences_table, gain_section, kept_table
from pipeline.report.measurements import flat_metrics, pick, read_curve, read_metrics
from pipeline.report.paper_results import PUBLISHED
from pipeline.report.results import ADDED_ROW_KEYS, ROW_KEYS, build_results, read_results
from pipeline.report.tables import (
    gain_lines,
    goal_sentences,
    legend,
    lm_table,
    markdown_table,
    millions,
    overview_table,
    results_table,
    tables,
)
from tests.report_factories import make_comparison, make_metrics, make_params


def test_document_has_the_schema_and_puts_the_variants_in_order() -> None:
    document = build_results(make_params(), make_metrics())
    assert set(document) == {"data", "params", "lm", "rows", "comparison"}
    assert [row["variant"] for row in document["rows"]] == ["no_lm", "full", "pruned"]
    assert all(set(row) == {*ROW_KEYS, *ADDED_ROW_KEYS} for row in document["rows"])
    assert document["lm"]["backward"] == {"heldout_perplexity": 43.75, "tokens": 300_000}
    assert document["params"]["select"]["strength"] == make_params()["select"]["strength"]


def test_missing_metrics_are_named() -> None:
    metrics = make_metrics()
    del metrics["evaluate"]["rows"][0]
    with pytest.raises(InputError, match="no row for the variant pruned; found no_lm, full"):
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
    del document["rows"][1]["parameters"]
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InputError, match=r"demo\.json: parameters: missing"):
        read_results(path)


def test_documents_of_before_a_metric_was_measured_stay_readable(tmp_path: Path) -> None:
    document = build_results(make_params(), make_metrics())
    for row in document["rows"]:
        for key in ADDED_ROW_KEYS:
            del row[key]
    path = tmp_path / "demo.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    read = read_results(path)
    assert all(row[key] is None for row in read["rows"] for key in ADDED_ROW_KEYS)
    assert tables(read) == tables(build_results(make_params(), make_metrics()))


def test_flat_metrics_names_rows_by_variant_and_skips_what_is_no_number() -> None:
    flat = flat_metrics(make_metrics())
    assert flat["evaluate/full/test_f1_mean"] == 83.5
    assert flat["evaluate/full/test_f1/1"] == pytest.approx(83.6)
    assert flat["evaluate/pruned/layers_kept/forward/0"] == 1.0
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
        (None, "no such file"),
    ],
)
def test_bad_curves_are_refused(tmp_path: Path, content: str | None, message: str) -> None:
    path = tmp_path / "curve.csv"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_curve(path, ["epoch", "gate"])


def test_results_table_by_hand() -> None:
    table = results_table(build_results(make_params(), make_metrics())).splitlines()
    assert table[2] == "| without LM | 71.20 ± 0.14 | 71.70 | none | none | 0.0720 | 0.216 |"
    assert table[3] == "| all LM layers | 83.50 ± 0.14 | 84.00 | all 2 | all 2 | 0.410 | 1.23 |"
    assert table[4] == "| pruned | 83.20 ± 0.14 | 83.70 | 1 | none | 0.150 | 0.450 |"
    assert len(table) == 5


def test_published_results_stand_beside_those_for_the_same_data_only() -> None:
    document = build_results(make_params("paper", "conll2003"), make_metrics())
    assert results_table(document).splitlines()[4].endswith("| 91.84 ± 0.14 | 5 |")
    assert "Liu et al." in legend(document)
    assert "Liu et al." not in legend(build_results(make_params(), make_metrics()))


def test_one_seed_has_no_spread() -> None:
    metrics = make_metrics()
    for row in metrics["evaluate"]["rows"]:
        row.update(seeds=[7], test_f1=[row["test_f1_mean"]], test_f1_sd=0.0)
    params = make_params()
    params["train_tagger"]["seeds"] = [7]
    document = build_results(params, metrics)
    assert "±" not in results_table(document) + legend(document)
    assert "in percent, of one seed." in legend(document) and "the mean of 1 full tagger (" in legend(document)


def test_legend_says_what_is_compared_with_what() -> None:
    assert legend(build_results(make_params(), make_metrics())) == (
        "F1 of whole spans in percent, mean ± sample standard deviation over 4 seeds. Layers are counted from 0, the "
        "lowest. MACs are multiply-accumulates, without embeddings. The pruned tagger learnt from gold tags, the mean "
        "of 4 full taggers (soft_targets.weight 0.5) and 2,000 unlabelled sentences that those taggers tagged. The "
        "other taggers learnt from gold tags alone. All seeds of the pruned tagger start from the one tagger that "
        "selection trained, so its standard deviation is too small. Language models were trained once and layers "
        "chosen once, so no standard deviation and no interval includes their spread.\n"
    )


@pytest.mark.parametrize(
    ("weight", "sentences", "expected"),
    [
        (0.5, 0, "from gold tags and the mean of 4 full taggers (soft_targets.weight 0.5). The other"),
        (0.0, 1, "from gold tags and 1 unlabelled sentence that the mean of 4 full taggers tagged. The other"),
        (0.0, 0, "All taggers learnt from gold tags alone."),
    ],
)
def test_legend_without_one_of_the_teachings(weight: float, sentences: int, expected: str) -> None:
    params = make_params()
    params["soft_targets"]["weight"], params["prepare_unlabelled"]["sentences"] = weight, sentences
    text = legend(build_results(params, make_metrics()))
    assert (
        expected in text and ("gold tags alone" in text) and text.count("learnt") == (1 if "All t" in expected else 2)
    )


def test_legend_of_several_results_says_in_which_they_differ() -> None:
    one, other = make_params("conll2000", "conll2000"), make_params("demo")
    one["train_tagger"]["seeds"] = [1, 2, 3]
    one["prepare_unlabelled"]["sentences"] = 20_000
    other["train_pruned"]["start"] = "full"
    text = legend(*(build_results(params, make_metrics()) for params in (one, other)))
    assert "over 3 (conll2000) or 4 (demo) seeds." in text and "Liu et al." in text
    assert (
        "the mean of 3 (conll2000) or 4 (demo) full taggers (soft_targets.weight 0.5) and 20,000 (conll2000) or" in text
    )
    assert "In conll2000, all seeds of the pruned tagger start from" in text
    one["train_pruned"]["start"] = "scratch"
    assert "start from" not in legend(*(build_results(params, make_metrics()) for params in (one, other)))


def test_overview_has_a_row_a_profile_and_tagger() -> None:
    documents = [build_results(make_params(name, name), make_metrics()) for name in ("conll2000", "demo")]
    lines = overview_table(documents).splitlines()
    assert len(lines) == 8
    assert lines[3] == "| conll2000 | all LM layers | 83.50 ± 0.14 | 84.00 | all 2; all 2 | 0.410 | 96.01 ± 0.07 | 51 |"
    assert lines[7] == "| demo | pruned | 83.20 ± 0.14 | 83.70 | 1; none | 0.150 |  |  |"


def test_gain_lines_by_hand() -> None:
    assert gain_lines(make_comparison()) == (
        "Pruning keeps 97.6 % of the gain from all layers (+12.30) on test and 97.6 % on dev, with 25.0 % of the "
        "language models' MACs. The goal of at most 20 % of the MACs is missed. Differences in test F1, with 95 % "
        "intervals over resampled sentences: pruned minus all LM layers -0.30 (-1.00 to +0.50); "
        "pruned minus without LM +12.00 (+11.30 to +12.80); all LM layers minus without LM +12.30 (+11.60 to +13.10).\n"
    )


@pytest.mark.parametrize(
    ("dev", "test", "macs", "expected"),
    [
        (0.95, 0.95, 0.2, ["Both goals are met: at least 95 % of the gain, at most 20 % of the MACs."]),
        (None, 0.99, 0.1, ["Both goals are met: at least 95 % of the gain, at most 20 % of the MACs."]),
        (0.94, 1.04, 0.1, ["The goal of at least 95 % of the gain is missed on dev."]),
        (0.94, 0.90, 0.1, ["The goal of at least 95 % of the gain is missed on test and dev."]),
        (
            1.0,
            0.9,
            0.3,
            [
                "The goal of at least 95 % of the gain is missed on test.",
                "The goal of at most 20 % of the MACs is missed.",
            ],
        ),
    ],
)
def test_goals_that_are_missed_are_said(dev: float | None, test: float, macs: float, expected: list[str]) -> None:
    comparison = make_comparison()
    comparison["gain_kept"].update(dev=dev, test=test)
    comparison["lm_macs_kept"] = macs
    assert goal_sentences(comparison) == expected


def test_a_gain_that_may_be_none_has_no_share() -> None:
    comparison = make_comparison()
    gain = comparison["differences"]["full_minus_no_lm"]
    comparison["lm_macs_kept"] = 0.139
    gain.update(test_f1=0.09, test_f1_low=0.0)
    reason = "The gain from all layers (+0.09) is not significantly above zero, so no share is given."
    assert gain_lines(comparison).startswith(
        f"{reason} The pruned tagger runs 13.9 % of the language models' MACs. The goal of at most 20 % of the MACs is "
        "met. Differences"
    )
    assert kept_table(comparison).splitlines()[2:] == ["| MACs of the language models | 13.9 % | at most 20 %: met |"]
    document = {**build_results(make_params(), make_metrics()), "comparison": comparison}
    assert reason in gain_section([document]) and "97.6" not in gain_section([document])
    gain["test_f1_low"] = 0.01
    assert "97.6 %" in gain_lines(comparison) and "97.6 %" in kept_table(comparison)
    assert reason not in gain_section([document])


def test_tables_of_what_is_kept_by_hand() -> None:
    assert kept_table(make_comparison()).splitlines()[2:] == [
        "| gain in F1, dev | 97.6 % | at least 95 %: met |",
        "| gain in F1, test | 97.6 % | at least 95 %: met |",
        "| resamples of test that reach that goal | 91.2 % |  |",
        "| MACs of the language models | 25.0 % | at most 20 %: missed |",
    ]
    lines = differences_table(make_comparison()).splitlines()
    assert lines[1:3] == [
        "| --- | ---: | ---: | ---: | ---: |",
        "| pruned minus all LM layers | -0.30 | -0.30 | -1.00 to +0.50 | 25.1 % |",
    ]


def test_a_share_that_dev_has_not_is_left_out() -> None:
    comparison = make_comparison()
    comparison["gain_kept"]["dev"] = None
    assert "(+12.30) on test, with 25.0 %" in gain_lines(comparison)
    assert "gain in F1, dev" not in kept_table(comparison)


def test_results_without_a_comparison_are_shown_without_one(tmp_path: Path) -> None:
    document = build_results(make_params(), make_metrics())
    assert "Pruning keeps" in tables(document) and "**demo**" in gain_section([document])
    del document["comparison"]
    path = tmp_path / "demo.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    old = read_results(path)
    assert "Pruning keeps" not in tables(old) and results_table(old) in tables(old)
    assert gain_section([old]) == "No comparison is published yet.\n"


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
