"""dvc.yaml as we read it is what DVC reads."""

from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from commands.reproduce import GROUPS, groups_among
from pipeline.experiments.stage_graph import Stage, affected, brought, code, leading_to, read_stages
from pipeline.profiles import render
from tests.imports import ROOT

PIPELINE = """
stages:
  make:
    foreach: ${sets}
    do: {cmd: x, params: ["sets.${key}"], outs: ["raw/${key}"]}
  prepare:
    cmd: x
    deps: ["raw/${data}", code/a.py]
    params: [seed]
    outs: [work/corpus]
  train:
    foreach: [one, two]
    do: {cmd: x, deps: [work/corpus/text], params: [train], metrics: ["metrics/${item}.json": {cache: false}]}
  tell:
    foreach: {short: {of: one}}
    do: {cmd: x, deps: ["metrics/${item.of}.json", code], plots: ["${key}.csv"]}
"""
PARAMS = "data: tiny\nsets: {tiny: {size: 1}, wide: {size: 2}}\n"

ignored = pytest.mark.filterwarnings("ignore::DeprecationWarning:pygtrie", "ignore:_NoneStep:DeprecationWarning")


@pytest.fixture
def stages(tmp_path: Path) -> list[Stage]:
    (tmp_path / "dvc.yaml").write_text(PIPELINE, encoding="utf-8")
    (tmp_path / "params.yaml").write_text(PARAMS, encoding="utf-8")
    return read_stages(tmp_path / "dvc.yaml", tmp_path / "params.yaml")


def test_foreach_and_references_are_resolved(stages: list[Stage]) -> None:
    names = ["make@tiny", "make@wide", "prepare", "train@one", "train@two", "tell@short"]
    assert [stage.name for stage in stages] == names
    by_name = {stage.name: stage for stage in stages}
    assert [path.as_posix() for path in by_name["prepare"].deps] == ["raw/tiny", "code/a.py"]
    assert [path.as_posix() for path in by_name["tell@short"].deps] == ["metrics/one.json", "code"]
    assert by_name["make@wide"].sections == {"sets"}


def test_what_a_section_affects(stages: list[Stage]) -> None:
    assert affected(stages, ["train"]) == {"train@one", "train@two", "tell@short"}
    assert affected(stages, ["seed"]) == {"prepare", "train@one", "train@two", "tell@short"}
    assert affected(stages, ["sets"]) == {stage.name for stage in stages}
    assert affected(stages, ["other"]) == set()


def test_what_leads_to_a_stage(stages: list[Stage]) -> None:
    assert [stage.name for stage in leading_to(stages, ["prepare"])] == ["make@tiny", "prepare"]
    assert [stage.name for stage in leading_to(stages, ["tell@short"])] == [
        "make@tiny", "prepare", "train@one", "tell@short",
    ]  # fmt: skip


def test_code_is_scripts_and_packages(stages: list[Stage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "code").mkdir()
    for name in ("__init__.py", "a.py", "b.py", "b.txt"):
        (tmp_path / "code" / name).touch()
    assert code(stages) == [Path(f"code/{name}.py") for name in ("__init__", "a", "b")]


def test_code_that_no_stage_uses_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names = {file.as_posix() for file in code(read_stages())}
    assert {"stages/select.py", "pipeline/tagger/training.py", "pipeline/report/curves.py"} <= names
    assert not names & {"pipeline/experiments/points.py", "pipeline/publishing/readme_sections.py"}


@ignored
def test_it_is_the_graph_that_dvc_has() -> None:
    from dvc.repo import Repo

    ours = read_stages(ROOT / "dvc.yaml", ROOT / "params.yaml")
    with Repo(str(ROOT)) as repo:
        graph: Any = repo.index.graph
        theirs = {stage.addressing: stage for stage in repo.index.stages if stage.path_in_repo == "dvc.yaml"}
        assert [stage.name for stage in ours] == list(theirs)
        for stage in ours:
            found = theirs[stage.name]
            names = {name.split(".")[0] for dep in found.deps for name in getattr(dep, "params", [])}
            assert stage.sections == names
            assert {path.as_posix() for path in stage.deps} | {"params.yaml"} == {dep.def_path for dep in found.deps}
            after = {other.addressing for other in graph.predecessors(found)} & set(theirs)
            direct = [other for other in ours if other.name in after]
            own = affected([Stage(name="", sections=frozenset("x"), deps=(), outs=stage.outs), *direct], "x")
            assert own - {""} == after


def test_the_sections_of_a_point() -> None:
    stages = read_stages(ROOT / "dvc.yaml", ROOT / "params.yaml")
    evaluated = {"evaluate@gold", "evaluate@taught", "report"}
    assert affected(stages, ["select"]) == {"select", "prune", "train_pruned@gold", "train_pruned@taught", *evaluated}
    taught = {"train_taught@no_lm", "train_taught@full", "train_pruned@taught", "evaluate@taught", "report"}
    assert affected(stages, ["train_taught"]) == taught
    assert affected(stages, ["soft_targets"]) == {"soft_targets", *taught}
    assert affected(stages, ["checkpoint_steps"]) == set()


def test_stages_that_run_side_by_side_are_there() -> None:
    names = {stage.name for stage in read_stages(ROOT / "dvc.yaml", ROOT / "params.yaml")}
    assert {stage for group in GROUPS for stage in group} <= names
    assert groups_among(names) == list(GROUPS)
    assert {stage for group in groups_among(names - {"pretrain_lm@forward"}) for stage in group} == {
        stage for group in GROUPS for stage in group if stage != "pretrain_lm@forward"
    }


def test_data_that_a_user_brought_is_copied_and_data_that_a_stage_made_is_not(tmp_path: Path) -> None:
    demo, own = tmp_path / "demo.yaml", tmp_path / "params.yaml"
    demo.write_text(render(ROOT / "profiles", "demo"), encoding="utf-8")
    assert brought(read_stages(ROOT / "dvc.yaml", demo), {"prepare_conll"}) == []
    values = yaml.safe_load(demo.read_text(encoding="utf-8"))
    own.write_text(yaml.safe_dump({**values, "data": "mine", "generate_data": {}}), encoding="utf-8")
    stages = read_stages(ROOT / "dvc.yaml", own)
    assert brought(stages, {"prepare_conll", "evaluate@gold"}) == [PurePosixPath("data/raw/mine")]
    assert brought(stages, {"evaluate@gold"}) == []
