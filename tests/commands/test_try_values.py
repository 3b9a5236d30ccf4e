"""Values to try are checked as params.yaml is, before DVC starts."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from commands.try_values import main
from pipeline.profiles import render
from tests.imports import ROOT


@pytest.fixture(autouse=True)
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command lines that would take the place of this process, from a folder with the demo's params.yaml."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(render(ROOT / "profiles", "demo"), encoding="utf-8")
    lines: list[list[str]] = []
    monkeypatch.setattr(os, "execvp", lambda _, line: lines.append(line))
    return lines


@pytest.mark.parametrize(
    "values",
    [
        ["select.strength=0.2", "select.max_layers=6"],
        ["select.strength=5e-2", "train_tagger.seeds=[1,2,3]", "prepare_conll.train=train-*.txt"],
        ["+generate_data.x={seed:1,train_sentences:20,dev_sentences:10,test_sentences:10,lm_sentences:10}"],
    ],
)
def test_values_that_fit_go_to_dvc(values: list[str], started: list[list[str]]) -> None:
    before = Path("params.yaml").read_bytes()
    result = CliRunner().invoke(main, values)
    assert (result.exit_code, result.output) == (0, "")
    given = [word for value in values for word in ("--set-param", value)]
    assert started == [["dvc", "exp", "run", *given]] and Path("params.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["select.strength=abc"], "params.yaml with these values: select.strength: expected float, found 'abc'"),
        (["seed=2", "select.strength=-1"], "params.yaml with these values: select.strength: expected 0 or more"),
        (["select.max_layers=99"], "params.yaml with these values: select.max_layers: expected at most 12"),
        (["select.strenght=1"], "params.yaml with these values: select.strenght: unknown key; expected one of repeats"),
        (["strength=1"], "params.yaml with these values: strength: unknown key; expected one of profile"),
        (["select="], "params.yaml with these values: select: expected a section of keys, found ''"),
        (["select.strength"], "'select.strength': expected section.key=value, with one value"),
        ([], "which values? make try SET=select.strength=0.2"),
        ([""], "'': expected section.key=value, with one value"),
        (["select.strength=0.1", "seed=2", "+select.strength=0.2"], "'select.strength' is given twice; one run has"),
        (["seed=1,2"], "'seed=1,2': expected section.key=value, with one value"),
        (["seed=range(1,3)"], "'seed=range(1,3)': expected section.key=value, with one value"),
        (["seed=${gone}"], "'seed=${gone}': expected section.key=value, with one value"),
    ],
)
def test_what_a_stage_would_refuse_is_one_line(values: list[str], message: str, started: list[list[str]]) -> None:
    result = CliRunner().invoke(main, values)
    assert result.exit_code == 1 and result.output.startswith(f"Error: {message}")
    assert result.output.count("\n") == 1 and not started


def test_a_file_that_is_wrong_already_is_named_as_it_is() -> None:
    Path("params.yaml").write_text("profile: demo\n", encoding="utf-8")
    assert CliRunner().invoke(main, ["seed=2"]).output == "Error: params.yaml: data: missing key\n"
