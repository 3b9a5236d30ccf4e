"""The command that fills data/raw/<name>/."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from commands.fetch_data import main
from tests.fetch.data_files import CONLL2003, NESTED, TRAIN, contents, make_brought
from tests.fetch.web_site import sha256


def run(tmp_path: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, [*arguments, "--root", str(tmp_path / "raw")])
    return result.exit_code, result.output


def test_command_copies(tmp_path: Path) -> None:
    brought = make_brought(tmp_path / "from", NESTED)
    code, output = run(tmp_path, "conll2003", "--from", str(brought))
    assert code == 0
    assert sha256(TRAIN) in output
    assert contents(tmp_path / "raw" / "conll2003") == CONLL2003


def test_links_are_not_said_to_have_other_names(tmp_path: Path) -> None:
    brought = make_brought(tmp_path / "from", {"train.txt": TRAIN, "test.txt": b"b O\n\n", "lm/a.txt": b"x\n"})
    (brought / "lm" / "b.txt").symlink_to(tmp_path / "nowhere")
    (brought / "lm" / "c.text").write_text("x\n")
    (brought / "lm" / "folder").symlink_to(tmp_path)
    code, output = run(tmp_path, "mine", "--from", str(brought))
    assert code == 0
    assert f"{brought}/lm/b.txt: not taken; a link to nothing\n" in output
    assert f"{brought}/lm/c.text: not taken; in lm/, *.txt, " in output
    assert f"{brought}/lm/folder: not taken; a link to a folder, which is not followed\n" in output


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["demo"], 0, "dvc repro"),
        (["conll2003"], 1, "Reuters"),
        (["conll2003"], 1, "FROM=<folder>"),
        (["mine"], 1, "train.txt"),
        (["../mine"], 1, "NAME: expected letters"),
        ([".downloads"], 1, "NAME: expected letters"),
        (["mine", "--from", "no-such-folder"], 1, "no-such-folder: no such folder"),
    ],
)
def test_command_messages(tmp_path: Path, arguments: list[str], code: int, message: str) -> None:
    found, output = run(tmp_path, *arguments)
    assert found == code
    assert message in output
    assert not (tmp_path / "raw").exists()
