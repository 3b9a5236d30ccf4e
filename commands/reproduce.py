"""Run what has changed of the experiment: `dvc repro`, with stages that do not need each other side by side."""

import json
import subprocess
from collections.abc import Container, Iterable, Sequence
from pathlib import Path

import click

from commands.supervision import NewReader, end_on_signals, run_side_by_side
from commands.workspace import WorkspaceCommand, without_experiments
from ldnet.command_line import echo
from ldnet.errors import written_by
from pipeline.checking.brought_files import problems_of_files
from pipeline.durations import duration
from pipeline.experiments.stage_graph import read_stages, with_later
from pipeline.experiments.stage_progress import StageProgress, keep_seconds, read_seconds
from pipeline.params import Params, load_params
from pipeline.report.results import read_results
from pipeline.report.tables import DEV_SCORES, TEST_SCORES, results_cells

# What may run side by side, in order: each process computes with params.threads threads, 1 by default. Stages that
# stand alone run with all that they need; what is not named here runs at the end.
GROUPS = (
    ("prepare_conll",),
    ("prepare_corpus", "prepare_unlabelled"),  # so that what is wrong with the text is said before hours of training
    ("pretrain_lm@forward", "pretrain_lm@backward"),
    ("train_tagger@full",),
    ("select", "train_tagger@no_lm"),
)
# What is said of brought data before the first stage, of the lines that `make check` has.
MAIN_LINES = ("scheme", "slips", "train", "dev", "test", "overlap", "size", "known", "dropped")
# Two `dvc repro` of different stages in one workspace are safe: DVC holds its lock only while no stage runs.
DVC = ("dvc", "--wait-for-lock")
WORK, REPORT, RESULTS = Path("work"), Path("work/report"), Path("results")
NEXT = """\
  make export                      # the pruned tagger as a folder; then: echo 'a sentence' | .venv/bin/ldnet tag latest
  make report                      # results, figures and errors as one page, work/report.html
  make sweep STRENGTHS="0.1 0.2"   # change one number: runs selection and what follows it, for each strength"""


@click.command(
    cls=WorkspaceCommand,
    examples=[
        "python -m commands.reproduce",
    ],
)
@without_experiments()
def main() -> None:
    """Run what has changed of the experiment, side by side where possible. Nothing changed: say so."""
    params, folder = load_params(Path("params.yaml")), Path("data/raw")
    check_data(params, folder)
    changed = _changed_stages()
    if changed == []:
        echo("Nothing to do: all stages are up to date with params.yaml, the code and the data.")
        _tell_results()
        return
    end_on_signals()
    if params.data not in params.generate_data:
        _tell_what_was_brought(params, folder)
    if changed is None:  # dvc says why, in its own words
        run_side_by_side([[*DVC, "repro"]])
        return
    stages = read_stages()
    plan = with_later(stages, changed)
    usual = read_seconds(WORK, RESULTS, params.profile)
    progress = StageProgress({stage.name: stage.description for stage in stages if stage.name in plan}, GROUPS, usual)
    echo(_outlook(params, len(plan), progress.left()))
    try:
        run_groups(groups_among(plan), progress.reader)
        run_side_by_side([[*DVC, "repro"]], progress.reader)
    finally:
        if progress.seconds:
            keep_seconds(WORK, params.profile, progress.seconds)
    _tell_results()


def _changed_stages() -> list[str] | None:
    """The stages that are not up to date, without those that only come after them; None if DVC cannot say."""
    status = subprocess.run([*DVC, "status", "--json", "dvc.yaml"], stdout=subprocess.PIPE, text=True)
    try:
        return [name.removeprefix("dvc.yaml:") for name in json.loads(status.stdout)]
    except ValueError:
        return None


def _outlook(params: Params, stages: int, seconds: float | None) -> str:
    """What will run, and about how long. Nobody has timed the first run of a new profile."""
    if seconds is None:
        return f"{params.profile}: {stages} stages to run; time not known (`make check` estimates it)"
    return f"{params.profile}: {stages} stages to run, at most; about {duration(seconds)} at the pace of last time"


def _tell_results() -> None:
    """The table of the report, where it is, and what comes next."""
    with written_by("report"):
        document = read_results(REPORT / "results.json")
    header, rows = results_cells(document)
    shown = [header.index(name) for name in ("tagger", *TEST_SCORES, *DEV_SCORES, "MACs per word (M)")]
    table = [[row[column] for column in shown] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    echo()
    for cells in table:
        echo("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())
    echo(f"\nThe report: {REPORT / 'tables.md'}, with figures beside it. Next:\n{NEXT}")


def _tell_what_was_brought(params: Params, folder: Path) -> None:
    """Print the main numbers of the data; fail with its errors, if a stage would."""
    from pipeline.checking.look import look  # imports torch

    echo(f"{folder / params.data}, before the first stage (`make check` says more):")
    look(params, folder, with_vectors=False).findings.tell(MAIN_LINES)


def groups_among(stages: Container[str]) -> list[tuple[str, ...]]:
    """GROUPS, with these stages alone; a group may be left without any."""
    return [tuple(stage for stage in group if stage in stages) for group in GROUPS]


def run_groups(groups: Iterable[Sequence[str]], reader: NewReader | None = None) -> None:
    """Bring the stages of each group up to date, side by side, one group after the other. See `run_side_by_side`."""
    for group in groups:
        options = ["--single-item"] if len(group) > 1 else []
        run_side_by_side([[*DVC, "repro", *options, stage] for stage in group], reader)


def check_data(params: Params, folder: Path) -> None:
    """Raise the first problem with the files of the active data set, unless it is one that is generated."""
    for problem in problems_of_files(params, folder):
        raise problem


if __name__ == "__main__":
    main()
