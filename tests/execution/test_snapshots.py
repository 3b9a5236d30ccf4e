"""A snapshot gives back what went into it, to the bit, or says that it is damaged."""

import random
from pathlib import Path

import pytest
import torch
from torch import nn

from ldnet.errors import InputError
from pipeline.execution.snapshots import (
    pack,
    progress_in,
    progress_of,
    put_back,
    reading_snapshot,
    unpack,
    weights_and_moments,
    write_snapshot,
)

TENSORS = {
    "matrix": torch.tensor([[1.5, -0.0], [1e-45, 3.4e38]]),
    "number": torch.tensor(7.0),
    "counts": torch.arange(3),
    "flags": torch.tensor([True, False]),
    "nothing": torch.zeros(0, 4),
    "halves": torch.tensor([0.1, 3.0], dtype=torch.bfloat16),
    "columns": torch.arange(6.0).reshape(2, 3).T,
}
VALUES = {"rate": 0.1 + 0.2, "random": random.Random(1).getstate(), "none": None, "text": "café"}


def test_everything_comes_back() -> None:
    values, tensors = unpack(pack(VALUES, TENSORS, "epoch 1 of 2"))
    assert values["rate"] == 0.1 + 0.2 and values["none"] is None and values["text"] == "café"
    version, numbers, gauss = values["random"]
    assert (version, tuple(numbers), gauss) == VALUES["random"]
    assert tensors.keys() == TENSORS.keys()
    assert all(torch.equal(tensors[name], tensor) for name, tensor in TENSORS.items())
    assert torch.signbit(tensors["matrix"][0, 1]), "-0.0 equals 0.0 and has other bits"


def make_optimizers(layer: nn.Linear, embedding: nn.Embedding, kind: str) -> list[torch.optim.Optimizer]:
    dense = {
        "adam": lambda: torch.optim.Adam(layer.parameters(), fused=True),
        "sgd": lambda: torch.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9),
    }[kind]()
    return [torch.optim.SparseAdam(embedding.parameters(), lr=0.1), dense]


@pytest.mark.parametrize("kind", ["adam", "sgd"])
@pytest.mark.parametrize("steps", [0, 1, 3])
def test_optimizers_take_the_same_steps_afterwards(kind: str, steps: int) -> None:
    def make(seed: int) -> tuple[nn.Linear, nn.Embedding, list[torch.optim.Optimizer]]:
        torch.manual_seed(seed)
        layer, embedding = nn.Linear(3, 2), nn.Embedding(5, 3, sparse=True)
        return layer, embedding, make_optimizers(layer, embedding, kind)

    def take(count: int, layer: nn.Linear, embedding: nn.Embedding, optimizers: list[torch.optim.Optimizer]) -> None:
        for step in range(count):
            for optimizer in optimizers:
                optimizer.zero_grad()
            layer(embedding(torch.tensor([step % 5, 1]))).square().sum().backward()
            for optimizer in optimizers:
                optimizer.step()

    def named(layer: nn.Linear, embedding: nn.Embedding) -> dict[str, nn.Parameter]:
        return {**dict(layer.named_parameters()), "embedding": embedding.weight}

    one, other = make(1), make(2)
    take(steps, *one)
    _, tensors = unpack(pack({}, weights_and_moments(named(*one[:2]), one[2]), ""))
    put_back(tensors, named(*other[:2]), other[2])
    take(3, *one)
    take(3, *other)
    assert all(torch.equal(a, b) for a, b in zip(named(*one[:2]).values(), named(*other[:2]).values(), strict=True))


def test_a_changed_byte_is_found_wherever_it_is(tmp_path: Path) -> None:
    content = pack({"records": [1.0] * 9}, {"weights": torch.arange(20.0)}, "epoch 1 of 2")
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1
        with pytest.raises(InputError, match=r"no checkpoint of this training .*delete it"), reading_snapshot(tmp_path):
            unpack(bytes(changed))


@pytest.mark.parametrize(
    "content", [b"", b"x", b"\xff" * 100, b"\x02" + b"\0" * 7 + b"{}", b"\x02" + b"\0" * 7 + b"[]"]
)
def test_another_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state"
    path.write_bytes(content)
    with pytest.raises(
        InputError, match=rf"^{path}: no checkpoint of this training .*; delete it to start from scratch"
    ):
        progress_of(path)
    with pytest.raises(InputError, match="delete it"), reading_snapshot(path):
        unpack(content)


def test_how_far_it_came_is_read_without_the_weights(tmp_path: Path) -> None:
    write_snapshot(tmp_path / "state", pack(VALUES, TENSORS, "epoch 1 of 2"))
    assert progress_of(tmp_path / "state") == "epoch 1 of 2"


def test_where_it_cannot_be_written_the_one_before_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "state"
    write_snapshot(path, b"before")
    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(InputError, match=rf"^{path}: a checkpoint of 0\.0 MB cannot be written \(No space left on"):
        write_snapshot(path, b"after")
    assert path.read_bytes() == b"before" and list(tmp_path.iterdir()) == [path]


def test_a_tensor_of_another_shape_is_not_stretched() -> None:
    layer = nn.Linear(3, 2)
    with pytest.raises(ValueError, match=r"a tensor \[3\] in the place of \[2, 3\]"):
        put_back({"weights.weight": torch.zeros(3), "weights.bias": torch.zeros(2)}, dict(layer.named_parameters()), [])


def test_snapshots_among_checkpoints_say_how_far_they_are(tmp_path: Path) -> None:
    names = ["all_layers-seed-1", "backward", "seed-12", "state"]
    for name in names:
        write_snapshot(tmp_path / name, pack({}, {}, "step 2"))
    for name in ("computation.json", "features-0", "lock", "taggers"):
        (tmp_path / name).write_text("", encoding="utf-8")
    assert progress_in(tmp_path) == [f"{name}, step 2" for name in names]
