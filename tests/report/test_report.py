"""The report stage: files, figures, determinism, what it hands to MLflow."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from pipeline.report.curves import gates_figure, lm_figure
from pipeline.report.f1_against_cost import f1_against_cost
from pipeline.report.measurements import read_curve, read_gates
from pipeline.report.provenance import source_version, stage_outs
from pipeline.report.results import build_results
from stages import report
from tests.git_repository import make_repository
from tests.report_factories import bars, make_metrics, make_params, write_measurements

FILES = ["f1_against_cost.png", "f1_against_cost.svg", "gates.svg", "lm_curves.svg", "results.json", "tables.md"]


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the stage hands to MLflow, call by call."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(report, "log_pipeline_run", lambda **given: calls.append(given))
    return calls


def test_same_measurements_give_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged: list[dict[str, Any]]
) -> None:
    write_measurements(tmp_path)
    monkeypatch.chdir(tmp_path)
    for out in ("first", "second"):
        done = CliRunner().invoke(report.main, ["--out", out])
        assert done.exit_code == 0, done.output
    first, second = tmp_path / "first", tmp_path / "second"
    assert sorted(path.name for path in first.iterdir()) == FILES
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in FILES)
    assert b"<dc:date>" not in (first / "gates.svg").read_bytes()
    assert len(logged) == 2


def test_the_whole_pipeline_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged: list[dict[str, Any]]
) -> None:
    write_measurements(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(report.main, []).exit_code == 0
    (call,) = logged
    assert call["params"]["select"]["regulariser"] == make_params()["select"]["regulariser"]
    assert call["metrics"]["evaluate_taught/pruned/test_f1_mean"] == 85.2
    assert min(call["metrics"]) == "dev_f1"  # the one by which MLflow compares runs
    assert "metrics.`dev_f1`" in call["view"]["selectedColumns"]
    assert call["tags"] == {"profile": "demo", "git_commit": "unknown"}
    assert [path.name for path in call["artifacts"]] == [*FILES, "metrics", "curves"]
    assert "| pruned | 83.20 ± 0.14 | 85.20" in call["note"]
    assert list(call["tables"]["rows"]["variant"]) == ["no_lm", "full", "pruned"] * 2


def test_a_missing_curve_is_a_one_line_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged: list[dict[str, Any]]
) -> None:
    write_measurements(tmp_path)
    (tmp_path / "curves" / "select.csv").unlink()
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(report.main, [])
    assert done.exit_code == 1
    assert done.output.startswith("Error: curves/select.csv: no such file") and done.output.count("\n") == 1
    assert not logged and not (tmp_path / "work").exists()


def points(figure: Figure, *, hollow: bool) -> list[tuple[float, float]]:
    """Where the figure of F1 against cost has its filled or hollow points."""
    lines = [line for line in figure.axes[0].lines if line.get_marker() in ("o", "D")]
    return [
        (float(line.get_xdata()[0]), float(line.get_ydata()[0]))
        for line in lines
        if (to_hex(line.get_markerfacecolor()) == "#ffffff") == hollow
    ]


def test_figure_has_our_points_and_the_published_ones_for_their_data() -> None:
    demo = f1_against_cost(build_results(make_params(), make_metrics()))
    gold, taught = (
        [(72_000, 71.2), (410_000, 83.5), (150_000, 83.2)],
        [(72_000, 75.2), (410_000, 85.5), (150_000, 85.2)],
    )
    assert points(demo, hollow=False) == gold + taught
    assert [line.get_marker() for line in demo.axes[0].lines if line.get_marker() in ("o", "D")] == [*"oooDDD"]
    joined = [sorted(zip(*line.get_data(), strict=True)) for line in demo.axes[0].lines if len(line.get_xdata()) == 3]
    assert joined == [sorted(gold), sorted(taught)], "a line a training"
    assert points(demo, hollow=True) == []
    assert demo.axes[0].get_xscale() == "log"
    chunking = f1_against_cost(build_results(make_params("conll2000", "conll2000"), make_metrics()))
    assert points(chunking, hollow=True) == [(3e6, 94.42), (51e6, 96.01), (10e6, 95.66)]


def test_bars_of_f1_against_cost_are_of_several_seeds_alone() -> None:
    document = build_results(make_params(), make_metrics())
    assert bars(f1_against_cost(document)) == len(document["rows"])
    for row in document["rows"]:
        row["seeds"] = [1]
    assert bars(f1_against_cost(document)) == 0


def test_gates_figure_draws_each_gate_of_each_direction(tmp_path: Path) -> None:
    write_measurements(tmp_path)
    curve = read_gates(tmp_path / "curves" / "select.csv", 2)
    forward, backward = gates_figure(curve, chosen_epoch=2, layers=2).axes
    drawn = [[list(line.get_ydata()) for line in axes.lines[:2]] for axes in (forward, backward)]
    assert drawn == [[[0.8, 0.0], [1.0, 0.9]], [[0.5, 0.0], [0.0, 0.0]]]


def test_lm_figure_ends_in_the_heldout_perplexity(tmp_path: Path) -> None:
    write_measurements(tmp_path)
    curve = read_curve(tmp_path / "curves" / "pretrain_lm_forward.csv", ["tokens", "perplexity"])
    training, heldout = lm_figure({"forward": curve}, {"forward": 41.25}).axes[0].lines
    assert list(training.get_ydata()) == [500, 55]
    assert (list(heldout.get_xdata()), list(heldout.get_ydata())) == ([2000], [41.25])


def test_stage_outs_are_those_of_the_lock_without_metrics(tmp_path: Path) -> None:
    lock = tmp_path / "dvc.lock"
    assert stage_outs(lock, [Path("metrics")]) == {}
    lock.write_text(
        "schema: '2.0'\nstages:\n"
        "  prune:\n    cmd: x\n    outs:\n    - path: metrics/prune.json\n      md5: a\n"
        "    - path: work/pruned\n      md5: b\n"
        "  only_metrics:\n    cmd: x\n    outs:\n    - path: metrics/x.json\n      md5: c\n"
        "  no_outs:\n    cmd: x\n",
        encoding="utf-8",
    )
    assert stage_outs(lock, [Path("metrics")]) == {"prune": [Path("work/pruned")]}


def test_source_version_marks_changed_code_but_not_changed_params(tmp_path: Path) -> None:
    assert source_version(tmp_path) is None
    commit_repository(tmp_path)
    head = source_version(tmp_path)
    assert head is not None and len(head) == 40
    (tmp_path / "params.yaml").write_text("seed: 2\n", encoding="utf-8")
    assert source_version(tmp_path) == head
    (tmp_path / "pipeline" / "new.py").write_text("", encoding="utf-8")
    assert source_version(tmp_path) == f"{head}-dirty"


def commit_repository(folder: Path) -> None:
    """A git repository with one commit."""
    (folder / "pipeline").mkdir()
    (folder / "pipeline" / "a.py").write_text("", encoding="utf-8")
    (folder / "params.yaml").write_text("seed: 1\n", encoding="utf-8")
    make_repository(folder)
