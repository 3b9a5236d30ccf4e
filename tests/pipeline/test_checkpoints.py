"""Checkpoints are found again by the same computation alone."""

import fcntl
import shutil
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, Any

import pytest

from pipeline.checkpoints import (
    Computation,
    checkpoint_folder,
    code_of,
    digest_of_files,
    folder_of,
    is_used,
    remove_unused,
)
from stages import pretrain_lm
from tests.imports import ROOT


@pytest.fixture(autouse=True)
def _root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))


def stage(rate: float, files: list[Path]) -> Computation:
    return Computation(stage="stage", inputs={"rate": rate}, files=files)


def killed(rate: float, files: list[Path]) -> Path:
    with pytest.raises(KeyboardInterrupt), checkpoint_folder(stage(rate, files)) as folder:
        (folder / "state").write_text("half")
        raise KeyboardInterrupt
    return folder


def test_a_killed_computation_finds_its_state_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_text("1")
    folder = killed(0.1, [data])
    assert folder.is_relative_to(tmp_path / ".checkpoints")
    with checkpoint_folder(stage(0.1, [data])) as again:
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
        with checkpoint_folder(stage(0.1, [])) as folder:
            events.append(("second", folder.is_dir(), (folder / "state").exists()))

    def first() -> None:
        with suppress(KeyboardInterrupt), checkpoint_folder(stage(0.1, [])) as folder:
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


def test_files_of_a_folder_count_and_code_is_python() -> None:
    names = [path.name for path in code_of("pipeline/tagger", "stages/select.py")]
    assert {"training.py", "epochs.py", "select.py"} <= set(names) and names == [*sorted(names[:-1]), "select.py"]


def test_a_new_file_in_a_folder_starts_anew(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "a").write_text("1")
    folder = killed(0.1, [data])
    (data / "b").write_text("2")
    assert killed(0.1, [data]) != folder


def test_what_a_process_uses_is_not_removed(tmp_path: Path) -> None:
    with suppress(KeyboardInterrupt), checkpoint_folder(stage(0.1, [])) as folder:
        assert is_used(folder) and not remove_unused(folder)
        raise KeyboardInterrupt
    assert not is_used(folder) and folder.exists()
    assert remove_unused(folder) and not folder.exists()


def test_a_folder_that_goes_while_it_is_opened_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    def open_too_late(path: Path, *mode: str) -> object:
        monkeypatch.setattr(Path, "open", opened)
        shutil.rmtree(path.parent)
        return opened(path, *mode)

    monkeypatch.setattr(Path, "open", open_too_late)
    with checkpoint_folder(stage(0.1, [])) as folder:
        assert is_used(folder)


def test_a_folder_that_is_removed_is_gone_under_its_name_before_its_files_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else another process would begin to work in it."""
    folder, names = killed(0.1, []), []
    monkeypatch.setattr(shutil, "rmtree", names.append)
    assert remove_unused(folder)
    assert not folder.exists() and names != [folder] and (names[0] / "state").exists()


def test_a_folder_that_another_process_has_begun_anew_is_not_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    folder, lock = killed(0.1, []), fcntl.flock

    def begun(file: IO[str], how: int) -> None:
        monkeypatch.setattr(fcntl, "flock", lock)
        shutil.rmtree(folder)
        killed(0.1, [])

    monkeypatch.setattr(fcntl, "flock", begun)
    assert not remove_unused(folder) and (folder / "state").exists()
    shutil.rmtree(folder)
    assert not remove_unused(folder), "somebody else has removed it"


def test_names_and_contents_count(tmp_path: Path) -> None:
    for folder, contents in {"one": ("ab", "c"), "other": ("a", "bc")}.items():
        (tmp_path / folder).mkdir()
        for name, content in zip("xy", contents, strict=True):
            (tmp_path / folder / name).write_text(content)
    one, other = (digest_of_files([tmp_path / folder / name for name in "xy"]) for folder in ("one", "other"))
    (tmp_path / "one" / "x").rename(tmp_path / "one" / "z")
    assert len({one, other, digest_of_files([tmp_path / "one" / name for name in "zy"])}) == 3


@pytest.mark.parametrize("other", [{"processes": 2}, {"device": "cuda"}])
def test_other_processes_or_another_device_have_checkpoints_of_their_own(other: dict[str, Any], tmp_path: Path) -> None:
    """Random numbers of a GPU are not those of a CPU."""
    mine = partial(pretrain_lm.computation, ROOT / "params.yaml", "forward", tmp_path)
    assert folder_of(mine().description()) != folder_of(mine(**other).description())
