"""List what stopped stages have left to resume from, and remove what no stage would resume from."""

import importlib
import os
import shutil
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ldnet.command_line import Command, echo
from ldnet.errors import InputError
from ldnet.files import JsonObject
from ldnet.printable import one_line
from pipeline.checkpoints import DESCRIPTION, checkpoints_root, is_used, remove_unused
from pipeline.durations import duration
from pipeline.execution.snapshots import progress_in
from pipeline.experiments.stage_graph import PARAMS, PIPELINE, read_stages
from pipeline.params import load_params
from pipeline.tracking import flatten

PIPELINES = {PIPELINE: "", Path("ablations") / PIPELINE: "ablations:"}  # and what their stages begin with there
OF_A_RUN = {"processes", "device"}  # of a pretraining; the same ones as began it resume it
Description = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """What is to be said of an entry among the checkpoints, and whether it can go."""

    stage: str
    text: str
    useless: bool = False


@click.command(cls=Command, examples=["make checkpoints", "make checkpoints REMOVE=1"])
@click.option("--remove", is_flag=True, help="Remove those that no stage would resume from.")
def main(remove: bool) -> None:
    """List the checkpoints with size, age and stage, and whether the stages would resume from them with params.yaml,
    the data and the code as they are now.

    Checkpoints of other parameters may be those of a sweep that was stopped; without them it begins that point again.
    """
    load_params(PARAMS)  # that they are readable, which is said once
    root = checkpoints_root()
    entries = sorted(root.iterdir()) if root.is_dir() else []
    if not entries:
        echo(f"{root}: no checkpoints")
        return
    expected, unknown = expected_checkpoints()
    for path in entries:
        found = verdict(path, expected, unknown)
        everything = list(_stats(path))
        if not everything:
            continue  # a stage has finished and removed it
        files = [status for status in everything if stat.S_ISREG(status.st_mode)]
        size = sum(file.st_size for file in files) / 1e6
        age = time.time() - max(status.st_mtime for status in files or everything)
        gone = remove and found.useless and _remove(path)
        text = f"removed: {found.text}" if gone else found.text
        echo(f"{size:>9,.1f} MB {duration(age):>9}  {found.stage:<28} {one_line(path.name)}: {text}")


def expected_checkpoints() -> tuple[dict[str, Description], dict[str, str]]:
    """What each stage would compute now, and why that is not known of some, by names of stages
    among checkpoints."""
    expected, unknown = dict[str, Description](), dict[str, str]()
    for pipeline, prefix in PIPELINES.items():
        for stage in read_stages(pipeline, PARAMS) if pipeline.exists() else []:
            module, *arguments = stage.command[stage.command.index("-m") + 1 :]
            script = importlib.import_module(module)
            if not hasattr(script, "computation"):
                continue
            try:
                options = script.main.make_context(module, arguments).params
                description = script.computation(**options).description()
            except (InputError, OSError) as error:
                unknown[prefix + stage.name] = str(error)
            else:
                expected[description["stage"]] = description
    return expected, unknown


def verdict(path: Path, expected: Mapping[str, Description], unknown: Mapping[str, str]) -> Verdict:
    """What is to be said of an entry, where the stages would compute what is `expected`, and what others would compute
    is `unknown`, with the reason."""
    if path.is_symlink() or not path.is_dir():
        kind = "what a diverged training has left" if path.name.startswith("diverged-") else "no checkpoint"
        return Verdict("", f"{kind}; kept")
    name = path.name.rsplit("-", 1)[0]
    if path.suffix[1:].isdigit():
        return Verdict(name, "of a stage that has finished", useless=True)
    if is_used(path):
        return Verdict(name, "in use")
    try:
        found = JsonObject.read(path / DESCRIPTION).content
        progress = "; ".join(progress_in(path))
    except InputError as error:
        return Verdict(name, f"no stage can resume from it: {error}", useless=True)
    if (now := expected.get(name)) is None:
        reason = unknown.get(name, "")
        return Verdict(name, f"not known: {reason}" if reason else "no such stage", useless=not reason)
    if differences := list(_differences(found, now)):
        return Verdict(name, f"of other {', '.join(differences)}", useless=True)
    return Verdict(name, f"the stage resumes from it{': ' * bool(progress)}{progress}")


def _differences(found: Description, now: Description) -> Iterator[str]:
    """What a checkpoint was computed with, where that is not what the stage would be computed with now."""
    before, after = (flatten(description.get("inputs", {})) for description in (found, now))
    for key in sorted({*before, *after} - OF_A_RUN):
        if before.get(key) != after.get(key):
            yield f"{key} ({before.get(key)}, now {after.get(key)})"
    if found.get("files") != now["files"]:
        yield "data or code"


def _stats(path: Path) -> Iterator[os.stat_result]:
    """Of the entry and of all that is in it; a running stage may remove any of that meanwhile."""
    with suppress(FileNotFoundError):
        yield path.stat()
    with suppress(FileNotFoundError):  # a folder that goes while it is walked
        for inside in path.rglob("*"):
            with suppress(FileNotFoundError):
                yield inside.stat()


def _remove(path: Path) -> bool:
    if path.suffix:
        shutil.rmtree(path)
        return True
    return remove_unused(path)


if __name__ == "__main__":
    main()
