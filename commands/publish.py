"""Publish the report: results/<profile>/, its figure under docs/, and generated sections of README and docs."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from commands import ablations, learning_curve, path, study
from commands.workspace import WorkspaceCommand
from ldnet.command_line import FILE, FOLDER, echo
from ldnet.errors import InputError, written_by
from ldnet.files import read_json, write_json
from pipeline.experiments.learning_curve import readme_curves
from pipeline.experiments.stage_progress import SECONDS, read_seconds
from pipeline.params import experiment_values, load_params
from pipeline.publishing.faults_tried import faults_section
from pipeline.publishing.filled_pages import fill_page
from pipeline.publishing.gain_kept import gain_section
from pipeline.publishing.goals_reached import goals_section
from pipeline.publishing.mutants_tried import mutants_section
from pipeline.publishing.peers import publish_peers
from pipeline.publishing.published_state import LOCK, has_state, keep_state
from pipeline.publishing.readme_sections import results_section, stages_section
from pipeline.publishing.serving_memory_table import serving_memory_section
from pipeline.publishing.since_tables import pretraining_since_section, tagging_since_section
from pipeline.publishing.sweep_publication import PROFILES, code_version
from pipeline.publishing.tokens_table import tokens_section
from pipeline.publishing.tries_table import tries_section
from pipeline.publishing.verification import compare_locks, this_machine
from pipeline.report.results import read_results
from pipeline.yaml_text import read_lock


@click.command(
    cls=WorkspaceCommand,
    examples=[
        "python -m commands.publish",
        "python -m commands.publish --readme-only",
        "python -m commands.publish --check",
    ],
)
@click.option("--report", type=FOLDER, default="work/report", show_default=True, help="Output of the report stage.")
@click.option("--results", type=FOLDER, default="results", show_default=True, help="The published results.")
@click.option("--docs", type=FOLDER, default="docs", show_default=True, help="Where figures and pages with tables are.")
@click.option(
    "--readme", type=FILE, default="README.md", show_default=True, help="Its sections between markers are filled."
)
@click.option(
    "--pipeline", type=FILE, default="dvc.yaml", show_default=True, help="Where the table of stages comes from."
)
@click.option("--readme-only", is_flag=True, help="Publish no new results; only fill the pages from those published.")
@click.option("--check", is_flag=True, help="Write nothing; exit with status 1 if a page is stale.")
def main(report: Path, results: Path, docs: Path, readme: Path, pipeline: Path, readme_only: bool, check: bool) -> None:
    """Copy the report's results and figure to where they are published; fill README and pages of docs from those."""
    if not (readme_only or check):
        publish_results(report, results, docs)
    published = [read_results(file) for file in sorted(results.glob("*/results.json"))]
    pages = {
        readme: {
            "results": results_section(published, PROFILES),
            "curve": readme_curves(results),
            "stages": stages_section(pipeline),
        },
        docs / "results.md": {"goals": goals_section(results, published), "gain": gain_section(published)},
        docs / "choices.md": {"tries": tries_section(results), "tokens": tokens_section(results)},
        docs / "faults.md": {"faults": faults_section(results), "mutants": mutants_section(results)},
        docs / "speed.md": {
            "pretraining_since": pretraining_since_section(results),
            "tagging_since": tagging_since_section(results),
        },
        docs / "serving.md": {"serving_memory": serving_memory_section(results)},
    }
    for kind in (path.PATH, study.STUDY, learning_curve.CURVE, ablations.ABLATIONS):
        sections = pages.setdefault(docs / kind.page.name, {})
        sections[kind.name] = kind.sections(results)  # it says which profiles have changed since
    for page, sections in pages.items():
        fill_page(page, sections, check)
    publish_peers(results, docs, readme, check)
    if not check:
        echo(f"{readme}, {docs}: results of {len(published)} profiles; the table of stages")


def publish_results(report: Path, results: Path, docs: Path) -> None:
    """Copy results.json, with commit and machine added, the figure, and the state that they follow from.

    Raises InputError if one of them is missing.
    """
    document = current_results(report)
    profile, commit = document["params"]["profile"], code_version()
    figure = report / "f1_against_cost.svg"
    if not figure.is_file():
        raise InputError(f"{figure}: no such file; run the report stage (`dvc repro report`)")
    docs.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(figure, docs / f"f1_against_cost_{profile}.svg")
    folder = results / profile
    before = read_lock(folder / LOCK) if has_state(folder) else None
    keep_state(Path.cwd(), folder)
    if seconds := read_seconds(report.parent, results, profile):
        write_json(folder / SECONDS, seconds)
    machine = machine_of_outputs(folder, before)
    write_json(folder / "results.json", {**document, "git_commit": commit, "machine": machine})
    echo(f"{folder}: made by {commit}")


def machine_of_outputs(folder: Path, before: Mapping[str, Any] | None) -> dict[str, str]:
    """The machine that computed what dvc.lock in the folder names: this one, unless the same was published `before`.

    `make verify` demands the same bits of a machine like it. DVC may have brought the outputs here from another one.
    """
    if before is None or compare_locks(before, read_lock(folder / LOCK))[0]:
        return this_machine()
    return dict(read_json(folder / "results.json").get("machine") or this_machine())


def current_results(report: Path) -> dict[str, Any]:
    """The report's results.json. Raises InputError if it was made with other parameters than those in params.yaml."""
    with written_by("report"):
        document = read_results(report / "results.json")
    if document["params"] != experiment_values(load_params(Path("params.yaml"))):
        raise InputError(f"{report}: made with other parameters than those in params.yaml; run `make repro` first")
    return document


if __name__ == "__main__":
    main()
