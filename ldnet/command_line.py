"""What every command shares: types of options, one-line errors, manners on Ctrl-C, examples in --help, and `echo`, by
which all messages are printed: what they quote of data, names of files or answers of servers is harmless then.
"""

import errno
import os
import re
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import click

from ldnet.errors import InputError
from ldnet.interruptions import raised_again
from ldnet.printable import MOST_REASON, one_line, printable, shortened

INTERRUPTED = 128 + signal.SIGINT
# What was expected where the system refuses a file, by the number of its error.
EXPECTED = {
    errno.ENOENT: "expected it to be there",
    errno.EISDIR: "expected a file in its place, not a folder",
    errno.ENOTDIR: "expected a folder in the place of the file",
    errno.EEXIST: "expected a folder there, or nothing; remove it",
    errno.ELOOP: "expected a file or a folder, not a link that leads to itself",
    errno.ENXIO: "expected a file, not a socket or a device",
    errno.ENAMETOOLONG: "expected a shorter name",
    errno.EACCES: "expected one that you may use; give yourself the right to it, or take another",
    errno.EROFS: "expected a disk that can be written to",
    errno.ENOSPC: "expected more space; make room, then run the same command again",
    errno.EDQUOT: "expected more space; make room, then run the same command again",
    errno.EFBIG: "expected a higher limit on the size of files; see `ulimit -f`",
    errno.EMFILE: "expected a higher limit on open files; see `ulimit -n`",
}
# Programs that commands start. The system says of a missing one what it says of a missing file.
PROGRAMS = {"git": "install git", "dvc": "`make setup` installs it"}


class GivenPath(click.Path):
    """A path that is not empty: an empty one, as an unset variable of a script gives it, would mean this folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("it is empty; expected a path", param, ctx)
        return super().convert(value, param, ctx)


class ModelName(click.types.StringParamType):
    """What a user calls a model (see `ldnet.locate_model`)."""

    name = "model"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not str(value).strip():
            self.fail("it is empty; expected a model folder, models:/..., runs:/..., latest or demo", param, ctx)
        return super().convert(value, param, ctx)


FILE = GivenPath(path_type=Path)
FOLDER = GivenPath(path_type=Path, file_okay=False)
MODEL = ModelName()


def echo(message: object = "", *, err: bool = False) -> None:
    """Print a message, without what a terminal would obey. An OSError, of a full disk for one, says where.

    Where who reads has seen enough, as after `| head`, this message and all later ones go nowhere.
    """
    text = printable(str(message))
    stream = sys.stderr if err else sys.stdout
    if encoding := getattr(stream, "encoding", None):  # not every terminal has all characters
        text = text.encode(encoding, "backslashreplace").decode(encoding)
    try:
        with named_output(err=err):
            click.echo(text, err=err)
    except BrokenPipeError:
        discard_output(err=err)


@contextmanager
def named_output(*, err: bool = False) -> Iterator[None]:
    """Give OSErrors of what is printed inside a name. What Python still holds back of it is lost: it has no place.

    A BrokenPipeError passes as it is: who reads has seen enough.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        discard_output(err=err)
        name = "standard error" if err else "standard output"
        raise OSError(error.errno, error.strerror or str(error), name) from None


def discard_output(*, err: bool = False) -> None:
    """Let standard output lead nowhere, so that Python does not fail again when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), (sys.stderr if err else sys.stdout).fileno())


@contextmanager
def _harmless_errors() -> Iterator[None]:
    """Make harmless what click quotes of the command line."""
    try:
        yield
    except click.ClickException as error:
        error.message = printable(error.message)  # type: ignore[misc]  # else each kind would be made again
        raise


class Examples(click.Command):
    """A click command whose --help ends with examples, a line each."""

    def __init__(self, *arguments: Any, examples: Sequence[str] = (), **options: Any):
        super().__init__(*arguments, **options)
        self.examples = examples

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        if sys.stderr is None:  # closed; click would print errors among the results
            sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # for as long as the process lives
        if sys.stdout is None:
            raise click.ClickException("standard output is closed; expected a place for it, such as > output.txt")
        with _harmless_errors():
            try:
                with named_output():  # --help and --version print
                    return super().make_context(*arguments, **options)
            except BrokenPipeError:
                discard_output()
                raise click.exceptions.Exit(0) from None
            except OSError as error:
                raise click.ClickException(_said(error)) from None

    def invoke(self, context: click.Context) -> Any:
        with _harmless_errors():
            return super().invoke(context)

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples as they are written, not wrapped."""
        if self.examples:
            with formatter.section("Examples"):
                for line in self.examples:
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")


class Command(Examples):
    """A click command that ends with one line on stderr: on InputErrors and OSErrors with exit status 1, on Ctrl-C with
    130. --verbose shows the traceback of an error, too. A KeyboardInterrupt may bring its own words on how to resume.
    """

    resume = "what is finished is kept; start the same command again to resume"

    def __init__(self, *arguments: Any, **options: Any):
        super().__init__(*arguments, **options)
        self.params.append(flag("--verbose", "Show the traceback of an error."))

    def invoke(self, context: click.Context) -> Any:
        try:
            with raised_again():
                return self.run(context)
        except (InputError, OSError) as error:
            if context.meta["--verbose"]:
                echo(traceback.format_exc(), err=True)
            raise click.ClickException(_shown(_said(error))) from None
        except KeyboardInterrupt as interrupt:
            if context.meta["--verbose"]:
                echo(traceback.format_exc(), err=True)
            echo(f"\ninterrupted: {str(interrupt) or self.resume}", err=True)
            return context.exit(INTERRUPTED)

    def run(self, context: click.Context) -> Any:
        """What the command does."""
        return super().invoke(context)


def show_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """For sys.excepthook: an InputError while modules are imported, before there is a command, is one line as well."""
    if isinstance(error, InputError):
        click.ClickException(_shown(str(error))).show()
    else:
        sys.__excepthook__(kind, error, trace)


def _said(error: Exception) -> str:
    """What the error says; of the system's, the file, what is wrong with it and what was expected."""
    if isinstance(error, FileNotFoundError) and error.filename is None:  # the system names no file then
        try:
            Path.cwd()
        except FileNotFoundError:
            return "the current folder has been removed; change to one that is there"
    if not isinstance(error, OSError) or error.filename is None or not error.strerror:
        return str(error)
    name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else str(error.filename)
    if error.errno == errno.ENOENT and name in PROGRAMS:
        return f"{name}: no such program; expected it on the PATH: {PROGRAMS[name]}"
    expected = EXPECTED.get(error.errno or 0, "expected a file or a folder that can be used")
    return f"{shortened(name, MOST_REASON)}: {error.strerror}; {expected}"


def _shown(message: str) -> str:
    """The message on one line. A list that ends it, which is indented, keeps its lines; all are indented then, since a
    name with a line end in it must not begin one that looks like another message.
    """
    return re.sub("\n(?!  )", "\n  ", printable(message)) if ":\n  " in message else one_line(message)


def flag(name: str, description: str) -> click.Option:
    """An option for the command itself, which finds it in the context's meta."""

    def note(context: click.Context, _: click.Parameter, value: bool) -> None:
        context.meta[name] = value

    return click.Option([name], is_flag=True, expose_value=False, callback=note, help=description)
