"""The command of a stage's script: its examples, and what a long one says when it is interrupted."""

import click
import pytest
from click.testing import CliRunner

from stages import pretrain_lm
from stages._run import StageCommand, params_option


@click.command(cls=StageCommand)
@params_option
def short(**_: object) -> None:
    """Be interrupted."""
    raise KeyboardInterrupt


def test_help_says_how_dvc_runs_it() -> None:
    told = CliRunner().invoke(short, ["--help"]).output
    assert told.endswith("Examples:\n  dvc repro test_run  # with the options that dvc.yaml has for it\n")
    assert "--dry-run" not in told


def test_a_long_stage_says_how_to_resume(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    assert "start the same command again" in CliRunner().invoke(short).stderr
    monkeypatch.setattr(pretrain_lm.main, "callback", interrupt)
    options = ["--direction", "forward", "--corpus", "a", "--out", "b", "--metrics", "c", "--curve", "d"]
    done = CliRunner().invoke(pretrain_lm.main, options)
    assert done.exit_code == 130 and "resumes at the last checkpoint" in done.stderr
