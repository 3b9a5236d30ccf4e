"""Rounds of torture and pairs of commands on a tiny experiment, and a table of what came of them: `make torture`."""

import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from pipeline.publishing.faults_tried import FAULTS_FILE, record
from tests.golden.outcome import run_golden
from tests.golden.running import load_stages
from tests.torture.faults import own_disk
from tests.torture.pairs import BOTH, ONE, TwoAtOnce
from tests.torture.project import SAME
from tests.torture.rounds import Torture

DISK_MEGABYTES = 300
KINDS = {SAME: "ok", BOTH: "ok", ONE: "refused"}  # of outcomes; others are findings
Tried = dict[str, Counter[str]]  # by class, then by kind


@click.command()
@click.option("--rounds", default=30, show_default=True, help="How many; 0 leaves them out.")
@click.option("--pairs", default=1, show_default=True, help="How often each pair is tried; 0 leaves them out.")
@click.option("--seed", type=int, help="Of what is done, to do it again; another one each time if left out.")
def main(rounds: int, pairs: int, seed: int | None) -> None:
    """Run an experiment undisturbed, then torture its stages, then run pairs of commands at once; status 1 if something
    ends with other bytes.

    What came of them goes to results/faults.json, of which `make publish` makes a table.
    """
    seed = random.randrange(1000) if seed is None else seed
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reference = run_golden(folder / "golden").folder / "main"
        tortured = counted(rounds_told(reference, folder / "disk", rounds, seed))
        at_once = counted(pairs_told(reference, folder, pairs, seed))
    if tortured:
        record(FAULTS_FILE, "torture", f"make torture ROUNDS={rounds} PAIRS=0 SEED={seed}", rows(tortured))
    if at_once:
        record(FAULTS_FILE, "two at once", f"make torture ROUNDS=0 PAIRS={pairs} SEED={seed}", rows(at_once))
    kinds = sum([*tortured.values(), *at_once.values()], Counter[str]())
    click.echo(f"{kinds.total() - kinds['other']} of {kinds.total()} ended as they should")
    sys.exit(kinds["other"] > 0)


def rounds_told(reference: Path, workspace: Path, count: int, seed: int) -> Iterator[tuple[str, str]]:
    """The class and the outcome of each round, which is printed."""
    with own_disk(workspace, DISK_MEGABYTES) as is_disk:
        disk = "a disk of its own" if is_disk else "no disk of its own: full ones are files that may not grow"
        click.echo(f"seed {seed}, {disk}")
        for number, done in enumerate(Torture(reference, load_stages(reference), workspace, seed).rounds(count), 1):
            click.echo(f"{number:>3}  {done.stage:<20} {done.outcome:<12} after {done.faults}")
            yield f"{done.stage}, tortured", done.outcome


def pairs_told(reference: Path, folder: Path, times: int, seed: int) -> Iterator[tuple[str, str]]:
    """The class and the outcome of each pair, which is printed."""
    for number, done in enumerate(TwoAtOnce(reference, folder, seed).pairs(times), 1):
        click.echo(f"{number:>3}  {done.name}, {done.delay:.0f} s apart: {done.outcome}")
        yield f"two at once: {done.name}", done.outcome


def counted(outcomes: Iterator[tuple[str, str]]) -> Tried:
    """How often each class came out in which way."""
    tried: Tried = {}
    for name, outcome in outcomes:
        tried.setdefault(name, Counter())[KINDS.get(outcome, "other")] += 1
    return tried


def rows(tried: Mapping[str, Counter[str]]) -> list[dict[str, str | int]]:
    """A row a class, as the table has them."""
    return [
        {"class": name, "tried": of.total(), "ok": of["ok"], "refused": of["refused"], "other": of["other"]}
        for name, of in sorted(tried.items())
    ]


if __name__ == "__main__":
    main()
