"""Rounds of torture on a tiny experiment, and a table of what came of them: `make torture`."""

import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

import click

from pipeline.experiments.faults_tried import RESULTS, record
from tests.golden.outcome import run_golden
from tests.golden.running import load_stages
from tests.torture.faults import own_disk
from tests.torture.project import SAME
from tests.torture.rounds import Torture

DISK_MEGABYTES = 300


@click.command()
@click.option("--rounds", default=30, show_default=True, help="How many.")
@click.option("--seed", type=int, help="Of what is done, to do it again; another one each time if left out.")
def main(rounds: int, seed: int | None) -> None:
    """Run an experiment undisturbed, then torture its stages; status 1 if one ends with other bytes.

    What came of them goes to results/faults.json, of which `make publish` makes a table.
    """
    seed = random.randrange(1000) if seed is None else seed
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reference = run_golden(folder / "golden").folder / "main"
        with own_disk(folder / "disk", DISK_MEGABYTES) as is_disk:
            disk = "a disk of its own" if is_disk else "no disk of its own: full ones are files that may not grow"
            click.echo(f"seed {seed}, {disk}")
            torture = Torture(reference, load_stages(reference), folder / "disk", seed)
            tried: dict[str, Counter[str]] = {}
            for number, done in enumerate(torture.rounds(rounds), 1):
                tried.setdefault(done.stage, Counter())["ok" if done.outcome == SAME else "other"] += 1
                click.echo(f"{number:>3}  {done.stage:<20} {done.outcome:<12} after {done.faults}")
    rows = [
        {"class": f"{stage}, tortured", "tried": of.total(), "ok": of["ok"], "refused": 0, "other": of["other"]}
        for stage, of in sorted(tried.items())
    ]
    record(RESULTS, f"make torture ROUNDS={rounds} SEED={seed}", rows)
    failed = sum(of["other"] for of in tried.values())
    click.echo(f"{rounds - failed} of {rounds} rounds ended with the same bytes")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
