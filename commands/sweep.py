"""Sweep the regularisation strength and the layer budget: a DVC experiment for each pair, several at a time."""

from pathlib import Path

import click

from commands.sweeping import run_sweep
from commands.workspace import WorkspaceCommand
from ldnet.command_line import echo
from ldnet.files import write_bytes
from pipeline.experiments.points import grid, numbers
from pipeline.experiments.regularisation_path import point_row, points_table
from pipeline.experiments.stage_graph import PARAMS
from pipeline.params import load_params


@click.command(
    cls=WorkspaceCommand,
    examples=[
        "python -m commands.sweep",
        'python -m commands.sweep --strengths "0.02 0.05 0.1" --budgets "2 6" --jobs 2',
    ],
)
@click.option("--strengths", default="0.02 0.05 0.1", show_default=True, help="Values of select.strength.")
@click.option("--budgets", default="2 6", show_default=True, help="Values of select.max_layers.")
@click.option("--jobs", type=click.IntRange(min=1), help="Points at a time; as many as keep the processors busy.")
def main(strengths: str, budgets: str, jobs: int | None) -> None:
    """Run every strength with every budget, each as a DVC experiment, and print a table of them. Pruned taggers are
    trained on gold tags alone.

    Finished points are not run again, so the same command resumes a sweep that was stopped.
    """
    params = load_params(PARAMS)
    points = grid(params, numbers(strengths, float, "strengths"), numbers(budgets, int, "budgets"))
    table = points_table(run_sweep(params, points, jobs, point_row), len(params.train_tagger.seeds))
    out = Path("work") / f"sweep_{params.profile}.md"
    write_bytes(out, table.encode())
    echo(f"\n{table}\n{out}: this table. `dvc exp show` has all numbers of the experiments, `make ui` their runs.")


if __name__ == "__main__":
    main()
