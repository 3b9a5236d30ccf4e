"""Run all stages, one after the other in this process, and write down what each of them used.

`python -m tests.golden.running <empty folder>`, from the repository's root. Which stages there are, and their commands,
is read from dvc.yaml. They run in `main/` of the folder; some run once more, in a copy of it with other parameters. The
record is `record.json`; what the stages say goes to standard output.
"""

import concurrent.futures
import importlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.dvc_stages import DvcStage, load_dvc_stages
from tests.golden.recording import watch, watch_reads
from tests.golden.workspace import EXPERIMENT, add_to_generated, make_workspace, write_params
from tests.one_process import OneProcess

# What is assumed of a stage's script: its command is `main`, and the function `load_params`, which it imports, gives it
# all parameters.
COMMAND, LOADER = "main", "load_params"
NOBODYS = {".dvc", ".checkpoints"}  # folders with what is no stage's input or output


@dataclass(frozen=True, kw_only=True)
class Execution:
    """What happened when a stage ran."""

    stage: DvcStage
    workspace: str
    used: list[str]  # parameters
    read: list[str]  # files that were there before
    written: list[str]


def run_everything(folder: Path) -> None:
    """Run the experiment, then its variations; write the record."""
    concurrent.futures.ProcessPoolExecutor = OneProcess  # type: ignore[assignment, misc]
    sys.modules["mlflow"] = None  # type: ignore[assignment]  # nothing is tracked
    opened: set[str] = set()
    watch_reads(opened.add)
    make_workspace(folder / "main")
    stages = load_stages(folder / "main")
    executions = []
    for stage in stages:
        executions.append(execute(stage, folder / "main", opened))
        if stage.name.startswith("generate_data@"):
            add_to_generated(folder / "main" / stage.outputs[0])
    for name, variation in EXPERIMENT["variations"].items():
        shutil.copytree(folder / "main", folder / name)
        write_params(folder / name, variation["changes"])
        again = [stage for wanted in variation["stages"] for stage in stages if stage.name == wanted]
        executions += [execute(stage, folder / name, opened) for stage in again]
    record = json.dumps([asdict(execution) for execution in executions], indent=1)
    (folder / "record.json").write_text(record, encoding="utf-8")


def load_stages(workspace: Path) -> list[DvcStage]:
    """The stages of all pipelines in an order in which they can run."""
    stages = load_dvc_stages(workspace)
    return [stage for stage in stages if stage.name.partition("@")[2] not in EXPERIMENT["skipped"]]


def execute(stage: DvcStage, workspace: Path, opened: set[str]) -> Execution:
    """Run the stage's command; `opened` is the set that the files opened for reading go to."""
    interpreter, option, module, *arguments = stage.command
    assert (interpreter, option) == ("python", "-m"), stage.command
    print(f"== {workspace.name}: {' '.join(stage.command)}", flush=True)
    script = importlib.import_module(module)
    load, used = getattr(script, LOADER), set[str]()
    setattr(script, LOADER, lambda path: watch(load(path), used.add))
    before = files_in(workspace)
    opened.clear()
    try:
        with working_in(workspace):
            getattr(script, COMMAND).main(arguments, prog_name=module, standalone_mode=False)
    finally:
        setattr(script, LOADER, load)
    read = {name for path in opened if (name := os.path.relpath(path, workspace)) in before}
    written = {name for name, state in files_in(workspace).items() if before.get(name) != state}
    return Execution(
        stage=stage, workspace=workspace.name, used=sorted(used), read=sorted(read), written=sorted(written)
    )


def files_in(workspace: Path) -> dict[str, tuple[int, int]]:
    """All files but those of DVC and checkpoints, with something that a write changes."""
    found = {}
    for path in workspace.rglob("*"):
        name = path.relative_to(workspace)
        if path.is_file() and not NOBODYS & set(name.parts):
            found[name.as_posix()] = (path.stat().st_mtime_ns, path.stat().st_ino)
    return found


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Make the folder the working folder for a while."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


if __name__ == "__main__":
    run_everything(Path(sys.argv[1]).resolve())
