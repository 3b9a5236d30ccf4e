"""Where MLflow's runs and models are looked for."""

from pathlib import Path

import pytest

from ldnet.mlflow_store import tracking_uri, without_password


def test_a_server_if_there_is_one_and_else_the_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    assert tracking_uri() == f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "copy"))
    assert tracking_uri() == f"sqlite:///{tmp_path / 'copy'}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    assert tracking_uri() == "http://127.0.0.1:5000"


def test_messages_name_servers_without_passwords() -> None:
    said = "http://me:secret@host:5000/x?a@b: no answer of postgresql://me:s@c@host/y, sqlite:////a@b/c and a@b"
    shown = "http://host:5000/x?a@b: no answer of postgresql://host/y, sqlite:////a@b/c and a@b"
    assert without_password(said) == shown
