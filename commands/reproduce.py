"""Run what has changed of the experiment: `dvc repro`, with stages that do not need each other side by side."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import FrameType

import click

from commands import guard
from ldnet.command_line import Command, echo
from ldnet.errors import InputError
from pipeline.checking.brought_files import problems_of_files
from pipeline.params import Params, load_params
from pipeline.yaml_text import read_yaml

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
PARENT = os.getppid()
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command(
    cls=Command,
    examples=[
        "python -m commands.reproduce",
    ],
)
def main() -> None:
    """Run what has changed of the experiment, side by side where possible. Nothing changed: say so."""
    params, folder = load_params(Path("params.yaml")), Path("data/raw")
    check_data(params, folder)
    mend_what_a_kill_left(Path())
    if subprocess.run([*DVC, "status", "--quiet", "dvc.yaml"]).returncode == 0:
        echo("Nothing to do: all stages are up to date with params.yaml, the code and the data.")
        return
    end_on_signals()
    if params.data not in params.generate_data:
        _tell_what_was_brought(params, folder)
    run_groups(GROUPS)
    run_side_by_side([[*DVC, "repro"]])


def _tell_what_was_brought(params: Params, folder: Path) -> None:
    """Print the main numbers of the data; fail with its errors, if a stage would."""
    from pipeline.checking.look import look  # imports torch

    echo(f"{folder / params.data}, before the first stage (`make check` says more):")
    look(params, folder, with_vectors=False).findings.tell(MAIN_LINES)


def run_groups(groups: Iterable[Sequence[str]]) -> None:
    """Bring the stages of each group up to date, side by side, one group after the other."""
    for group in groups:
        options = ["--single-item"] if len(group) > 1 else []
        run_side_by_side([[*DVC, "repro", *options, stage] for stage in group])


def check_data(params: Params, folder: Path) -> None:
    """Raise the first problem with the files of the active data set, unless it is one that is generated."""
    for problem in problems_of_files(params, folder):
        raise problem


def run_side_by_side(commands: Sequence[Sequence[str]]) -> None:
    """Run the commands at the same time. If one fails or this process ends, even by a kill, the others are stopped.

    Raises ClickException for a command that fails, and where `make`, which started this process, was killed.
    """
    lifeline, held = os.pipe()  # see commands.guard
    guarded = [sys.executable, "-I", guard.__file__, str(lifeline)]
    # Each has a process group of its own: a signal to the group also reaches the stage that DVC runs.
    processes = [
        subprocess.Popen([*guarded, *command], start_new_session=True, pass_fds=[lifeline]) for command in commands
    ]
    try:
        while None in (codes := [process.poll() for process in processes]) and not any(codes):
            if _make_is_gone():
                raise click.ClickException("make was killed, so its stages are stopped; the same command resumes")
            time.sleep(0.1)
    finally:
        for process in processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in processes:
            process.wait()
        os.close(lifeline)
        os.close(held)
    if failed := [" ".join(command) for command, code in zip(commands, codes, strict=True) if code]:
        raise click.ClickException(f"failed: {failed[0]}")


def _make_is_gone() -> bool:
    """Whether the `make` that started this process is there no more."""
    return "MAKELEVEL" in os.environ and os.getppid() != PARENT


def mend_what_a_kill_left(folder: Path) -> None:
    """Remove DVC's files in the repository `folder` that it writes in place and cannot read where a kill or a full disk
    has cut them short; say so. Nothing is lost: finished stages come back from DVC's cache."""
    for path, readable in ((folder / ".dvc/tmp/rwlock", _is_json), (folder / "dvc.lock", _is_mapping)):
        if path.exists() and not readable(path):
            time.sleep(1)  # another process may be writing it just now
            if path.exists() and not readable(path):
                path.unlink()
                echo(f"{path}: cut short by a kill or a full disk; removed", err=True)


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True


def _is_mapping(path: Path) -> bool:
    try:
        return isinstance(read_yaml(path), dict)
    except InputError:
        return False


def end_on_signals() -> None:
    """Let SIGINT, SIGTERM and SIGHUP end this process by an exception, so that it cleans up."""
    for number in STOP_SIGNALS:
        signal.signal(number, _stop)


def _stop(number: int, _: FrameType | None) -> None:
    """End this process, once: make repeats a signal that reached us already, and must not cut the clean-up off."""
    for other in STOP_SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    if number == signal.SIGINT:
        raise KeyboardInterrupt  # `Command` says how to resume, and ends with the same status
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
