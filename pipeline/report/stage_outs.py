"""Where the stages' outputs are, from dvc.lock."""

from collections.abc import Iterable
from pathlib import Path

import yaml


def stage_outs(lock: Path, without: Iterable[Path]) -> dict[str, list[Path]]:
    """The outputs of each stage, less those in the folders `without`; {} if nothing has run under DVC yet.

    DVC completes dvc.lock stage by stage, so in the last stage all earlier ones are there.
    """
    if not lock.exists():
        return {}
    stages = (yaml.safe_load(lock.read_text(encoding="utf-8")) or {}).get("stages", {})
    folders = set(without)
    outs = {
        name: [path for path in (Path(out["path"]) for out in stage.get("outs", [])) if path.parent not in folders]
        for name, stage in stages.items()
    }
    return {name: paths for name, paths in outs.items() if paths}
