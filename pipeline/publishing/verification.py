"""Whether a second run of the experiment gave the results of the first, and how closely it has to.

On the machine that made the reference every checksum must agree. Other CPUs round differently, and a different last bit
early in a training moves every later number: there only what must not move is exact, and scores may differ a little.
"""

import fnmatch
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pipeline.validation import Section

CODE = ("stages/", "pipeline/", "ldnet/")
_ABSENT = "(absent)"


class Tolerance(Section):
    """How far a metric may be from the reference on another CPU; its patterns are matched with `file:dotted.key`."""

    exact: list[str]
    absolute: dict[str, float]
    relative: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """One thing that is not as expected: `where` is a stage of dvc.lock or a metrics file."""

    where: str
    what: str
    expected: Any
    found: Any

    def __str__(self) -> str:
        return f"{self.where}: {self.what}: expected {self.expected}, found {self.found}"


def this_machine() -> dict[str, str]:
    """What decides the last bits of a result: the CPU, what torch makes of it, and the versions."""
    return {
        "cpu": _cpu(Path("/proc/cpuinfo")),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "python": ".".join(platform.python_version_tuple()[:2]),
        "torch": torch.__version__,
    }


def _cpu(cpuinfo: Path) -> str:
    """Vendor, family, model, stepping and name of the (first) CPU; the kind of processor on other systems."""
    if not cpuinfo.exists():
        return platform.processor() or platform.machine()
    first = cpuinfo.read_text(encoding="utf-8").split("\n\n")[0]
    values = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in first.splitlines())}
    keys = ("vendor_id", "cpu family", "model", "stepping", "model name")
    return ", ".join(f"{key} {values[key]}" for key in keys if key in values) or platform.machine()


def compare_locks(
    expected: Mapping[str, Any], found: Mapping[str, Any], *, checksums: bool = True
) -> tuple[list[Deviation], list[Deviation]]:
    """Differences between two parsed dvc.lock files, stage by stage: in what was computed, and in the code alone.

    What was computed are commands, parameters and, with `checksums`, the data that stages read and wrote.
    """
    computed: list[Deviation] = []
    code: list[Deviation] = []
    before, now = expected.get("stages", {}), found.get("stages", {})
    for stage in sorted({*before, *now}):
        left, right = (_facts(lock.get(stage), checksums) for lock in (before, now))
        for what in sorted({*left, *right}):
            if (one := left.get(what, _ABSENT)) != (other := right.get(what, _ABSENT)):
                difference = Deviation(where=stage, what=what, expected=one, found=other)
                (code if what.startswith("code ") else computed).append(difference)
    return computed, code


def _facts(stage: Mapping[str, Any] | None, checksums: bool) -> dict[str, Any]:
    """What dvc.lock says about one stage, as {"cmd": ..., "params pretrain_lm.units": ..., "outs work/lm": md5}."""
    if stage is None:
        return {}
    facts = {"cmd": stage["cmd"]}
    for kind in ("deps", "outs"):
        for entry in stage.get(kind, []):
            if entry["path"].startswith(CODE):
                facts[f"code {entry['path']}"] = entry["md5"]
            elif checksums:
                facts[f"{kind} {entry['path']}"] = entry["md5"]
    for values in stage.get("params", {}).values():
        facts.update(_flatten(values, "params "))
    return facts


def compare_metrics(
    expected: Mapping[str, Any], found: Mapping[str, Any], tolerance: Tolerance
) -> tuple[list[Deviation], int]:
    """Differences beyond the tolerance between parsed metrics files by name, and how many values were compared.

    A value that no pattern matches is not compared (on another CPU, other layers may be selected).
    """
    differences, compared = [], 0
    for file in sorted({*expected, *found}):
        left, right = (_flatten(metrics.get(file, {}), "") for metrics in (expected, found))
        for key in sorted({*left, *right}):
            agree = _agreement(f"{file}:{key}", tolerance)
            if agree is None:
                continue
            compared += 1
            one, other = left.get(key, _ABSENT), right.get(key, _ABSENT)
            if not agree(one, other):
                differences.append(Deviation(where=file, what=key, expected=one, found=other))
    return differences, compared


def _agreement(name: str, tolerance: Tolerance) -> Callable[[Any, Any], bool] | None:
    """The rule for the metric, None if there is none. Exact rules come first."""
    if any(fnmatch.fnmatchcase(name, pattern) for pattern in tolerance.exact):
        return lambda one, other: bool(one == other)
    for pattern, allowed in tolerance.absolute.items():
        if fnmatch.fnmatchcase(name, pattern):
            return lambda one, other: _numbers(one, other) and abs(one - other) <= allowed
    for pattern, allowed in tolerance.relative.items():
        if fnmatch.fnmatchcase(name, pattern):
            return lambda one, other: _numbers(one, other) and abs(one - other) <= allowed * abs(one)
    return None


def _numbers(*values: Any) -> bool:
    return all(isinstance(value, (int, float)) for value in values)


def _flatten(content: Any, prefix: str) -> dict[str, Any]:
    """{"pretrain_lm": {"cutoffs": [1, 2]}} to {"pretrain_lm.cutoffs.0": 1, "pretrain_lm.cutoffs.1": 2}.

    An empty section stays as it is.
    """
    if not isinstance(content, (dict, list)) or not content:
        return {prefix.rstrip("."): content} if prefix else {}
    items = content.items() if isinstance(content, dict) else enumerate(content)
    flat: dict[str, Any] = {}
    for name, value in items:
        flat.update(_flatten(value, f"{prefix}{name}."))
    return flat
