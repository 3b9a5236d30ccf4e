"""Errors name the file, and the stage to run again."""

from pathlib import Path

import pytest

from ldnet.errors import InputError, StageFileError, written_by
from ldnet.files import JsonObject


def test_errors_say_once_which_stage_to_run(tmp_path: Path) -> None:
    """Whatever the names of folders say."""
    (tmp_path / "run the stage").mkdir()
    path = tmp_path / "run the stage" / "a.json"
    with (
        pytest.raises(InputError, match=r": no such file; run the stage that writes it \(`dvc repro`\)$"),
        written_by("x"),
    ):
        JsonObject.read(path)
    path.write_text("{")
    with pytest.raises(InputError, match=r"not JSON: .*[^;]; run the stage x again$") as error, written_by("x"):
        JsonObject.read(path)
    assert isinstance(error.value, StageFileError)
    assert str(error.value) == f"{error.value.problem}; run the stage x again"


def test_what_the_system_says_of_a_file_is_an_error_of_its_stage(tmp_path: Path) -> None:
    said = rf"^{tmp_path}: expected a file, found none \(Is a directory\); run the stage x again$"
    with pytest.raises(StageFileError, match=said), written_by("x"):
        tmp_path.read_text(encoding="utf-8")
    with pytest.raises(OSError, match=r"^of no file$"), written_by("x"):
        raise OSError("of no file")
