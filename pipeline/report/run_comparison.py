"""How runs of the whole pipeline are compared: the few numbers that matter first, and a view of them in MLflow."""

from collections.abc import Iterable, Mapping
from typing import Any

SWEPT = ("select.strength", "select.max_layers")
# MLflow sorts metrics by name and compares runs by the first one: dev_f1, before all that are named after a stage.
HEADLINE = ("dev_f1", "layers_kept", "million_macs_per_word", "test_f1")
AXES = ("layers_kept", "million_macs_per_word", "dev_f1")


def headline_metrics(rows: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """The numbers of the pruned tagger by which a point is chosen, and its test F1.

    It is the one trained on gold tags: points of a sweep have no other (see `pipeline.experiments.points`).
    """
    row = next(row for row in rows if (row["variant"], row["training"]) == ("pruned", "gold"))
    kept = sum(map(len, row["layers_kept"].values()))
    values = (row["dev_f1_mean"], kept, row["macs_per_word"] / 1e6, row["test_f1_mean"])
    return dict(zip(HEADLINE, values, strict=True))


def comparison_view(metrics: Iterable[str]) -> dict[str, Any]:
    """The state of MLflow's page of runs: what was swept and the headline metrics as columns, and as charts.

    `metrics` are the names of all metrics: MLflow draws a chart of each, in a section for what stands before the last
    slash. Those sections are folded.
    """
    sections = sorted({name.rpartition("/")[0] for name in metrics} - {""})
    chart = {"metricSectionId": "comparison", "deleted": False, "isGenerated": False, "runsCountToCompare": 100}
    axis = {"type": "METRIC"}
    columns = [*(f"params.`{name}`" for name in SWEPT), *(f"metrics.`{name}`" for name in HEADLINE)]
    return {
        "selectedColumns": columns,
        "columnOrder": ["0", "attributes.`Run Name`", *columns, "runDateAndNestInfo", "duration"],
        "columnWidths": dict.fromkeys(columns, 120),
        "runsHiddenMode": "FIRST_20_RUNS",
        "compareRunCharts": [
            {
                **chart,
                "type": "PARALLEL",
                "uuid": "parallel",
                "displayName": "Strength and budget to layers, cost and dev F1",
                "selectedParams": list(SWEPT),
                "selectedMetrics": list(AXES),
                "showAllRuns": False,
            },
            {
                **chart,
                "type": "SCATTER",
                "uuid": "scatter",
                "displayName": "Dev F1 against cost",
                "xaxis": {**axis, "key": "million_macs_per_word"},
                "yaxis": {**axis, "key": "dev_f1"},
            },
        ],
        "compareRunSections": [
            {**_section("comparison", "Comparison", shown=True), "columns": 1, "cardHeight": 420},
            *(_section(name, name, shown=False) for name in sections),
        ],
        "isAccordionReordered": True,  # else MLflow sorts the sections by name
    }


def _section(identifier: str, name: str, *, shown: bool) -> dict[str, Any]:
    return {"uuid": identifier, "name": name, "display": shown, "isReordered": False}
