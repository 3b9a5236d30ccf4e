"""Fuzz all classes of input for some minutes, and count what came of it: `make fuzz`."""

import hashlib
import importlib.util
import random
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import click
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as with_seed
from hypothesis.errors import Flaky

from ldnet.command_line import echo
from ldnet.files import read_json
from pipeline.publishing.faults_tried import FAULTS_FILE, record
from tests.fuzz.cases import Case, Finding, InputClass
from tests.fuzz.classes import CLASSES
from tests.fuzz.corpus import keep, kept_cases
from tests.fuzz.tally import Tally
from tests.imports import ROOT

FOUND = Path("work/fuzz")
ROUND = 200  # cases that hypothesis makes from one seed
SETTINGS = settings(
    max_examples=ROUND,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


@click.command()
@click.option("--seconds", default=600.0, show_default=True, help="In all; each class gets the same.")
@click.option("--seed", type=int, help="Of the cases, to make them again; another one each time if left out.")
@click.option("--only", multiple=True, type=click.Choice([of.slug for of in CLASSES]), help="Repeatable.")
def main(seconds: float, seed: int | None, only: tuple[str, ...]) -> None:
    """Try cases, first those that were found before; keep new findings in work/fuzz; status 1 if there are any."""
    warnings.simplefilter("error")
    seed = random.randrange(1_000_000) if seed is None else seed
    guided = importlib.util.find_spec("atheris") is not None
    echo(f"seed {seed}; " + ("half of the time guided by coverage" if guided else "without atheris, not guided"))
    chosen = [of for of in CLASSES if not only or of.slug in only]
    share = seconds / len(chosen) / (2 if guided else 1)
    tallies = {of.name: Tally() for of in chosen}
    for of in chosen:
        tally = tallies[of.name]
        for _, case in kept_cases(of):
            tally.add(of, case)
        by_properties(of, tally, seed, share)
        if guided:
            by_coverage(of, tally, seed, share)
        echo(f"{of.name}: {tally.in_words()}")
        for said, case in tally.findings.items():
            echo(f"  {keep(of, case, hashlib.sha256(case.content).hexdigest()[:12], FOUND)}: {said}")
    if not only:
        rows = [{"class": name, **tally.row()} for name, tally in tallies.items()]
        record(FAULTS_FILE, "fuzz", f"make fuzz SECONDS={seconds:g} SEED={seed}", rows)
    sys.exit(any(tally.findings for tally in tallies.values()))


def by_properties(of: InputClass, tally: Tally, seed: int, seconds: float) -> None:
    """Judge what hypothesis makes, a seed after the other, until the time is over."""
    end, number = time.monotonic() + seconds, 0
    cases = of.cases()
    while time.monotonic() < end:

        @with_seed(seed + number)
        @settings(SETTINGS)
        @given(cases)
        def try_one(case: Case) -> None:
            if time.monotonic() < end and (finding := tally.add(of, case)):
                raise finding

        try:
            try_one()
        except* (Finding, Flaky):  # one, or a group of them: all are in the tally, and hypothesis has made them smaller
            pass
        number += 1


def by_coverage(of: InputClass, tally: Tally, seed: int, seconds: float) -> None:
    """Judge what atheris makes, in a process of its own, which it never returns from."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.fuzz.guided", of.slug, str(seed), str(seconds), folder]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace")
        if done.returncode:
            sys.exit(f"{of.name}: the guided half ended with status {done.returncode}:\n{done.stderr[-2000:]}")
        counts, found = read_json(Path(folder) / "counts.json"), kept_cases(of, Path(folder) / "found")
        tally.merge(counts, {said.split(" ", 1)[1]: case for said, case in found})


if __name__ == "__main__":
    main()
