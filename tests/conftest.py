"""What all tests share: no test writes to the tracking database, except those that make one of their own."""

import pytest
import torch

from pipeline import tracking


def no_sender() -> None:
    """In the place of what starts the process that logs, which takes seconds to load MLflow."""
    raise ConnectionError("no tracking in tests")


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
