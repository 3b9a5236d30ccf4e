"""The experiment as one run: what it is known by, and that it holds what people compare."""

from pathlib import Path

import pytest

from pipeline.params import experiment_values, load_params
from pipeline.report.experiment_run import experiment_run
from pipeline.report.measurements import read_metrics
from pipeline.report.results import build_results
from pipeline.report.run_comparison import HEADLINE
from pipeline.tracking_store import content_md5
from tests.imports import ROOT


def test_it_has_parameters_metrics_files_and_a_view(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    params, measured = load_params(Path("params.yaml")), read_metrics(Path("metrics"))
    results = build_results(experiment_values(params), measured)
    (tmp_path / "results.json").write_text("{}", encoding="utf-8")
    run = experiment_run(params, measured, results, out=tmp_path, metrics=Path("metrics"), curves=Path("curves"))
    assert set(HEADLINE) <= set(run["metrics"]) and run["params"]["profile"] == run["tags"]["profile"]
    assert run["artifacts"] == [tmp_path / "results.json", Path("metrics"), Path("curves")]
    assert len(run["tables"]["rows"]) == len(results["rows"]) == 6
    assert run["view"]["selectedColumns"] and run["note"]
    assert "select" in run["stage_outs"] and "prepare_conll" in run["stage_outs"]


def test_content_is_parameters_with_an_effect_and_metrics() -> None:
    known = content_md5({"seed": 1, "a": {"b": 2}}, {"f1": 1.0, "loss": float("nan")})
    assert known == content_md5({"a": {"b": 2}, "seed": 1, "checkpoint_steps": 5}, {"loss": float("nan"), "f1": 1.0})
    assert known != content_md5({"seed": 2, "a": {"b": 2}}, {"f1": 1.0, "loss": float("nan")})
    assert known != content_md5({"seed": 1, "a": {"b": 2}}, {"f1": 1.5, "loss": float("nan")})
