"""What every stage script shares: the option --params, what --dry-run tells of long stages, how to resume them."""

import inspect
import os
import signal
import stat
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from ldnet.command_line import FILE, Command, echo, flag
from ldnet.errors import InputError, TooLargeError
from ldnet.files import kind_of
from stages._ending import Stopped, one_line_endings

# The stages that run for long can be asked beforehand what it will cost (see `stages._dry_run`), and say what is lost
# when they are stopped. Here and not in their scripts, because a change of those would run the stages again.
LONG_STAGES = {
    "pretrain_lm": "the same command, or `dvc repro`, resumes at the last checkpoint",
    "train_tagger": "the same command, or `dvc repro`, resumes each seed at its last finished epoch",
    "select": "the same command, or `dvc repro`, resumes at the last finished epoch",
}
# What makes the JSON files of a stage smaller, where they hold words.
SMALLER = {
    "prepare_conll": "lower prepare_conll.vector_rows (0 reads all rows of the word vectors)",
    "prepare_corpus": "raise prepare_corpus.min_count, so that fewer words are in the vocabulary",
}
NO_INPUTS = ("out", "metrics", "curve", "params_path")  # the parameters may come through a pipe; JSON is checked anyway
params_option = click.option(
    "--params", "params_path", type=FILE, default="params.yaml", show_default=True, help="The parameters file."
)


class StoppableCommand(Command):
    """A command with workers, which ends with one line also where a signal stops it, or the system kills a worker."""

    def run(self, context: click.Context) -> Any:
        """What the command does."""
        try:
            with one_line_endings(self.resume):
                return super().run(context)
        except Stopped as stopped:
            number = stopped.args[0]
            echo(f"stopped by {signal.Signals(number).name}: {self.resume}", err=True)
            context.exit(128 + number)


class StageCommand(StoppableCommand):
    """The command of a stage's script. Long stages have --dry-run."""

    def __init__(self, *arguments: Any, **options: Any):
        super().__init__(*arguments, **options)
        assert self.callback is not None
        self.script = Path(inspect.getfile(self.callback)).stem
        self.examples = [f"dvc repro {self.script}  # with the options that dvc.yaml has for it"]
        self.resume = LONG_STAGES.get(self.script, self.resume)
        if self.script in LONG_STAGES:
            self.params.append(flag("--dry-run", "Write nothing: say what would run, how long, and what it takes."))

    def run(self, context: click.Context) -> Any:
        """What the script does, or what its dry run says."""
        given = context.params.items()
        check_kinds(path for name, path in given if isinstance(path, Path) and name not in NO_INPUTS)
        if context.meta.get("--dry-run"):
            from stages._dry_run import report  # imports torch

            script = inspect.getmodule(self.callback)
            return echo(report(self.script, context.params, script.computation))  # type: ignore[union-attr]
        try:
            return super().run(context)
        except TooLargeError as error:
            if self.script not in SMALLER:
                raise
            raise InputError(f"{error}; {SMALLER[self.script]}") from None


def check_kinds(paths: Iterable[Path]) -> None:
    """Raise InputError for the first named pipe, socket or device among the paths, and in their folders: to read a pipe
    would wait without an end for somebody who writes to it."""
    for path in paths:
        inside = (Path(folder, name) for folder, _, names in os.walk(path) for name in sorted(names))
        for file in (path, *inside):
            try:
                found = file.stat()
            except OSError:  # what is not there, or leads nowhere, is the business of who reads it
                continue
            if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
                raise InputError(f"{file}: {kind_of(found)}; expected a file in its place, or nothing")


if "--multiprocessing-fork" in sys.orig_argv:
    # A worker of a stage, which imports the stage's script. Else progress bars make a semaphore in each process, and
    # Python complains of a killed worker's.
    tqdm.set_lock(threading.RLock())
