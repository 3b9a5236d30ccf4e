"""What every stage script and command shares: options, one-line errors, manners on Ctrl-C, examples in --help."""

import inspect
import multiprocessing
import signal
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from pipeline.errors import InputError

PATH = click.Path(path_type=Path)
FOLDER = click.Path(path_type=Path, file_okay=False)
INTERRUPTED = 128 + signal.SIGINT
GO_ON = "what is finished is kept; start the same command again to go on"
# The stages that run for long can be asked beforehand what it will cost (see `stages._dry_run`), and say what is lost
# when they are stopped. Here and not in their scripts, because a change of those would run the stages again.
LONG_STAGES = {
    "pretrain_lm": "the same command, or `dvc repro`, goes on at the last checkpoint",
    "train_tagger": "the same command, or `dvc repro`, begins this stage again",
    "select_layers": "the same command, or `dvc repro`, begins this stage again",
}
params_option = click.option(
    "--params", "params_path", type=PATH, default="params.yaml", show_default=True, help="The parameters file."
)


class Examples(click.Command):
    """A click command whose --help ends with examples, a line each."""

    def __init__(self, *arguments: Any, examples: Sequence[str] = (), **options: Any):
        super().__init__(*arguments, **options)
        self.examples = examples

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples as they are written, not wrapped."""
        if self.examples:
            with formatter.section("Examples"):
                for line in self.examples:
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")


class StageCommand(Examples):
    """A click command that ends with one line on stderr: on InputErrors and OSErrors with exit status 1, on Ctrl-C with
    130. --verbose shows the traceback of an error, too. A KeyboardInterrupt may bring its own words on how to go on.
    """

    def __init__(self, *arguments: Any, **options: Any):
        super().__init__(*arguments, **options)
        assert self.callback is not None
        file = Path(inspect.getfile(self.callback))
        self.script = file.stem
        if not self.examples and file.parent == Path(__file__).parent:
            self.examples = [f"dvc repro {self.script}  # with the options that dvc.yaml has for it"]
        if self.script in LONG_STAGES:
            self.params.append(_flag("--dry-run", "Write nothing: say what would run, how long, and what it takes."))
        self.params.append(_flag("--verbose", "Show the traceback of an error."))

    def invoke(self, context: click.Context) -> Any:
        try:
            if context.meta.get("--dry-run"):
                from stages._dry_run import report  # imports torch

                return click.echo(report(self.script, context.params))
            return super().invoke(context)
        except (InputError, OSError) as error:
            if context.meta["--verbose"]:
                raise
            raise click.ClickException(str(error)) from None
        except KeyboardInterrupt as interrupt:
            if context.meta["--verbose"]:
                traceback.print_exc()
            click.echo(f"\ninterrupted: {str(interrupt) or LONG_STAGES.get(self.script, GO_ON)}", err=True)
            return context.exit(INTERRUPTED)


def _flag(name: str, description: str) -> click.Option:
    """An option for `StageCommand` itself, which finds it in the context's meta."""

    def note(context: click.Context, _: click.Parameter, value: bool) -> None:
        context.meta[name] = value

    return click.Option([name], is_flag=True, expose_value=False, callback=note, help=description)


if multiprocessing.parent_process() is not None:
    # A worker of a stage, which imports the stage's script. Ctrl-C reaches it too, and it has nothing to say about it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
