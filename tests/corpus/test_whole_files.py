"""Files of the corpus on a disk that is full, and between two disks."""

import errno
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ldnet.errors import InputError
from pipeline.corpus import whole_files
from pipeline.corpus.whole_files import bytes_in, move, require_space, write_array

FULL = Path("/dev/full")
on_linux = pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is always full")


@pytest.mark.parametrize("shape", [(0,), (7,), (5, 3), (4, 0), (0, 3), (6, 1)])
@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_arrays_have_the_bytes_of_numpy(tmp_path: Path, shape: tuple[int, ...], dtype: type[np.generic]) -> None:
    array = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    np.save(tmp_path / "expected.npy", array)
    for rows in (1, 2, 100):
        write_array(tmp_path / "a.npy", shape, (array[i : i + rows] for i in range(0, len(array), rows)), dtype)
        assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "expected.npy").read_bytes()
    write_array(tmp_path / "a.npy", shape, [array.astype(np.int64)], dtype)  # pieces of another type are converted
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "expected.npy").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npy", "expected.npy"]


@on_linux
@pytest.mark.parametrize("size", [1, 100_000])
def test_a_full_disk_is_one_line_with_the_file_and_leaves_the_old_one(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(b"old")
    (tmp_path / "a.npy.part").symlink_to(FULL)
    with pytest.raises(OSError, match=rf"^\[Errno 28\] No space left on device: '{path}'$"):
        write_array(path, (size,), [np.zeros(size, dtype=np.int32)], np.int32)
    assert [file.name for file in tmp_path.iterdir()] == ["a.npy"] and path.read_bytes() == b"old"


def apart(patch: pytest.MonkeyPatch, source: Path) -> None:
    """Let the file be on a disk of its own."""
    rename = Path.replace

    def replace(path: Path, target: Path) -> Any:
        if path == source:
            raise OSError(errno.EXDEV, "Invalid cross-device link", str(path))
        return rename(path, target)

    patch.setattr(Path, "replace", replace)


@pytest.mark.parametrize("same", [True, False])
def test_a_file_moves_to_another_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, same: bool) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"new")
    target.write_bytes(b"old")
    if not same:
        apart(monkeypatch, source)
    move(source, target)
    assert target.read_bytes() == b"new" and [path.name for path in tmp_path.iterdir()] == ["b"]


@on_linux
def test_a_full_disk_leaves_the_file_that_was_to_move(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"new")
    (tmp_path / "b.part").symlink_to(FULL)
    apart(monkeypatch, source)
    with pytest.raises(OSError, match=rf"^\[Errno 28\] No space left on device: '{target}'$"):
        move(source, target)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_too_little_space_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = whole_files.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(whole_files.shutil, "disk_usage", lambda folder: usage._replace(free=10_000_000))
    for folder in (tmp_path, tmp_path / "not" / "there" / "yet"):
        require_space(folder, 10_000_000, "it")
    with pytest.raises(InputError) as error:
        require_space(tmp_path, 12_500_000, "it")
    assert str(error.value) == (
        f"{tmp_path}: it takes at least 12.5 MB of disk space, 10.0 MB are free; 2.5 MB are missing"
    )
    with pytest.raises(InputError, match=r"at least 1\.0 GB of disk space, 10\.0 MB are free; 990\.0 MB are missing"):
        require_space(tmp_path, 1_000_000_000, "it")
    (tmp_path / "groups-1").write_bytes(b"abc")
    assert bytes_in(tmp_path, "groups-*") == 3
