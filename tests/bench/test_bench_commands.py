"""A user's mistake ends every measuring command with one line."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest
from click.testing import CliRunner

from bench import pretraining_since, tagging_since, two_processes
from ldnet.command_line import Command
from pipeline.profiles import render
from tests.imports import ROOT, sources

DEMO = render(ROOT / "profiles", "demo")


def commands() -> Iterator[tuple[str, click.Command]]:
    """All of them, those of groups, too, by the names of their files."""
    for file in sources("bench"):
        if "@click." in (ROOT / file).read_text(encoding="utf-8"):
            main = importlib.import_module(file.removesuffix(".py").replace("/", ".")).main
            yield from ((file, each) for each in (main.commands.values() if isinstance(main, click.Group) else [main]))


@pytest.mark.parametrize(("file", "command"), [*commands()])
def test_every_command_has_one_line_errors_and_examples(file: str, command: click.Command) -> None:
    assert isinstance(command, Command), f"{file}: {command.name}"
    assert command.examples


def test_a_mistake_in_the_parameters_is_one_line(tmp_path: Path) -> None:
    params = tmp_path / "params.yaml"
    without = DEMO.replace("pretrain_lm:", "pretrain:")
    for text, said in (
        (None, "no such file; `make profile NAME=demo` writes one"),
        ("a: [\n", "params.yaml:2: not YAML"),
        (without, "params.yaml: pretrain: unknown key; expected one of "),
    ):
        if text:
            params.write_text(text, encoding="utf-8")
        done = CliRunner().invoke(two_processes.main, ["--params", str(params), "--out", str(tmp_path / "out.json")])
        assert done.exit_code == 1 and done.output.startswith("Error: ") and said in done.output
        assert len(done.output.splitlines()) == 1


@pytest.mark.parametrize("module", [pretraining_since, tagging_since])
def test_a_commit_that_is_none_is_one_line(tmp_path: Path, module: ModuleType) -> None:
    done = CliRunner().invoke(module.main, ["--commit", "none", "--out", str(tmp_path / "out.json")])
    assert done.exit_code == 1, done.output
    assert done.output == "Error: --commit none: no such commit (fatal: not a valid object name: none)\n"


def test_an_error_before_there_is_a_command_is_one_line() -> None:
    code = "import bench; from ldnet.errors import InputError; raise InputError('file: expected something else')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "Error: file: expected something else\n")
