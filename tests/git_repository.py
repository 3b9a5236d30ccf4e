"""A git repository in a folder, with one commit, as tests of experiments and of published results need it."""

import subprocess
from pathlib import Path

IDENTITY = ("-c", "user.name=a", "-c", "user.email=a@example.com")


def make_repository(folder: Path) -> None:
    """Begin one, and commit all that is there."""
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    commit_all(folder)


def commit_all(folder: Path) -> None:
    """Commit all that is there and not ignored."""
    for command in (["add", "."], [*IDENTITY, "commit", "-q", "-m", "a"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
