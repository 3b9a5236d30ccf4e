"""Files that are put into a data folder, and their checksums."""

import errno
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ldnet.errors import InputError
from pipeline.fetch.fetch import fetch
from pipeline.fetch.placing import hashed, place
from pipeline.fetch.sources import DATA_SETS
from tests.fetch.data_files import NESTED, make_brought, silent
from tests.fetch.web_site import CONTENT


def test_a_checksum_file_of_another_form(tmp_path: Path) -> None:
    brought = make_brought(tmp_path / "from", NESTED)
    (brought / "SHA256SUMS").write_text(f"{'0' * 64} *./lm/a.txt.gz\n\nmd5 lm/b.txt.gz\n")
    with pytest.raises(InputError, match=r"SHA256SUMS:3: expected '<sha256>  <file>', found 'md5 lm/b\.txt\.gz'"):
        fetch(DATA_SETS["conll2003"], tmp_path / "raw", brought, silent)


def test_progress_shows_a_name_without_what_a_terminal_obeys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    (tmp_path / "a").write_bytes(CONTENT)
    with (tmp_path / "a").open("rb") as file:
        assert b"".join(hashed(file, hashlib.sha256(), "copying lm/\x1b]0;owned\x07.txt")) == CONTENT
    shown = capsys.readouterr().err
    assert "copying lm/\\u001b]0;owned\\u0007.txt" in shown and "\x1b]0;" not in shown and "\x07" not in shown


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_names_the_file_that_was_to_be_there(tmp_path: Path) -> None:
    (tmp_path / ".lm-a.txt.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device") as error:
        place(tmp_path, "lm/a.txt", [b"x" * 100_000], lambda _: None)
    assert error.value.filename == str(tmp_path / "lm" / "a.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["lm"]


def test_an_error_of_what_is_copied_keeps_its_own_file(tmp_path: Path) -> None:
    def blocks() -> Iterator[bytes]:
        yield b"a"
        raise OSError(errno.EIO, "Input/output error", "brought/a.txt")

    with pytest.raises(OSError, match="Input/output error") as error:
        place(tmp_path, "a.txt", blocks(), lambda _: None)
    assert error.value.filename == "brought/a.txt" and not any(tmp_path.iterdir())
