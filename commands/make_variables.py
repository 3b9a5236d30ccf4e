"""Say which variables of a make command line no goal knows, in one line; nothing if there are none.

`make` runs this file by its path and before there is an environment, so it needs Python alone.
"""

import difflib
import re
import sys
from collections.abc import Sequence
from pathlib import Path

EVERYWHERE = ("VENV", "PYTHON", "CUDA")


def main(makefile: str, goals: str, names: str) -> None:
    """Print the complaint about `names`, the variables given, for `goals`; both are separated by blanks."""
    print(complaint(Path(makefile).read_text(encoding="utf-8"), goals.split(), names.split()))


def complaint(makefile: str, goals: Sequence[str], names: Sequence[str]) -> str:
    """What is wrong with the variables, or '' if nothing is or a goal is none of the makefile's."""
    variables = known_variables(makefile)
    if not set(goals) <= set(variables):
        return ""  # make says so itself
    known = list(dict.fromkeys(name for goal in goals for name in variables[goal]))
    unknown = sorted({*names} - {*known, *EVERYWHERE})
    if not unknown:
        return ""
    near = [difflib.get_close_matches(name.upper(), [*known, *EVERYWHERE], n=1) for name in unknown]
    meant = ", ".join(dict.fromkeys(name for names in near for name in names))
    are = "is not a variable" if len(unknown) == 1 else "are not variables"
    return f"{', '.join(unknown)} {are} of `make {' '.join(goals)}`; it knows {' '.join(known) or 'none'}" + (
        f"; did you mean {meant}?" if meant else ""
    )


def known_variables(makefile: str) -> dict[str, list[str]]:
    """Each target, and the variables that its help names as in `target: ## NAME=conll2000 [JOBS=2]: what it does`."""
    lines = re.findall(r"(?m)^([a-z][a-z-]*):(?!=)(.*)$", makefile)
    return {target: re.findall(r"\b([A-Z]+)=", rest.partition("##")[2]) for target, rest in lines}


if __name__ == "__main__":
    main(*sys.argv[1:])
