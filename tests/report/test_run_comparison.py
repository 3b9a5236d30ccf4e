"""What runs are compared by."""

import json
from pathlib import Path

from pipeline.report.measurements import flat_metrics, read_metrics
from pipeline.report.results import build_results
from pipeline.report.run_comparison import HEADLINE, comparison_view, headline_metrics
from pipeline.tracking import flatten
from tests.golden.outcome import read_golden
from tests.imports import ROOT
from tests.report_factories import make_metrics, make_params

TAG_CHARACTERS = 20_000  # the most that MLflow takes


def test_headline_is_the_pruned_tagger_trained_on_gold_tags() -> None:
    assert headline_metrics(build_results(make_params(), make_metrics())["rows"]) == {
        "dev_f1": 83.7,
        "layers_kept": 1,
        "million_macs_per_word": 0.15,
        "test_f1": 83.2,
    }


def test_the_view_has_what_there_is_and_folds_all_other_charts() -> None:
    results, metrics = build_results(make_params(), make_metrics()), flat_metrics(make_metrics())
    view = comparison_view([*headline_metrics(results["rows"]), *metrics])
    known = {f"params.`{name}`" for name in flatten(make_params())} | {
        f"metrics.`{n}`" for n in headline_metrics(results["rows"])
    }
    assert set(view["selectedColumns"]) <= known
    shown, *folded = view["compareRunSections"]
    assert {chart["metricSectionId"] for chart in view["compareRunCharts"]} == {shown["uuid"]}
    assert shown["display"] and not any(section["display"] for section in folded)
    assert {section["name"] for section in folded} == {name.rpartition("/")[0] for name in metrics}
    assert len(json.dumps(json.dumps(view))) < TAG_CHARACTERS


def test_the_view_of_all_that_the_stages_measure_is_not_too_long_for_mlflow() -> None:
    """However many layers and seeds there are: `results/conll2000` has more of both than the golden run."""
    files = {name: numbers for name, numbers in read_golden()["numbers"].items() if name.startswith("main/metrics/")}
    golden = {Path(name).stem: numbers for name, numbers in files.items()}
    published = read_metrics(ROOT / "results" / "conll2000" / "metrics")
    assert len(golden) == len(published) == 14
    sections = [comparison_view([*HEADLINE, *flat_metrics(metrics)]) for metrics in (golden, published)]
    assert len(sections[0]["compareRunSections"]) == len(sections[1]["compareRunSections"])
    assert all(len(json.dumps(json.dumps(view))) < TAG_CHARACTERS for view in sections)
