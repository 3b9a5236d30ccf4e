"""What all tests share: no test writes to the tracking database, except those that make one of their own."""

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from pipeline import tracking
from pipeline.params import Params
from pipeline.profiles import load_profile
from tests.imports import ROOT
from tests.tracking_stand_in import no_sender

CREATE = """
import sys
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
SqlAlchemyStore(f"sqlite:///{sys.argv[1]}", sys.argv[2])
"""


@pytest.fixture(scope="session")
def new_tracking_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tracking database without runs, to be copied: making one takes six seconds of a processor."""
    shared = tmp_path_factory.getbasetemp()
    if shared.name.startswith("popen-"):  # one for all processes of a run
        shared = shared.parent
    database = shared / "new.db"
    with (shared / "new.db.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not database.exists():
            unfinished = shared / "unfinished.db"
            command = [sys.executable, "-c", CREATE, str(unfinished), str(shared / "artifacts")]
            subprocess.run(command, check=True, capture_output=True)
            shutil.move(unfinished, database)
    return database


@pytest.fixture
def params() -> Params:
    """Those of the demo."""
    return load_profile(ROOT / "profiles", "demo")


@pytest.fixture(autouse=True)
def _no_tracking(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tracking is out of order, which no stage may mind; tests of tracking itself are marked `tracking`.

    Fixtures of a module come before this one, and have to see to it themselves.
    """
    if request.node.get_closest_marker("tracking") is None:
        monkeypatch.setattr(tracking, "_start_sender", no_sender)


@pytest.fixture(autouse=True)
def _torch_defaults() -> None:
    """Stages fix threads and determinism for their process; a test must not find what another one left."""
    torch.use_deterministic_algorithms(False)
    torch.set_num_threads(1)
