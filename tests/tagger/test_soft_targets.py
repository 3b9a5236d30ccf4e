"""Targets that are distributions over paths: against each teacher by hand, and against plain training."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ldnet.errors import InputError
from ldnet.text.columns import Sentence
from pipeline.features.contextual import live_features
from pipeline.tagger.batches import collate, encode_sentence
from pipeline.tagger.crf import CRF
from pipeline.tagger.soft_targets import (
    SoftTargets,
    move_soft_targets,
    one_path,
    open_soft_targets,
    write_soft_targets,
)
from pipeline.tagger.tagging_data import TaggingData, load_tagging_data
from pipeline.tagger.training import train_tagger
from tests.factories import (
    make_bidirectional_lm,
    make_data,
    make_sentences,
    make_tagger,
    make_tagger_params,
    write_prepared,
)

LM = make_bidirectional_lm()


def with_unlabelled() -> TaggingData:
    data = make_data(12, 4)
    more = [Sentence(sentence.words, (), 1) for sentence in make_sentences(5, 3)]
    encoded = [encode_sentence(sentence.words, (), data.lexicon) for sentence in more]
    return replace(data, train=data.train + more, encoded_train=data.encoded_train + encoded)


def write(folder: Path, data: TaggingData, weight: float, seeds: tuple[int, ...] = (1, 2)) -> tuple[SoftTargets, float]:
    teachers = [make_tagger(data.lexicon, sum(LM.widths), seed) for seed in seeds]
    words = data.words[: len(data.train)]
    agreement = write_soft_targets(teachers, LM, words, data.encoded_train, data.labelled, weight, folder)
    return open_soft_targets(folder, data.encoded_train), agreement


def test_targets_are_the_mean_of_the_teachers_mixed_with_gold(tmp_path: Path) -> None:
    data = with_unlabelled()
    assert data.labelled == 12
    targets, agreement = write(tmp_path, data, 0.25)
    teachers = [make_tagger(data.lexicon, sum(LM.widths), seed) for seed in (1, 2)]
    right = steps = 0.0
    for index, sentence in enumerate(data.encoded_train):
        batch, features = collate([sentence]), live_features(LM, data.words)([index])
        with torch.no_grad():
            taught = [teacher.crf.marginals(teacher.emissions(batch, features), batch.lengths) for teacher in teachers]
        expected = [(first[0] + second[0]) / 2 for first, second in zip(*taught, strict=True)]
        if index < 12:
            gold = one_path(sentence.tags, teachers[0])
            words = len(sentence.words) - 1  # the last step is the end of the sentence
            right += (gold[0] * expected[0][: words + 1])[:words].sum().item()
            steps += words
            gold_padded = torch.zeros_like(expected[0])
            gold_padded[: len(sentence.words)] = gold[0]
            expected = [0.75 * gold_padded + 0.25 * expected[0], 0.75 * gold[1] + 0.25 * expected[1]]
        marginals, transitions = targets.batch([index])
        torch.testing.assert_close(marginals[0], expected[0], atol=1e-5, rtol=0)
        torch.testing.assert_close(transitions[0], expected[1], atol=1e-5, rtol=0)
    assert agreement == pytest.approx(right / steps, abs=1e-5)


def test_a_batch_is_its_sentences_padded(tmp_path: Path) -> None:
    data = with_unlabelled()
    targets, _ = write(tmp_path, data, 0.5)
    order = [3, 14, 0]
    marginals, transitions = targets.batch(order)
    for row, index in enumerate(order):
        alone, counts = targets.batch([index])
        length = len(data.encoded_train[index].words)
        assert torch.equal(marginals[row, :length], alone[0, :length]) and not marginals[row, length:].any()
        assert torch.equal(transitions[row], counts[0])


def test_gold_targets_train_as_tags_do(tmp_path: Path) -> None:
    data = make_data(12, 4)
    targets, _ = write(tmp_path, data, 0.0)
    params = make_tagger_params(epochs=2)
    losses = []
    for given in (None, targets):
        tagger = make_tagger(data.lexicon, sum(LM.widths))
        features = live_features(LM, data.words)
        losses.append(
            [r["loss"] for r in train_tagger(tagger, data, features, params, seed=1, label="test", targets=given)]
        )
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_a_tagger_learns_from_its_teachers_alone(tmp_path: Path) -> None:
    """All weight on the teachers: the cross entropy falls towards their entropy, whatever the gold tags."""
    data = with_unlabelled()
    targets, _ = write(tmp_path, data, 1.0, seeds=(1,))
    params = make_tagger_params(epochs=30, dropout=0.0, lm_dropout=0.0, unknown_dropout=0.0)
    tagger = make_tagger(data.lexicon, sum(LM.widths), seed=7)
    features = live_features(LM, data.words)
    losses = [
        record["loss"] for record in train_tagger(tagger, data, features, params, seed=1, label="test", targets=targets)
    ]
    teacher = make_tagger(data.lexicon, sum(LM.widths), 1)
    order = list(range(len(data.train)))
    with torch.no_grad():
        floor = teacher(collate([data.encoded_train[i] for i in order]), features(order), targets.batch(order)).item()
    assert floor - 1e-3 < losses[-1] < losses[0]
    assert losses[-1] - floor < 0.5 * (losses[0] - floor)


def test_unlabelled_sentences_come_after_the_labelled(tmp_path: Path) -> None:
    write_prepared(tmp_path, {"train": make_sentences(6, 1), "dev": make_sentences(4, 2)}, tmp_path / "lm")
    (tmp_path / "unlabelled.txt").write_text("the unseen cat\n", encoding="utf-8")
    data = load_tagging_data(tmp_path, tmp_path)
    assert data.labelled == 6 and data.words[6] == ("the", "unseen", "cat")
    assert data.words[7:] == [sentence.words for sentence in make_sentences(4, 2)]


def test_targets_take_their_disk_space_before_the_teachers_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int, start: int, size: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", fail)
    with pytest.raises(InputError, match=rf"^{tmp_path / 'marginals.npy'}: [\d.]+ MB of disk space cannot be reserved"):
        write(tmp_path, make_data(12, 4), 0.5)


def test_teachers_of_nan_teach_nothing(tmp_path: Path) -> None:
    data = make_data(12, 4)
    teacher = make_tagger(data.lexicon, sum(LM.widths))
    torch.nn.init.constant_(teacher.crf.hidden2tag.bias, float("nan"))
    words = data.words[: len(data.train)]
    with pytest.raises(InputError, match="the tagger's scores are not finite"):
        write_soft_targets([teacher], LM, words, data.encoded_train, data.labelled, 0.5, tmp_path)


def stop_after(monkeypatch: pytest.MonkeyPatch, batches: int) -> None:
    """End all later calls of the teachers after so many batches; the checkpoint is of every second batch of two."""
    monkeypatch.setattr("pipeline.tagger.soft_targets.BATCH_SENTENCES", 2)
    monkeypatch.setattr("pipeline.tagger.soft_targets.CHECKPOINT_BATCHES", 2)
    calls, marginals = [], CRF.marginals

    def counted(self: CRF, *arguments: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        if len(calls) == 2 * batches:  # two teachers
            raise KeyboardInterrupt
        calls.append(1)
        return marginals(self, *arguments)

    monkeypatch.setattr(CRF, "marginals", counted)


def test_stopped_targets_go_on_with_the_sentences_that_are_not_done(tmp_path: Path) -> None:
    data = with_unlabelled()  # 17 sentences, 9 batches
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 9)
        _, agreement = write(tmp_path / "whole", data, 0.25)
    for batches in (1, 5, 2):
        with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
            stop_after(patch, batches)
            write(tmp_path / "stopped", data, 0.25)
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 3)  # the ninth batch, and the two before it: 0 + 4 + 2 of the others were noted
        assert write(tmp_path / "stopped", data, 0.25)[1] == agreement
    for name in ("marginals.npy", "transitions.npy"):
        assert (tmp_path / "stopped" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    (tmp_path / "out").mkdir()
    move_soft_targets(tmp_path / "stopped", tmp_path / "out")
    assert not list((tmp_path / "stopped").iterdir())
    assert (tmp_path / "out" / "marginals.npy").read_bytes() == (tmp_path / "whole" / "marginals.npy").read_bytes()


@pytest.mark.parametrize("file", ["progress.json", "marginals.npy", "transitions.npy"])
@pytest.mark.parametrize("damage", [lambda content: content[: len(content) // 2], lambda content: b"\xff"])
def test_a_damaged_checkpoint_is_one_line(tmp_path: Path, file: str, damage) -> None:  # type: ignore[no-untyped-def]
    data = with_unlabelled()
    write(tmp_path, data, 0.25)
    (tmp_path / file).write_bytes(damage((tmp_path / file).read_bytes()))
    with pytest.raises(
        InputError, match=rf"^{tmp_path / file}(:\d+)?: .*; delete {tmp_path} to start from scratch$"
    ) as error:
        write(tmp_path, data, 0.25)
    assert "run the stage" not in str(error.value) and "\n" not in str(error.value)
