"""dvc.yaml says what a stage uses when it runs: parameters that it looks at, files that it reads, and files it writes.

All of it has to be listed, so that a change runs the stage again; and nothing more, so that nothing else does. Code is
compared with imports elsewhere.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from tests.golden.outcome import GoldenRun
from tests.golden.workspace import ROOT

# By the stage's script: parameters that are looked at, but do not change a result.
NO_EFFECT = {
    # How often a training can be taken up again; and what is looked at for the name of its checkpoint alone, or for an
    # error message.
    "stages.pretrain_lm": ["checkpoint_steps"],
    "ablations.stages.pretrain_lm": ["checkpoint_steps"],
    "ablations.stages.train_taggers": ["pretrain_lm.embedding"],
    "ablations.stages.evaluate": ["pretrain_lm.embedding"],
    # All are looked at, and this left out.
    "stages.report": ["checkpoint_steps"],
}


def script(stage: dict[str, Any]) -> str:
    """stages.x of `python -m stages.x ...`."""
    return str(stage["command"][2])


def lies_in(file: str, places: Iterable[str]) -> bool:
    """Whether the file is one of the places or in one of them."""
    return any(PurePosixPath(file).is_relative_to(place) for place in places)


def covered(name: str, listed: Iterable[str]) -> bool:
    """Whether a parameter is listed, or a section around it."""
    return any(f"{name}.".startswith(f"{section}.") for section in listed)


def matching(names: Iterable[str], patterns: Iterable[str]) -> set[str]:
    """The names that a pattern fits."""
    return {name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)}


def data(stage: dict[str, Any]) -> list[str]:
    """The dependencies that are not code."""
    code = [path for path in stage["dependencies"] if path.endswith(".py") or (ROOT / path / "__init__.py").exists()]
    return [path for path in stage["dependencies"] if path not in code]


def missing(golden_run: GoldenRun) -> dict[str, tuple[set[str], set[str]]]:
    """The parameters and files that a stage used although they are not listed, by its script."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    for execution in golden_run.record:
        stage = execution["stage"]
        parameters, files = found.setdefault(script(stage), (set(), set()))
        known = ["params.yaml", *data(stage), *stage["outputs"]]
        parameters |= {name for name in execution["used"] if not covered(name, stage["parameters"])}
        files |= {file for file in execution["read"] if not lies_in(file, known)}
    return found


def test_all_stages_have_been_watched(golden_run: GoldenRun) -> None:
    assert all(execution["used"] and execution["written"] for execution in golden_run.record)
    assert len({script(execution["stage"]) for execution in golden_run.record}) == 14


def test_what_a_stage_uses_is_listed(golden_run: GoldenRun) -> None:
    for name, (parameters, files) in missing(golden_run).items():
        unlisted = parameters - matching(parameters, NO_EFFECT.get(name, []))
        assert not unlisted, f"{name}: add under params: {sorted(unlisted)}"
        assert not files, f"{name}: add under deps: {sorted(files)}"


def test_exceptions_are_needed(golden_run: GoldenRun) -> None:
    found = missing(golden_run)
    for name, patterns in NO_EFFECT.items():
        assert all(matching(found[name][0], [pattern]) for pattern in patterns), name


def test_what_is_listed_is_used(golden_run: GoldenRun) -> None:
    """By a stage with one set of parameters or another."""
    for name in {execution["stage"]["name"] for execution in golden_run.record}:
        executions = [execution for execution in golden_run.record if execution["stage"]["name"] == name]
        stage = executions[0]["stage"]
        used = {parameter for execution in executions for parameter in execution["used"]}
        read = {file for execution in executions for file in execution["read"]}
        unused = [section for section in stage["parameters"] if not any(covered(one, [section]) for one in used)]
        assert not unused, f"{name}: remove from params: {unused}"
        unread = [place for place in data(stage) if not any(lies_in(file, [place]) for file in read)]
        assert not unread, f"{name}: remove from deps: {unread}"


def test_what_a_stage_writes_is_listed_and_all_of_it_is_written(golden_run: GoldenRun) -> None:
    for execution in golden_run.record:
        stage, written = execution["stage"], execution["written"]
        unlisted = [file for file in written if not lies_in(file, stage["outputs"])]
        assert not unlisted, f"{stage['name']}: add under outs: {unlisted}"
        unwritten = [place for place in stage["outputs"] if not any(lies_in(file, [place]) for file in written)]
        assert not unwritten, f"{stage['name']}: remove from outs: {unwritten}"
