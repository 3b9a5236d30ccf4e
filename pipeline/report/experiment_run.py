"""The experiment as one MLflow run: what the stage report logs, and an upload after an outage."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.params import Params, experiment_values
from pipeline.report.measurements import flat_metrics
from pipeline.report.provenance import source_version, stage_outs
from pipeline.report.run_comparison import comparison_view, headline_metrics
from pipeline.report.tables import tables


def experiment_run(
    params: Params, measured: Mapping[str, Any], results: Mapping[str, Any], *, out: Path, metrics: Path, curves: Path
) -> dict[str, Any]:
    """The arguments of `pipeline.tracking.log_pipeline_run`.

    `measured` are all metrics files by name, `results` the document made of them, `out` what the stage report wrote;
    `metrics` and `curves` are the folders that the stages write to.
    """
    numbers = {**headline_metrics(results["rows"]), **flat_metrics(measured)}
    return {
        "params": experiment_values(params),
        "metrics": numbers,
        "artifacts": [*sorted(out.iterdir()), metrics, curves],
        "tables": {"rows": pd.DataFrame(results["rows"])},
        "tags": {"profile": params.profile, "git_commit": source_version(Path.cwd()) or "unknown"},
        "stage_outs": stage_outs(Path("dvc.lock"), without=(metrics, curves)),
        "note": tables(results),
        "view": comparison_view(numbers),
    }
