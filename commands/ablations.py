"""Ablations of the paper's claims: run them on the active profile's text and sentences, and publish them."""

from pathlib import Path

import click

from ablations.figure import ablation_figure
from ablations.report import ablations_document, ablations_section, read_ablations
from commands.reproduce import DVC, check_data
from commands.supervision import end_on_signals, run_side_by_side
from commands.workspace import WorkspaceCommand, without_experiments
from ldnet.command_line import echo
from pipeline.experiments.stage_graph import PARAMS
from pipeline.params import load_params
from pipeline.publishing.sweep_publication import DOCS, Publication, code_version
from pipeline.report.measurements import read_metrics

ABLATIONS = Publication("ablations", DOCS / "ablations.md", read_ablations, ablations_section, ablation_figure)
PROJECT, METRICS = "ablations", Path("ablations/metrics")


@click.command(cls=WorkspaceCommand, examples=["make ablations NAME=demo"])
@without_experiments()
def main() -> None:
    """Run what has changed of ablations/dvc.yaml and publish results/ablations_<profile>.json, its figure, and the
    tables in docs/ablations.md. The language models are small, so that all of them take minutes or hours, not days."""
    params = load_params(PARAMS)
    check_data(params, Path("data/raw"))
    commit = code_version()
    end_on_signals()
    run_side_by_side([[*DVC, "--cd", PROJECT, "repro"]])
    document = ablations_document(params.model_dump(), read_metrics(METRICS), commit)
    file = ABLATIONS.publish(document)
    echo(f"{file} and {ABLATIONS.page}: {len(document['candidates'])} candidates")


if __name__ == "__main__":
    main()
