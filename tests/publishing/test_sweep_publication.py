"""Results of sweeps name the code that made them."""

from pathlib import Path

import pytest

from ldnet.errors import InputError
from pipeline.publishing.sweep_publication import code_version


def test_results_need_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="not a git repository with a commit"):
        code_version()
