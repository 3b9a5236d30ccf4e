"""The regularisation path of the active profile: sweep it, find the front and its knee, and publish them."""

import click

from commands.sweeping import run_sweep
from commands.workspace import WorkspaceCommand
from ldnet.command_line import echo
from pipeline.experiments.points import doubling_budgets, grid, numbers
from pipeline.experiments.regularisation_path import knee_in_words, path_document, path_section, point_row, read_path
from pipeline.experiments.stage_graph import PARAMS
from pipeline.params import experiment_values, load_params
from pipeline.publishing.path_figure import path_figure
from pipeline.publishing.sweep_publication import DOCS, Publication, code_version

PATH = Publication("path", DOCS / "selection.md", read_path, path_section, path_figure)


@click.command(
    cls=WorkspaceCommand,
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
    the tables in docs/selection.md. The knee of the front is a point worth shipping."""
    params = load_params(PARAMS)
    layers = numbers(budgets, int, "budgets") if budgets else doubling_budgets(params.pretrain_lm.layers)
    points = grid(params, numbers(strengths, float, "strengths"), layers)
    commit = code_version()
    document = path_document(experiment_values(params), run_sweep(params, points, jobs, point_row), commit)
    file = PATH.publish(document)
    echo(f"{file} and {PATH.page}: {len(points)} points; the knee: {knee_in_words(document)}")


if __name__ == "__main__":
    main()
