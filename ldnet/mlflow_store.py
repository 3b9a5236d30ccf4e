"""Where MLflow keeps runs and registered models, and the switches that it is used with."""

import os
import re
from pathlib import Path

USER = re.compile(r"(?<=://)[^/\s]*@")  # and the password, in an address


def root() -> Path:
    """The workspace's folder, also in DVC's temporary copies of it."""
    return Path(os.environ.get("DVC_ROOT", ".")).resolve()


def tracking_uri() -> str:
    """Where the runs and the registered models are."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root()}/mlflow.db"


def without_password(text: str) -> str:
    """The text without who logs in where, which addresses in it may say: messages go to logs."""
    return USER.sub("", text)


def configure_mlflow() -> None:
    """Set MLflow's switches, before its first import: no telemetry, no pickle, short waits, few words."""
    os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true", MLFLOW_ALLOW_PICKLE_DESERIALIZATION="false")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    os.environ.setdefault("MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER", "false")  # one header would make us wait an hour
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
