"""Weights and arrays are written whole or not at all; a damaged one is one line that names file and stage."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from ldnet.errors import InputError
from pipeline.execution.finite import NotFiniteError
from pipeline.execution.stored import (
    check_numbers,
    load_array,
    load_weights,
    reserve,
    save_weights,
    write_curve,
)


def make() -> nn.Linear:
    return nn.Linear(3, 2)


def changed(**changes: torch.Tensor | None) -> Callable[[Path], None]:
    """What replaces some tensors of a file, or takes them away."""

    def change(path: Path) -> None:
        tensors = {**load_file(path), **changes}
        save_file({name: tensor for name, tensor in tensors.items() if tensor is not None}, path)

    return change


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-5]),
    "text": lambda path: path.write_bytes(b"version https://git-lfs.github.com/spec/v1\n"),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "gone": lambda path: path.unlink(),
    "another shape": changed(weight=torch.zeros(2, 4)),
    "another type": changed(bias=torch.zeros(2, dtype=torch.float64)),
    "nan": changed(bias=torch.tensor([1.0, float("nan")])),
    "infinity": changed(weight=torch.full((2, 3), float("inf"))),
    "one less": changed(bias=None),
    "one more": changed(more=torch.zeros(1)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_weights_are_one_line_with_file_and_stage(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "weights.safetensors"
    save_weights(make(), path)
    DAMAGES[damage](path)
    with pytest.raises(InputError) as error:
        load_weights(make, path, "train_tagger")
    line = str(error.value)
    assert line.startswith(f"{path}: ") and "run the stage train_tagger" in line and "\n" not in line


def test_weights_are_those_saved(tmp_path: Path) -> None:
    model = make()
    save_weights(model, tmp_path / "a" / "weights.safetensors")
    loaded = load_weights(make, tmp_path / "a" / "weights.safetensors")
    assert all(torch.equal(loaded.state_dict()[name], weight) for name, weight in model.state_dict().items())
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["weights.safetensors"]


def test_weights_of_nan_are_never_written(tmp_path: Path) -> None:
    model = make()
    nn.init.constant_(model.bias, float("nan"))
    with pytest.raises(NotFiniteError, match=r"weights\.safetensors: not written, since bias has numbers"):
        save_weights(model, tmp_path / "weights.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_write_that_fails_leaves_the_file_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "weights.safetensors"
    save_weights(make(), path)
    before = path.read_bytes()

    def fail(tensors: dict[str, torch.Tensor], part: str) -> None:
        Path(part).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pipeline.execution.stored.save_file", fail)
    with pytest.raises(InputError, match=rf"^{path}: cannot be written: .*No space left on device"):
        save_weights(make(), path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mode", [None, "r"])
@pytest.mark.parametrize(
    "damage", ["empty", "cut", "text", "gone", "a folder", "float", "wide", "objects", "zip", "huge"]
)
def test_damaged_arrays_are_one_line_with_file_and_stage(tmp_path: Path, damage: str, mode: str | None) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.arange(100, dtype=np.int32))
    if damage == "float":
        np.save(path, np.zeros(3, np.float32))
    elif damage == "wide":
        np.save(path, np.zeros((3, 3), np.int32))
    elif damage == "objects":
        np.save(path, np.array([{}, 1], dtype=object), allow_pickle=True)
    elif damage == "zip":
        with path.open("wb") as file:
            np.savez(file, np.arange(3, dtype=np.int32))
    elif damage == "huge":
        path.write_bytes(path.read_bytes().replace(b"(100,),", b"(10**15,)").replace(b"10**15", b"9" * 6))
    else:
        DAMAGES[damage](path)
    with pytest.raises(InputError) as error:
        load_array(path, np.int32, (None,), "prepare_corpus", mode)  # type: ignore[arg-type]
    line = str(error.value)
    assert line.startswith(f"{path}: ") and "run the stage prepare_corpus" in line and "\n" not in line


def test_numbers_are_looked_at_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.execution.stored.CHECKED", 6)
    values = np.zeros((10, 3), np.float32)
    check_numbers(tmp_path / "a.npy", values, np.isfinite, "finite numbers", "x")
    values[7, 1] = np.nan
    with pytest.raises(InputError, match=r"a\.npy: expected finite numbers, found nan; run the stage x again"):
        check_numbers(tmp_path / "a.npy", values, np.isfinite, "finite numbers", "x")


def test_the_space_of_a_sparse_file_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "table"
    np.memmap(path, np.float32, "w+", shape=(100_000,)).flush()
    sparse = path.stat().st_blocks * 512
    reserve(path)
    assert sparse < 400_000 <= path.stat().st_blocks * 512 and path.stat().st_size == 400_000
    assert not np.fromfile(path, np.float32).any()


@pytest.mark.parametrize("free", [100_000, 10**9])
def test_a_full_disk_is_one_line_that_says_how_much_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int
) -> None:
    def fail(descriptor: int, start: int, size: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", fail)
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=free))
    path = tmp_path / "table"
    np.memmap(path, np.float32, "w+", shape=(100_000,)).flush()
    with pytest.raises(InputError) as error:
        reserve(path)
    assert str(error.value).startswith(f"{path}: 0.4 MB of disk space cannot be reserved (No space left on device), ")
    assert str(error.value).endswith("0.1 MB are free; 0.3 MB are missing" if free < 10**9 else "1,000.0 MB are free")
    assert not path.exists()


def test_a_curve_is_a_table_with_a_row_a_record(tmp_path: Path) -> None:
    write_curve(tmp_path / "curves" / "x.csv", [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}])
    assert (tmp_path / "curves" / "x.csv").read_text(encoding="utf-8") == "epoch,loss\n1,0.5\n2,0.25\n"
    assert [path.name for path in (tmp_path / "curves").iterdir()] == ["x.csv"]
