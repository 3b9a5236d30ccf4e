"""A training that diverges ends with one line, and leaves its batch and its last finite weights in a file."""

import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import nn

from ldnet.errors import InputError
from pipeline.execution.finite import DivergedError, NotFiniteError, Watch, keeping_evidence, not_finite, require_finite

NAN, INFINITY = float("nan"), float("inf")


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("found", [NAN, INFINITY, -INFINITY, torch.tensor([0.0, NAN]), torch.tensor(INFINITY)])
def test_what_is_not_finite_is_said_with_time_and_key(found: float | torch.Tensor) -> None:
    watch = Watch(nn.Linear(2, 1), "section.rate")
    with pytest.raises(
        DivergedError, match=r"^section\.rate: the training diverged at step 3: the loss is -?(nan|inf)"
    ):
        watch.check("the loss", found, "at step 3")
    for fine in (0.0, 3e38, torch.zeros(2), torch.tensor(-1e30)):
        watch.check("the loss", fine, "at step 3")


def test_a_worker_can_send_the_error_to_its_parent() -> None:
    error = DivergedError("lower it", {"batch.words": torch.arange(3)}, [("a",)])
    sent = pickle.loads(pickle.dumps(error))
    assert str(sent) == "lower it" and torch.equal(sent.tensors["batch.words"], torch.arange(3))
    assert sent.words == [("a",)]


def test_the_batch_and_the_weights_are_kept_and_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = nn.Linear(2, 1)
    file = root / ".checkpoints" / "diverged-x.safetensors"
    with pytest.raises(InputError) as error, keeping_evidence("x", "train_tagger"):
        Watch(model, "learning_rate").check("the loss", NAN, "at step 3", {"words": torch.arange(3)}, [("a", "ö")])
    expected = "train_tagger.learning_rate: the training diverged at step 3: the loss is nan; lower it; "
    assert str(error.value) == f"{expected}the batch and the last finite weights: {file}"
    with safe_open(file, "pt") as kept:
        assert torch.equal(kept.get_tensor("batch.words"), torch.arange(3))
        assert torch.equal(kept.get_tensor("weights.weight"), model.weight)
        assert json.loads(kept.metadata()["sentences"]) == ["a ö"] and kept.metadata()["error"] in expected
    monkeypatch.setenv("DVC_EXP_NAME", "point")
    with pytest.raises(InputError, match="diverged-point-x"), keeping_evidence("x"):
        Watch(model, "learning_rate").check("the loss", NAN, "at step 3")
    assert file.exists()
    monkeypatch.delenv("DVC_EXP_NAME")
    with keeping_evidence("x"):
        assert not file.exists(), "a file of an earlier training would mislead"


def test_views_of_one_tensor_are_kept(root: Path) -> None:
    block = torch.arange(6).reshape(3, 2)
    views = {"tokens": block[:-1], "targets": block[1:]}
    with pytest.raises(InputError, match="the batch and the last finite weights"), keeping_evidence("x"):
        Watch(nn.Linear(2, 1), "rate").check("the loss", NAN, "at step 3", views)
    with safe_open(root / ".checkpoints" / "diverged-x.safetensors", "pt") as kept:
        assert all(torch.equal(kept.get_tensor(f"batch.{name}"), view) for name, view in views.items())


def test_weights_that_are_not_finite_are_not_called_so(root: Path) -> None:
    model = nn.Linear(2, 1)
    nn.init.constant_(model.weight, NAN)
    assert not_finite(model.state_dict()) == ["weight"]
    with pytest.raises(InputError, match=r"; the batch: .*diverged-x"), keeping_evidence("x"):
        Watch(model, "rate").check("the loss", NAN, "at step 3", {"words": torch.arange(3)})


def test_a_full_disk_does_not_hide_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pipeline.execution.finite.write_bytes", fail)
    expected = r"^rate: the training diverged at step 3: .* could not be kept: .*No space left"
    with pytest.raises(InputError, match=expected), keeping_evidence("x"):
        Watch(nn.Linear(2, 1), "rate").check("the loss", NAN, "at step 3")


def test_scores_in_a_training_are_those_of_the_training() -> None:
    with pytest.raises(NotFiniteError, match=r"^the scores are not finite: .* lower the learning_rate of the stage"):
        require_finite("the scores", torch.tensor([1.0, NAN]))
    watch = Watch(nn.Linear(2, 1), "rate")
    message = r"^rate: the training diverged in epoch 2: the scores are not finite; "
    with pytest.raises(DivergedError, match=message), watch.scoring("in epoch 2"):
        require_finite("the scores", torch.tensor([1.0, NAN]))
