"""Which commit the code stands at."""

import subprocess
from pathlib import Path

# params.yaml is not code: every result carries its parameters.
CODE = ("pipeline", "stages", "dvc.yaml", "ablations/dvc.yaml")


def source_version(repository: Path) -> str | None:
    """The commit's id, with -dirty appended if the code differs from it; None outside a git repository."""
    head = _git(repository, "rev-parse", "--verify", "HEAD")
    if head is None:
        return None
    return f"{head}-dirty" if _git(repository, "status", "--porcelain", "--", *CODE) else head


def _git(repository: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=repository, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
