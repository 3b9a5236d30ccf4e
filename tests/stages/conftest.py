"""What all tests of stages share."""

import pytest

from pipeline.execution import processes
from pipeline.tagger import seeds
from tests.one_process import OneProcess


@pytest.fixture(autouse=True)
def _one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stages that run in this process train their seeds here, too; tests/tagger has those of several processes."""
    for module in (processes, seeds):
        monkeypatch.setattr(module, "ProcessPoolExecutor", OneProcess)
