"""Try the mutants of one group, in a process that has imported nothing of the project before."""

import sys
import tempfile
from pathlib import Path

import numba
import pytest

from ldnet.files import read_json, write_json
from tests.imports import ROOT
from tests.mutants.groups import GROUPS
from tests.mutants.mutations import mutants
from tests.mutants.trials import Trials

KILLERS = ROOT / "work" / "mutants" / "killers.json"


def main(slug: str, seconds: str, outcome: str) -> None:
    """Write names of mutants to `outcome`: how many each module has, those tried, the survivors, and failing tests."""
    group = next(of for of in GROUPS if of.slug == slug)
    if any("@compiled(" in (ROOT / module).read_text(encoding="utf-8") for module in group.modules):
        numba.config.DISABLE_JIT = True  # compiled code would not change
    killers = read_json(KILLERS) if KILLERS.is_file() else {}
    found = {module: mutants(ROOT / module, ROOT) for module in group.modules}
    chosen = [mutant for of_module in found.values() for mutant in of_module[:: group.every]]
    with tempfile.TemporaryDirectory() as folder:
        trials = Trials(chosen, float(seconds), killers, Path(folder), lambda said: print(said, flush=True))
        # No reports and no processes of pytest's own; -s, since forked processes write nowhere anyway.
        plugins = [part for name in ("terminal", "cacheprovider", "xdist") for part in ("-p", f"no:{name}")]
        options = ["-o", "addopts=", "-s", *plugins, f"--basetemp={folder}/tests"]
        status = pytest.main([*options, *group.tests], plugins=[trials])
    write_json(KILLERS, killers)
    if status != pytest.ExitCode.OK:
        sys.exit(status)  # it was interrupted, or tests could not be collected
    counts = {module: len(of_module) for module, of_module in found.items()}
    tried = [mutant.name for mutant in chosen]
    write_json(
        Path(outcome), {"counts": counts, "tried": tried, "survivors": trials.survivors, "failing": trials.failing}
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
