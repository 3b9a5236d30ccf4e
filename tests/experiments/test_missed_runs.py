"""What tells whether a stage has a run, and whether its outputs are those of dvc.lock."""

import subprocess
from pathlib import Path

import pytest

from pipeline.experiments.missed_runs import UNTRACKED, md5_of
from pipeline.experiments.stage_graph import read_stages
from pipeline.yaml_text import read_yaml
from tests.imports import ROOT, closure


def test_checksums_are_those_of_dvc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DVC sorts the files of a folder by their whole names, in which a dot comes before a slash."""
    monkeypatch.chdir(tmp_path)
    for name in ("lm/x", "lm.json", "lm/deep/y"):
        file = tmp_path / "out" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name, encoding="utf-8")
    subprocess.run(["dvc", "init", "--quiet", "--no-scm"], check=True)
    subprocess.run(["dvc", "add", "--quiet", "out"], check=True)
    assert md5_of(Path("out")) == read_yaml(Path("out.dvc"))["outs"][0]["md5"]


def test_stages_without_a_run_are_those_whose_code_logs_none() -> None:
    stages = read_stages(ROOT / "dvc.yaml", ROOT / "params.yaml")
    scripts = {stage.name.split("@")[0]: stage.command[stage.command.index("-m") + 1] for stage in stages}
    logged = {
        name
        for name, module in scripts.items()
        for file in closure(f"{module.replace('.', '/')}.py", frozenset(["pipeline/tracking.py"]))
        if "stage_run(" in (ROOT / file).read_text(encoding="utf-8")
    }
    assert set(UNTRACKED) == set(scripts) - logged
