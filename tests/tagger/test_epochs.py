"""A training of a tagger that is stopped after any epoch ends as one that is not."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
import torch

from ldnet.errors import InputError
from pipeline.features.contextual import live_features
from pipeline.tagger.epochs import EpochRecord
from pipeline.tagger.model import Tagger
from pipeline.tagger.tagging_data import TaggingData
from pipeline.tagger.training import train_tagger
from tests.factories import make_bidirectional_lm, make_data, make_tagger, make_tagger_params

EPOCHS = 5


def begin(data: TaggingData, checkpoint: Path | None, optimizer: str) -> tuple[Tagger, Iterator[EpochRecord]]:
    lm = make_bidirectional_lm()
    tagger = make_tagger(data.lexicon, sum(lm.widths))
    rate = {"adam": 0.02, "sgd": 0.1}[optimizer]
    params = make_tagger_params(epochs=EPOCHS, optimizer=optimizer, learning_rate=rate)
    features = live_features(lm, data.words)
    return tagger, train_tagger(tagger, data, features, params, seed=1, label="test", checkpoint=checkpoint)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("stops", [[1], [EPOCHS], [2, 3], [1, 2, 3, 4]])
def test_stopped_and_resumed_to_the_bit(tmp_path: Path, optimizer: str, stops: list[int]) -> None:
    data = make_data()
    whole, training = begin(data, None, optimizer)
    curve = list(training)
    for stop in stops:
        _, training = begin(data, tmp_path / "state", optimizer)
        assert list(islice(training, stop)) == curve[:stop]
    torch.rand(3)  # other random numbers than those of the process that was stopped
    resumed, training = begin(data, tmp_path / "state", optimizer)
    assert list(training) == curve
    for name, weight in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], weight), name


def test_a_finished_training_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = make_data()
    whole, training = begin(data, tmp_path / "state", "adam")
    curve = list(training)
    monkeypatch.setattr("pipeline.tagger.training.shuffled_batches", None)
    again, training = begin(data, tmp_path / "state", "adam")
    assert list(training) == curve and not again.training
    assert all(torch.equal(again.state_dict()[name], weight) for name, weight in whole.state_dict().items())


def test_the_best_epoch_is_known_to_more_digits_than_the_curve_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second epoch is better by less than the curve shows, the third is worse by less."""
    data, second = make_data(), {}
    for stop, score in enumerate([50.000001, 50.000003, 50.000002, 1.0, 1.0], 1):
        monkeypatch.setattr("pipeline.tagger.training.score_dev", lambda *_, score=score: score)
        tagger, training = begin(data, tmp_path / "state", "adam")
        for record in islice(training, stop):
            if record["epoch"] == stop == 2:
                second = {name: weight.clone() for name, weight in tagger.state_dict().items()}
    assert not list(training)
    assert all(torch.equal(tagger.state_dict()[name], weight) for name, weight in second.items())


@pytest.mark.parametrize("damage", [lambda content: content[:-9], lambda content: b"x", lambda content: b""])
def test_a_damaged_checkpoint_is_one_line(tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]
    data, path = make_data(), tmp_path / "state"
    _, training = begin(data, path, "adam")
    next(training)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(
        InputError, match=rf"^{path}: no checkpoint of this training .*; delete it to start from scratch$"
    ):
        list(begin(data, path, "adam")[1])
