"""Files are whole or absent, and unreadable ones are named."""

from pathlib import Path

import pytest

from ldnet.errors import InputError
from ldnet.files import read_json, sha256_of_files, write_bytes, write_json


def test_json_bytes_depend_on_the_content_alone(tmp_path: Path) -> None:
    write_json(tmp_path / "new" / "a", {"b": 1, "a": "é"})
    write_json(tmp_path / "b", {"a": "é", "b": 1})
    assert (
        (tmp_path / "new" / "a").read_bytes() == (tmp_path / "b").read_bytes() == '{\n "a": "é",\n "b": 1\n}\n'.encode()
    )
    assert read_json(tmp_path / "b") == {"a": "é", "b": 1}


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bytes(tmp_path / "a", b"old")
    monkeypatch.setattr("os.fsync", lambda descriptor: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_bytes(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"


def test_unreadable_json_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_json(tmp_path / "a")
    (tmp_path / "a").write_text('{\n"a": }')
    with pytest.raises(InputError, match=r"a:2: not JSON"):
        read_json(tmp_path / "a")


def test_digest_covers_order_and_content(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    first.write_bytes(b"x")
    second.write_bytes(b"y")
    assert sha256_of_files([first, second]) != sha256_of_files([second, first])
