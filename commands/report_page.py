"""Write the report as one HTML page that needs nothing else, from what the stages made."""

import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from commands.publish import current_results
from ldnet.command_line import FILE, FOLDER, Command, echo
from ldnet.errors import InputError, written_by
from ldnet.files import write_bytes
from ldnet.processors import processors
from pipeline.experiments.regularisation_path import read_path
from pipeline.publishing.html_report import PageInputs, Predictions, page
from pipeline.publishing.span_errors import PredictedSentence, overall_f1, read_predictions
from pipeline.publishing.verification import this_machine
from pipeline.report.measurements import DIRECTIONS, read_curve, read_gates, read_metrics
from pipeline.report.provenance import source_version
from pipeline.six_taggers import tagger_name

PACKAGES = ("torch", "numpy", "numba", "dvc", "mlflow")
ROUNDING = 1e-3  # of F1 in percent, in the metrics


@click.command(cls=Command, examples=["make report"])
@click.option("--report", type=FOLDER, default="work/report", show_default=True, help="Output of the report stage.")
@click.option("--metrics", type=FOLDER, default="metrics", show_default=True, help="The stages' metrics (JSON).")
@click.option("--curves", type=FOLDER, default="curves", show_default=True, help="The stages' curves (CSV).")
@click.option(
    "--predictions", type=FOLDER, default="work/predictions", show_default=True, help="Outputs of the evaluate stages."
)
@click.option("--paths", type=FOLDER, default="results", show_default=True, help="Where `make path` publishes.")
@click.option("--out", type=FILE, default="work/report.html", show_default=True, help="The page.")
def main(report: Path, metrics: Path, curves: Path, predictions: Path, paths: Path, out: Path) -> None:
    """Results, figures, errors, parameters and environment as one HTML file, to read or print anywhere, offline."""
    results = current_results(report)
    measured = read_metrics(metrics)
    layers = results["params"]["pretrain_lm"]["layers"]
    path = paths / f"path_{results['params']['profile']}.json"
    inputs = PageInputs(
        results=results,
        metrics=measured,
        gates=read_gates(curves / "select.csv", layers),
        training={
            direction: read_curve(curves / f"pretrain_lm_{direction}.csv", ["tokens", "perplexity"])
            for direction in DIRECTIONS
        },
        predictions=read_all_predictions(predictions, results),
        path=read_path(path) if path.exists() else None,
        environment=environment(),
    )
    write_bytes(out, page(inputs).encode())
    echo(f"{out}: {out.stat().st_size / 1e6:.1f} MB, needs no other file and no network")


def read_all_predictions(folder: Path, results: Mapping[str, Any]) -> Predictions:
    """The predictions of all taggers. Raises InputError if they do not score what the results say."""
    predictions: dict[str, dict[int, list[PredictedSentence]]] = {}
    for row in results["rows"]:
        files = folder / row["training"]
        name = tagger_name(row["variant"], row["training"])
        with written_by(f"evaluate@{row['training']}"):
            predictions[name] = {
                seed: read_predictions(files / f"{row['variant']}-seed-{seed}.conll") for seed in row["seeds"]
            }
        for (seed, sentences), expected in zip(predictions[name].items(), row["test_f1"], strict=True):
            if abs((found := overall_f1(sentences)) - expected) > ROUNDING:
                raise InputError(
                    f"{folder}: {name}, seed {seed}: F1 {found:.4f}, but the results say {expected:.4f}; "
                    "expected predictions and results of one run, as `make repro` makes them"
                )
    return predictions


def environment() -> dict[str, str]:
    """Commit, versions and machine, for people: nothing depends on it."""
    machine = this_machine()
    return {
        "commit": source_version(Path.cwd()) or "unknown: not a git repository with a commit",
        "CPU": machine["cpu"],
        "instructions": machine["instructions"],
        "processors": str(processors()),
        "system": platform.platform(),
        "Python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }


if __name__ == "__main__":
    main()
