"""What all tests of stages share."""

import pytest

from tests.one_process import in_one_process


@pytest.fixture(autouse=True)
def _one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stages that run in this process train their seeds here, too; tests/tagger has those of several processes."""
    in_one_process(monkeypatch)
