"""The stages of all DVC pipelines here as DVC understands them: foreach and ${...} resolved, paths from the root."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from posixpath import join, normpath
from typing import Any

PROJECTS = (".", "ablations")  # each a DVC project of its own, in an order in which they can run
PREFIX = "cd .. && DVC_ROOT=. "  # of the commands of one that lies in a folder


@dataclass(frozen=True, kw_only=True)
class DvcStage:
    """A stage. `parameters` are dotted names in params.yaml."""

    name: str
    description: str
    command: list[str]
    dependencies: list[str]
    parameters: list[str]
    outputs: list[str]
    persists: bool  # outputs that stay while it runs, or a result that depends on when it ran


def load_dvc_stages(workspace: Path) -> list[DvcStage]:
    """In an order in which they can run. Raises DVC's error if the stages of a project form a cycle."""
    return [stage for project in PROJECTS for stage in _of_project(workspace, project)]


def _of_project(workspace: Path, project: str) -> list[DvcStage]:
    import networkx  # type: ignore[import-untyped]
    from dvc.repo import Repo  # type: ignore[import-untyped]

    with Repo(str(workspace / project)) as repo:
        repo.index.check_graph()
        graph = repo.index.graph.reverse()
        stages = networkx.lexicographical_topological_sort(graph, key=lambda stage: stage.name)
        return [_of_dvc(stage, project) for stage in stages]


def _of_dvc(stage: Any, project: str) -> DvcStage:
    def here(path: str) -> str:
        return normpath(join(project, path))

    assert "  " not in stage.cmd, f"{stage.name}: two blanks in a row, which dvc.lock does not always keep: {stage.cmd}"
    command = stage.cmd if project == "." else stage.cmd.removeprefix(PREFIX)
    assert project == "." or stage.cmd.startswith(PREFIX), stage.cmd
    return DvcStage(
        name=stage.name if project == "." else f"{project}/{stage.name}",
        description=stage.desc or "",
        command=shlex.split(command),
        dependencies=[here(other.def_path) for other in stage.deps if not hasattr(other, "params")],
        parameters=sorted({name for other in stage.deps for name in getattr(other, "params", [])}),
        outputs=[here(out.def_path) for out in stage.outs],
        persists=stage.always_changed or any(out.persist for out in stage.outs),
    )
