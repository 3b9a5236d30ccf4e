"""What a result was made from: the commit that the code stands at, and the outputs of the stages."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

from pipeline.yaml_text import read_lock

# params.yaml is not code: every result carries its parameters.
CODE = ("ldnet", "pipeline", "stages", "dvc.yaml", "ablations/*.py", "ablations/stages", "ablations/dvc.yaml")


def source_version(repository: Path, *more: str) -> str | None:
    """The commit's id, with -dirty appended if the code, and what there is `more`, differs from it; None outside a git
    repository."""
    head = _git(repository, "rev-parse", "--verify", "HEAD")
    if head is None:
        return None
    return f"{head}-dirty" if _git(repository, "status", "--porcelain", "--", *CODE, *more) else head


def _git(repository: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=repository, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def stage_outs(lock: Path, without: Iterable[Path]) -> dict[str, list[Path]]:
    """The outputs of each stage, less those in the folders `without`; {} if nothing has run under DVC yet.

    DVC completes dvc.lock stage by stage, so in the last stage all earlier ones are there.
    """
    if not lock.exists():
        return {}
    stages = read_lock(lock).get("stages", {})
    folders = set(without)
    outs = {
        name: [path for path in (Path(out["path"]) for out in stage.get("outs", [])) if path.parent not in folders]
        for name, stage in stages.items()
    }
    return {name: paths for name, paths in outs.items() if paths}
