"""`make ui`: what it prints, and what it starts. tests/ui/ has MLflow's pages themselves."""

import os
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from commands import ui


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """The commands that this process would have become."""
    commands: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda program, command: commands.append(command))
    monkeypatch.setattr(ui, "comparison_links", lambda site: {"all runs": f"{site}/#/x"})
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    monkeypatch.setenv("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "")
    return commands


def run(*arguments: str) -> Result:
    return CliRunner().invoke(ui.main, arguments)


def test_it_prints_the_addresses_and_becomes_the_server_of_the_database(
    started: list[list[str]], tmp_path: Path
) -> None:
    done = run("--port", "5055")
    assert (done.exit_code, done.output) == (0, "all runs: http://127.0.0.1:5055/#/x\n")
    (command,) = started
    assert command[:4] == [sys.executable, "-m", "mlflow", "server"]
    options = dict(zip(command[4::2], command[5::2], strict=True))
    assert (options["--host"], options["--port"]) == ("127.0.0.1", "5055")
    assert options["--backend-store-uri"] == f"sqlite:///{tmp_path}/mlflow.db"
    assert os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] == "false"


def test_without_runs_it_says_how_to_have_some(started: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ui, "comparison_links", lambda site: {})
    assert "no runs at sqlite:///" in (said := run().output) and "`make upload`" in said
    assert started


def test_a_server_that_is_there_is_not_started_again(started: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://tracking.example.org/")
    done = run()
    assert (done.exit_code, done.output) == (0, "all runs: https://tracking.example.org/#/x\n")
    assert not started
