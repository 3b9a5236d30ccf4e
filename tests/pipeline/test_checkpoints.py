"""Checkpoints are found again by the same computation alone."""

import threading
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline.checkpoints import checkpoint_folder


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


@pytest.mark.parametrize("first_ends_well", [True, False])
def test_a_second_process_waits_for_the_first(capfd: pytest.CaptureFixture[str], first_ends_well: bool) -> None:
    entered, events = threading.Event(), []

    def second() -> None:
        with checkpoint_folder("stage", {}, []) as folder:
            events.append(("second", folder.is_dir(), (folder / "state").exists()))

    def first() -> None:
        with suppress(KeyboardInterrupt), checkpoint_folder("stage", {}, []) as folder:
            (folder / "state").write_text("half")
            entered.set()
            waiting.wait(10)
            events.append(("first", True, True))
            if not first_ends_well:
                raise KeyboardInterrupt

    waiting = threading.Event()
    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    entered.wait(10)
    threads[1].start()
    said = ""
    while "waiting for it" not in said:
        said += capfd.readouterr().err
    waiting.set()
    for thread in threads:
        thread.join(10)
    assert events == [("first", True, True), ("second", True, not first_ends_well)]
