"""What dvc.yaml says: its stages, which of them depend on a section of params.yaml, and on which code."""

import re
import shlex
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from pipeline.yaml_text import read_yaml

PIPELINE, PARAMS = Path("dvc.yaml"), Path("params.yaml")
Paths = tuple[PurePosixPath, ...]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stage by the name that DVC has for it, such as pretrain_lm@forward."""

    name: str
    sections: frozenset[str]  # of params.yaml
    deps: Paths
    outs: Paths
    command: tuple[str, ...] = ()
    description: str = ""


def read_stages(pipeline: Path = PIPELINE, params: Path = PARAMS) -> list[Stage]:
    """The stages in the file, `foreach` and ${...} resolved, in its order."""
    values = read_yaml(params)
    stages = []
    for name, entry in read_yaml(pipeline)["stages"].items():
        if "foreach" not in entry:
            stages.append(_stage(name, entry, values))
            continue
        items = _filled(entry["foreach"], values)
        for key, item in (items if isinstance(items, dict) else dict(zip(items, items, strict=True))).items():
            stages.append(_stage(f"{name}@{key}", entry["do"], {**values, "key": key, "item": item}))
    return stages


def leading_to(stages: Collection[Stage], targets: Iterable[str]) -> list[Stage]:
    """The stages `targets` and those that they need, directly or by way of others, in their order."""
    found = set(targets)
    while more := {
        stage.name
        for stage in stages
        if stage.name not in found and any(_overlap(stage.outs, other.deps) for other in stages if other.name in found)
    }:
        found |= more
    return [stage for stage in stages if stage.name in found]


def brought(stages: Collection[Stage], names: Collection[str]) -> list[PurePosixPath]:
    """What the stages `names` read of data/raw that no stage makes: a user has brought it."""
    made = tuple(out for stage in stages for out in stage.outs)
    read = {dep for stage in stages if stage.name in names for dep in stage.deps if dep.is_relative_to("data/raw")}
    return sorted(dep for dep in read if not _overlap((dep,), made))


def affected(stages: Collection[Stage], sections: Collection[str]) -> set[str]:
    """The stages that depend on one of these sections of params.yaml, and all that come after them."""
    return with_later(stages, (stage.name for stage in stages if not stage.sections.isdisjoint(sections)))


def with_later(stages: Collection[Stage], names: Iterable[str]) -> set[str]:
    """The stages `names` and all that come after them."""
    found = set(names)
    while more := {
        stage.name
        for stage in stages
        if stage.name not in found and any(_overlap(stage.deps, other.outs) for other in stages if other.name in found)
    }:
        found |= more
    return found


def code(stages: Iterable[Stage]) -> list[Path]:
    """The Python files that the stages depend on: scripts, and all modules of packages. Paths are from the root."""
    deps = {Path(dep) for stage in stages for dep in stage.deps}
    packages = [dep for dep in deps if (dep / "__init__.py").is_file()]
    modules = {module for package in packages for module in package.rglob("*.py")}
    return sorted({*(dep for dep in deps if dep.suffix == ".py"), *modules})


def _stage(name: str, entry: Mapping[str, Any], values: Mapping[str, Any]) -> Stage:
    return Stage(
        name=name,
        sections=frozenset(str(_filled(key, values)).split(".")[0] for key in entry.get("params", [])),
        deps=_paths(entry, values, "deps"),
        outs=_paths(entry, values, "outs", "metrics", "plots"),
        command=tuple(shlex.split(_filled(entry["cmd"], values))),
        description=str(entry.get("desc", "")),
    )


def _paths(entry: Mapping[str, Any], values: Mapping[str, Any], *kinds: str) -> Paths:
    paths = [path if isinstance(path, str) else next(iter(path)) for kind in kinds for path in entry.get(kind, [])]
    return tuple(PurePosixPath(_filled(path, values)) for path in paths)


def _filled(text: Any, values: Mapping[str, Any]) -> Any:
    """The text with the values in the place of ${...}; where it is nothing else, the value itself."""

    def value(match: re.Match[str]) -> Any:
        found: Any = values
        for key in match[1].split("."):
            found = found[key]
        return found

    reference = r"\$\{([\w.]+)\}"
    if not isinstance(text, str):
        return text
    whole = re.fullmatch(reference, text)
    return value(whole) if whole else re.sub(reference, lambda match: str(value(match)), text)


def _overlap(some: Paths, others: Paths) -> bool:
    """Whether a path of one kind lies in a path of the other, or is the same."""
    return any(one.is_relative_to(other) or other.is_relative_to(one) for one in some for other in others)
