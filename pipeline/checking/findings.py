"""What a look at the data finds: lines of a report, what is doubtful, and the errors with which stages would end."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import click

from ldnet.command_line import echo
from ldnet.errors import InputError

LONGEST = 40  # characters of an example
MOST_LINES = 12  # of warnings or errors that are shown


@dataclass
class Findings:
    """The report's lines, warnings, and errors, each one line without its ending."""

    lines: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def add(self, title: str, text: str) -> None:
        """One line of the report: what it is about, and what was found."""
        self.lines.append(f"  {title:<9} {text}")

    def note(self, line: str) -> None:
        """Keep what a reader says, if it begins with `note: `. What it says beside that is in the report anyway."""
        if line.startswith("note: "):
            self.warnings.append(line.removeprefix("note: "))

    @contextmanager
    def keep_error(self) -> Iterator[None]:
        """Let an InputError end the block, and keep it: what comes after the block may find others."""
        try:
            yield
        except InputError as error:
            if str(error) not in self.errors:
                self.errors.append(str(error))

    def report(self, titles: Collection[str] = ()) -> list[str]:
        """All lines, or those with these titles, and the warnings, as they are safe to print."""
        lines = [line for line in self.lines if not titles or line[2:12].rstrip() in titles]
        return [*map(escaped, lines), *_listed("warning", self.warnings)]

    def tell(self, titles: Collection[str] = ()) -> None:
        """Print the report, or its lines with these titles, and to stderr the errors, as the stages would say them.

        If there are errors, the command ends with exit status 1.
        """
        for line in self.report(titles):
            echo(line)
        for line in _listed("Error", self.errors):
            echo(line, err=True)
        if self.errors:
            raise click.exceptions.Exit(1)


def _listed(kind: str, found: list[str]) -> list[str]:
    more = [f"{kind}: and {len(found) - MOST_LINES:,} more"] if len(found) > MOST_LINES else []
    return [f"{kind}: {escaped(line)}" for line in found[:MOST_LINES]] + more


def escaped(text: str) -> str:
    """The text on one line, with escapes for control characters and for all else that cannot be seen."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def example(text: str) -> str:
    """The text as an example in a report: escaped, and cut where it is long."""
    shown = escaped(text)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 3]}..."


def percent(part: float, whole: float) -> str:
    """A share in words."""
    return f"{100 * part / whole:.2f} %" if whole else "none there"
