"""Checkpoints are found again by the same computation alone."""

from pathlib import Path

import pytest

from pipeline.checkpoints import checkpoint_folder
from pipeline.errors import InputError


@pytest.fixture(autouse=True)
def _root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))


def killed(rate: float, files: list[Path]) -> Path:
    with pytest.raises(KeyboardInterrupt), checkpoint_folder("stage", {"rate": rate}, files) as folder:
        (folder / "state").write_text("half")
        raise KeyboardInterrupt
    return folder


def test_a_killed_computation_finds_its_state_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_text("1")
    folder = killed(0.1, [data])
    assert folder.is_relative_to(tmp_path / ".checkpoints")
    with checkpoint_folder("stage", {"rate": 0.1}, [data]) as again:
        assert (again / "state").read_text() == "half"
    assert not folder.exists(), "success removes it"


def test_other_parameters_or_other_data_start_anew(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_text("1")
    folder = killed(0.1, [data])
    assert killed(0.2, [data]) != folder
    data.write_text("2")
    assert killed(0.1, [data]) != folder


def test_two_at_once_are_refused() -> None:
    with (
        checkpoint_folder("stage", {}, []),
        pytest.raises(InputError, match="another process"),
        checkpoint_folder("stage", {}, []),
    ):
        pass
