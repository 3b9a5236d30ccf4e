"""Files are whole or absent, and unreadable ones are named."""

import errno
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ldnet.errors import InputError, TooLargeError
from ldnet.files import JsonObject, read_json, sha256_of_file, write_bytes, write_json, written_whole


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
    assert (tmp_path / "a").read_bytes() == b"old" and list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_a_full_disk_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match=rf"No space left on device: '{tmp_path / 'a'}'") as error:
        write_bytes(tmp_path / "a", b"new")
    assert error.value.errno == errno.ENOSPC and not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [InputError("bad"), KeyboardInterrupt()])
def test_any_error_leaves_no_unfinished_file(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)), written_whole(tmp_path / "a", "mine") as file:
        file.write(b"x")
        assert list(tmp_path.iterdir()) == [tmp_path / "mine"]
        raise error
    assert not list(tmp_path.iterdir())


def test_json_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b'{\n "k\xc3\xa9y": 1,\n "b": "\xe9"\n}')
    with pytest.raises(InputError, match=r"a:3: not UTF-8 \(byte 0xe9 at position 8\); convert"):
        read_json(tmp_path / "a")


def test_half_a_character_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a: not written: '\\ud800' is half a character, which no file can hold"):
        write_json(tmp_path / "a", ["x\ud800"])
    assert not list(tmp_path.iterdir())


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, kind in (("pipe", "a named pipe"), (".", "a folder")):
        with pytest.raises(InputError, match=f"is {kind}; expected a JSON file"):
            read_json(tmp_path / name)
    with pytest.raises(InputError, match="is a device; expected a JSON file"):
        read_json(Path(os.devnull))


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_json_holds_finite_numbers_alone(tmp_path: Path, number: float) -> None:
    with pytest.raises(InputError, match=r"a: not written, since a number in it is not finite"):
        write_json(tmp_path / "a", {"loss": [number]})
    assert not list(tmp_path.iterdir())
    (tmp_path / "a").write_text(json.dumps({"loss": number}))
    with pytest.raises(InputError, match=r"a: not JSON: -?(NaN|Infinity) is no number"):
        read_json(tmp_path / "a")


@pytest.mark.parametrize(
    ("value", "read", "message"),
    [
        (1.5, lambda content: content.number("key"), None),
        (True, lambda content: content.number("key"), "key: expected a number that is finite, found true"),
        (1, lambda content: content.number("key", 0, 1), "key: expected a number from 0 to below 1, found 1"),
        ([1, 2], lambda content: content.wholes("key"), None),
        ([1, 2.0], lambda content: content.wholes("key"), "key: expected a list of whole numbers"),
        ({}, lambda content: content.wholes("key"), "key: expected a list of whole numbers"),
        ([0, 0.5], lambda content: content.numbers("key", 2, 0, 1), None),
        ([0, 0.5], lambda content: content.numbers("key", 3, 0, 1), "key: expected 3 numbers from 0 to 1"),
        ([0, 1.5], lambda content: content.numbers("key", 2, 0, 1), "key: expected 2 numbers from 0 to 1"),
        ([0, True], lambda content: content.numbers("key", 2, 0, 1), "key: expected 2 numbers from 0 to 1"),
        (None, lambda content: content.numbers("key", 2, 0, 1), "key: expected 2 numbers from 0 to 1, found null"),
    ],
)
def test_numbers_of_an_object_are_what_is_asked_for(
    value: object, read: Callable[[JsonObject], object], message: str | None
) -> None:
    content = JsonObject(Path("file.json"), {"key": value})
    if message is None:
        assert read(content) == value
    else:
        with pytest.raises(InputError, match=f"file.json: {message}"):
            read(content)


def test_unreadable_json_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_json(tmp_path / "a")
    (tmp_path / "a").write_text('{\n"a": }')
    with pytest.raises(InputError, match=r"a:2: not JSON"):
        read_json(tmp_path / "a")


def test_json_that_could_not_be_read_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ldnet.files.MOST_JSON_BYTES", 5)
    write_json(tmp_path / "a.json", "\u00e9")
    assert read_json(tmp_path / "a.json") == "\u00e9"
    with pytest.raises(TooLargeError, match=r"b\.json: not written: 6 bytes; a JSON file may have at most 5"):
        write_json(tmp_path / "b.json", "\u00e9x")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    write_json(tmp_path / "b.json", "\u00e9x", read_again=False)
    with pytest.raises(InputError, match="6 bytes; a JSON file may have at most 5"):
        read_json(tmp_path / "b.json")


def test_a_digest_is_that_of_the_content(tmp_path: Path) -> None:
    (tmp_path / "1").write_bytes(b"x" * 3_000_000)
    assert sha256_of_file(tmp_path / "1") == hashlib.sha256(b"x" * 3_000_000).hexdigest()
