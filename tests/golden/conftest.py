"""One golden run for all tests here."""

import pytest

from tests.golden.outcome import GoldenRun, run_golden


@pytest.fixture(scope="session")
def golden_run(tmp_path_factory: pytest.TempPathFactory) -> GoldenRun:
    """All stages, run on a few sentences."""
    return run_golden(tmp_path_factory.mktemp("golden"))
