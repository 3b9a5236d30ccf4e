"""Taggers of several seeds: each is what it would be alone, and the summary is of the epochs that were kept."""

from pathlib import Path

import pytest
import torch

from ldnet.errors import InputError
from ldnet.files import read_json
from pipeline.checkpoints import Computation
from pipeline.report.measurements import read_curve
from pipeline.tagger.model import Tagger, load_tagger
from pipeline.tagger.seeds import TrainingJob, summarise, train_and_record, train_seed, train_seeds
from pipeline.tagger.tagging_data import load_tagging_data
from pipeline.tracking import Run
from tests.factories import (
    make_sentences,
    make_tagger_params,
    write_prepared,
)


def prepare(folder: Path) -> Path:
    write_prepared(folder, {"train": make_sentences(20, 1), "dev": make_sentences(10, 2)}, folder / "lm")
    return folder


def test_a_seed_alone_gives_what_it_gives_beside_others(tmp_path: Path) -> None:
    conll, params = prepare(tmp_path), make_tagger_params(epochs=2)
    records = list(train_seeds(params, 1, conll=conll, lms=[conll / "lm"] * 2, out=tmp_path / "full", scratch=tmp_path))
    assert [record["seed"] for record in records] == [1, 1, 2, 2]
    job = TrainingJob(
        conll=conll,
        features=tmp_path / "features-0",
        feature_width=34,
        targets=None,
        out=tmp_path / "alone",
        params=params,
        seed=2,
        threads=1,
        label="alone",
        row=0,
    )
    assert train_seed(job) == records[2:]
    torch.use_deterministic_algorithms(False)
    beside, alone = (load_tagger(tmp_path / name).state_dict() for name in ("full/seed-2", "alone"))
    assert all(torch.equal(beside[name], alone[name]) for name in beside)
    assert load_tagging_data(conll).words[20:] == [sentence.words for sentence in make_sentences(10, 2)]


def test_summary_by_hand() -> None:
    records = [
        {"seed": 1, "epoch": 1, "dev_f1": 80.0},
        {"seed": 1, "epoch": 2, "dev_f1": 90.0},
        {"seed": 2, "epoch": 1, "dev_f1": 94.0},
        {"seed": 2, "epoch": 2, "dev_f1": 91.0},
    ]
    assert summarise(records, [1, 2]) == {
        "seeds": [1, 2],
        "dev_f1": [90.0, 94.0],
        "dev_f1_mean": 92.0,
        "dev_f1_sd": 2.8284,
        "best_epoch": [2, 1],
    }
    assert summarise(records[:2], [1])["dev_f1_sd"] == 0.0


@pytest.mark.parametrize("section", ["train_tagger", "train_taught"])
def test_no_tagger_is_saved_after_divergence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, section: str) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    conll = tmp_path / "conll"
    write_prepared(conll, {"train": make_sentences(40, 1), "dev": make_sentences(20, 2)}, tmp_path / "lm")
    job = TrainingJob(
        conll=conll,
        features=None,
        feature_width=0,
        targets=None,
        out=tmp_path / "full" / "seed-1",
        params=make_tagger_params(learning_rate=1e5),
        seed=1,
        threads=1,
        label="test",
        row=0,
        section=section,
    )
    file = tmp_path / ".checkpoints" / "diverged-full-seed-1.safetensors"
    with pytest.raises(InputError, match=rf"^{section}\.learning_rate: the training diverged .*: {file}$"):
        train_seed(job)
    assert file.exists() and not job.out.exists()


def test_the_best_epoch_is_the_one_whose_weights_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All epochs have the same dev F1 to four places, and the second one has the highest."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    weights: list[dict[str, torch.Tensor]] = []

    def score(tagger: Tagger, *_: object) -> float:
        weights.append({name: weight.detach().clone() for name, weight in tagger.state_dict().items()})
        return (50.00001, 50.00003, 50.00002)[len(weights) - 1]

    monkeypatch.setattr("pipeline.tagger.training.score_dev", score)
    logged: dict[int, dict[str, float]] = {}  # by epoch; 0 is the whole run
    monkeypatch.setattr(Run, "log", lambda _, step, values: logged.update({step: values}))
    measured = train_and_record(
        Computation(stage="test", inputs={}, files=[]),
        make_tagger_params(epochs=3, seeds=[1]),
        1,
        conll=prepare(tmp_path),
        out=tmp_path / "tagger",
        metrics=tmp_path / "metrics.json",
        curve=tmp_path / "curve.csv",
    )
    assert (measured["best_epoch"], measured["dev_f1"], measured["dev_f1_mean"]) == ([2], [50.0], 50.0)
    assert read_json(tmp_path / "metrics.json") == measured
    assert list(read_curve(tmp_path / "curve.csv", ["dev_f1"])["dev_f1"]) == [50.0] * 3
    assert [logged[epoch]["seed_1/dev_f1"] for epoch in (1, 2, 3)] == [50.0] * 3
    kept = load_tagger(tmp_path / "tagger" / "seed-1").state_dict()
    assert all(torch.equal(kept[name], weight) for name, weight in weights[1].items())
