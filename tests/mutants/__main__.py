"""Change the modules that everything hangs on, a little at a time, and see whether tests notice: `make mutants`."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from ldnet.command_line import echo
from ldnet.files import read_json
from pipeline.publishing.mutants_tried import MUTANTS_FILE, record
from tests.imports import ROOT
from tests.mutants.accepted import accepted_mutants, of_modules
from tests.mutants.groups import GROUPS, Group


@click.command()
@click.option("--seconds", default=10.0, show_default=True, help="Of a processor, that the tests of a mutant may take.")
@click.option("--only", multiple=True, type=click.Choice([of.slug for of in GROUPS]), help="Repeatable.")
def main(seconds: float, only: tuple[str, ...]) -> None:
    """Try the mutants of each group; status 1 if one is neither noticed nor accepted, or accepted without need."""
    complaints = []
    for group in GROUPS:
        if only and group.slug not in only:
            continue
        echo(f"{group.slug}: {len(group.modules)} modules")
        outcome = _outcome(group, seconds)
        accepted = of_modules(accepted_mutants(), group.modules)
        survivors, tried = set(outcome["survivors"]), set(outcome["tried"])
        names = {mutant for mutant in accepted if mutant in tried or group.every == 1}
        complaints += [f"not noticed: {name}" for name in outcome["survivors"] if name not in accepted]
        complaints += [f"accepted, but noticed or gone: {name}" for name in sorted(names - survivors)]
        command = f"make mutants ONLY={group.slug}"
        record(MUTANTS_FILE, [_row(module, outcome, accepted, command) for module in group.modules])
    for complaint in complaints:
        echo(complaint)
    sys.exit(bool(complaints))


def _outcome(group: Group, seconds: float) -> dict[str, Any]:
    """What a process of its own found."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "outcome.json"
        command = [sys.executable, "-m", "tests.mutants.one_group", group.slug, str(seconds), str(path)]
        done = subprocess.run(command, cwd=ROOT)
        if done.returncode:
            sys.exit(f"{group.slug}: ended with status {done.returncode}")
        outcome: dict[str, Any] = read_json(path)
    if outcome["failing"]:
        sys.exit(f"{group.slug}: tests fail without any mutant: {', '.join(outcome['failing'])}")
    return outcome


def _row(module: str, outcome: dict[str, Any], accepted: set[str], command: str) -> dict[str, Any]:
    tried, survivors = of_modules(outcome["tried"], [module]), of_modules(outcome["survivors"], [module])
    return {
        "module": module,
        "mutants": outcome["counts"][module],
        "tried": len(tried),
        "killed": len(tried - survivors),
        "explained": len(survivors & accepted),
        "survived": len(survivors - accepted),
        "command": command,
    }


if __name__ == "__main__":
    main()
