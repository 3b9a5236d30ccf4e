"""The regularisation path of the active profile: sweep it, find the front and its knee, and publish them."""

import dataclasses
from pathlib import Path

import click

from commands.sweep import PARAMS, run_sweep
from pipeline.errors import InputError
from pipeline.files import write_bytes, write_json
from pipeline.params import load_params
from pipeline.report.figure_files import save_figure
from pipeline.report.path_figure import path_figure
from pipeline.report.readme import fill_sections
from pipeline.report.regularisation_path import path_document, path_section, read_path
from pipeline.report.source_version import source_version
from pipeline.sweep import doubling_budgets, grid, numbers
from stages._run import StageCommand

PAGE = Path("docs/results.md")
RESULTS = Path("results")


@click.command(
    cls=StageCommand,
    examples=[
        "python -m commands.path",
        'python -m commands.path --strengths "0.02 0.1" --budgets "2 6" --jobs 2',
    ],
)
@click.option("--strengths", default="0.02 0.05 0.1", show_default=True, help="Values of select.strength.")
@click.option("--budgets", default="", help="Values of select.max_layers; 1, 2, 4, ... if left out.")
@click.option("--jobs", type=click.IntRange(min=1), help="Points at a time; as many as keep the processors busy.")
def main(strengths: str, budgets: str, jobs: int | None) -> None:
    """Run every strength with every budget and publish F1 against cost: results/path_<profile>.json, its figure, and
    the tables in docs/results.md. The knee of the front is a point worth shipping."""
    params = load_params(PARAMS)
    layers = numbers(budgets, int, "budgets") if budgets else doubling_budgets(params.lm.layers)
    points = grid(params, numbers(strengths, float, "strengths"), layers)
    commit = source_version(Path.cwd())
    if commit is None:
        raise InputError(f"{Path.cwd()}: not a git repository with a commit; expected one, as DVC's queue works on it")
    document = path_document(dataclasses.asdict(params), run_sweep(params, points, jobs), commit)
    file = RESULTS / f"path_{params.profile}.json"
    write_json(file, document)
    save_figure(path_figure(document), PAGE.parent / f"path_{params.profile}.svg")
    fill_page()
    best = document["knee"]
    found = f"strength {best['strength']:g}, budget {best['max_layers']}" if best else "none, the front is straight"
    click.echo(f"{file} and {PAGE}: {len(points)} points; the knee: {found}")


def fill_page() -> None:
    """Make the tables of all published paths. Raises InputError if the page or its markers are missing."""
    try:
        text = PAGE.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{PAGE}: no such file; expected a page with markers to fill") from None
    documents = [read_path(file) for file in sorted(RESULTS.glob("path_*.json"))]
    write_bytes(PAGE, fill_sections(text, {"path": path_section(documents)}, str(PAGE)).encode())


if __name__ == "__main__":
    main()
