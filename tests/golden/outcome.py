"""What a golden run gave, in numbers and in checksums, and how that is compared with golden.json.

Numbers are held to a tolerance on any CPU. Bytes are held to the bit: those of prepared text everywhere, those of what
is computed in floating point on the kinds of CPU that golden.json knows.
"""

import csv
import fnmatch
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from pipeline.publishing.verification import this_machine
from tests.golden.workspace import ROOT

GOLDEN = ROOT / "tests/golden/golden.json"
# Stages that compute nothing in floating point.
TEXT_STAGES = ("generate_data", "prepare_")
# How far a number may be from the golden one on another CPU: fifty times what was seen with the instructions of several
# kinds of CPU, and less than what a change of the method makes. Scores move in steps, by a tag more or less, and with
# them what is drawn of them. int8 is not the same from CPU to CPU. Whole numbers and words have to agree.
RELATIVE, ABSOLUTE = 3e-4, 1e-5
STEPS = {"*f1_int8*": 4.0, "*resamples*": 0.1, "*gain_kept*": 0.5, "*f1*": 1.0}
SHOWN = 80  # characters of a value that is not as expected
LOW_PRECISION = "bfloat16"  # how the names of workspaces end whose numbers are not the same from CPU to CPU
Record = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """By file, as `workspace/path`: its numbers; the SHA-256 of what must be the same everywhere, and of the rest."""

    numbers: dict[str, Any]
    everywhere: dict[str, str]
    here: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class GoldenRun:
    """The folder with the workspaces, what each stage used, and what came out."""

    folder: Path
    record: Record
    outcome: Outcome

    def numbers(self, file: str) -> Any:
        """The numbers in `workspace/path`."""
        return numbers_in(self.folder / file)


def run_golden(folder: Path) -> GoldenRun:
    """Run everything in the empty folder, in a process of its own. Raises RuntimeError if a stage fails."""
    environment = {key: value for key, value in os.environ.items() if key not in ("MLFLOW_TRACKING_URI", "DVC_ROOT")}
    environment |= {"DVC_NO_ANALYTICS": "1"}
    command = [sys.executable, "-m", "tests.golden.running", str(folder)]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if run.returncode != 0:
        raise RuntimeError(f"the golden run failed\n{run.stdout[-2000:]}\n{run.stderr[-4000:]}")
    record: Record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    return GoldenRun(folder=folder, record=record, outcome=outcome_of(folder, record))


def outcome_of(folder: Path, record: Record) -> Outcome:
    """Read all files that the stages wrote."""
    numbers: dict[str, Any] = {}
    everywhere: dict[str, str] = {}
    here: dict[str, str] = {}
    for execution in record:
        same = execution["stage"]["name"].startswith(TEXT_STAGES)
        for file in execution["written"]:
            path, name = folder / execution["workspace"] / file, f"{execution['workspace']}/{file}"
            (everywhere if same else here)[name] = hashlib.sha256(path.read_bytes()).hexdigest()
            found = numbers_in(path)
            if found is not None and not execution["workspace"].endswith(LOW_PRECISION):
                numbers[name] = found
    return Outcome(numbers=numbers, everywhere=everywhere, here=here)


def numbers_in(path: Path) -> Any:
    """The numbers of metrics, curves and results, the norms of weights and of the lines in figures; None where no
    numbers are, or where they are drawn from scores."""
    if path.suffix == ".json" and path.parent.name in ("metrics", "report"):
        values = json.loads(path.read_text(encoding="utf-8"))
        return {key: value for key, value in values.items() if key != "params"}
    if path.suffix == ".csv":
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        return {column: [float(row[column] or "nan") for row in rows] for column in rows[0]}
    if path.suffix == ".safetensors":
        return {name: norm(values) for name, values in safetensors.numpy.load_file(path).items()}
    if path.suffix == ".svg" and not path.stem.startswith("f1_"):
        drawing = path.read_text(encoding="utf-8")
        lines = re.findall(r'<path d="([^"]*)" clip-path', drawing)  # what is within the axes
        return {"words": re.findall("<!-- (.*) -->", drawing), "lines": [norm(coordinates(line)) for line in lines]}
    return norm(np.load(path)) if path.suffix == ".npy" else None


def coordinates(line: str) -> Any:
    """The numbers in the path of a drawing."""
    return np.array([float(word) for word in re.findall(r"-?[\d.]+", line)])


def norm(values: Any) -> float:
    """The Euclidean norm, to seven digits."""
    return float(f"{np.linalg.norm(values.astype(np.float64).ravel()):.7g}")


def differences(expected: Any, found: Any, where: str = "") -> Iterator[str]:
    """Where two documents of numbers differ by more than is allowed, in words."""
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        expected, found = dict(enumerate(expected)), dict(enumerate(found))
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in [*found, *(key for key in expected if key not in found)]:  # what was found is in running order
            inner = f"{where}:{key}" if where else key
            yield from differences(expected.get(key, "nothing"), found.get(key, "nothing"), inner)
    elif not _agree(expected, found, where):
        yield f"{where}: expected {str(expected)[:SHOWN]}, found {str(found)[:SHOWN]}"


def _agree(expected: Any, found: Any, where: str) -> bool:
    if not (isinstance(expected, float) and isinstance(found, float)):
        return bool(expected == found)
    steps = [step for pattern, step in STEPS.items() if fnmatch.fnmatchcase(where, pattern)]
    allowed = steps[0] if steps else RELATIVE * abs(expected) + ABSOLUTE
    return abs(expected - found) <= allowed


def read_golden() -> dict[str, Any]:
    """What is committed: `numbers`, checksums that hold `everywhere`, and those of each kind of CPU in `machines`."""
    if not GOLDEN.exists():
        return {"numbers": {}, "everywhere": {}, "machines": []}
    golden: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return golden


def write_golden(golden: Mapping[str, Any]) -> None:
    """The counterpart of `read_golden`."""
    GOLDEN.write_text(json.dumps(golden, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def on_this_machine(golden: Mapping[str, Any]) -> dict[str, str] | None:
    """The golden checksums of this kind of CPU, None if it is not known."""
    kinds = [kind["files"] for kind in golden["machines"] if kind["machine"] == this_machine()]
    return kinds[0] if kinds else None
