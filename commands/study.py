"""Is selection worth it? Ways to select layers at the same budgets, each as a DVC experiment, side by side."""

import click

from commands.sweeping import run_sweep
from commands.workspace import WorkspaceCommand
from ldnet.command_line import echo
from pipeline.experiments.points import numbers
from pipeline.experiments.selection_study import read_study, study_document, study_row, study_section
from pipeline.experiments.stage_graph import PARAMS
from pipeline.experiments.study_points import DEFAULT, METHODS, study_points
from pipeline.params import experiment_values, load_params
from pipeline.publishing.study_figure import study_figure
from pipeline.publishing.sweep_publication import DOCS, Publication, code_version

STUDY = Publication("study", DOCS / "selection.md", read_study, study_section, study_figure)


@click.command(cls=WorkspaceCommand, examples=['make study METHODS="r3 importance random" BUDGETS="2 6" JOBS=2'])
@click.option("--methods", default=DEFAULT, show_default=True, help=f"Some of {' '.join(METHODS)}.")
@click.option("--budgets", default="2 6", show_default=True, help="Values of select.max_layers.")
@click.option(
    "--strengths", default="", help="Values of select.strength, of the methods with gates, beside the given one."
)
@click.option("--jobs", type=click.IntRange(min=1), help="Experiments at a time; as many as keep the processors busy.")
def main(methods: str, budgets: str, strengths: str, jobs: int | None) -> None:
    """Run every method with every budget and publish results/study_<profile>.json, its figure, and the tables in
    docs/selection.md. The pruned taggers are trained on gold tags, from random weights, whatever the method.

    Finished experiments are not run again. The exhaustive search is left out where it takes too long.
    """
    params = load_params(PARAMS)
    points = study_points(
        params,
        methods.split(),
        numbers(budgets, int, "budgets"),
        numbers(strengths, float, "strengths") if strengths else [],
    )
    commit = code_version()
    document = study_document(experiment_values(params), run_sweep(params, points, jobs, study_row), commit)
    file = STUDY.publish(document)
    echo(f"{file} and {STUDY.page}: {len(points)} experiments")


if __name__ == "__main__":
    main()
