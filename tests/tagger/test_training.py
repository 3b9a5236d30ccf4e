"""Training of the tagger learns, repeats itself to the bit, and keeps the best epoch."""

import pytest
import torch

from ldnet.errors import InputError
from pipeline.execution.finite import DivergedError
from pipeline.features.contextual import live_features
from pipeline.tagger.model import Tagger
from pipeline.tagger.tagging_data import TaggingData
from pipeline.tagger.training import score_dev, train_tagger
from tests.factories import (
    make_bidirectional_lm,
    make_data,
    make_lexicon,
    make_sentences,
    make_tagger,
    make_tagger_params,
)


def train(
    data: TaggingData, seed: int = 1, optimizer: str = "adam", learning_rate: float = 0.05
) -> tuple[Tagger, list[dict[str, float]]]:
    tagger = make_tagger(data.lexicon)
    params = make_tagger_params(epochs=12, optimizer=optimizer, learning_rate=learning_rate)
    return tagger, list(train_tagger(tagger, data, None, params, seed=seed, label="test"))


@pytest.mark.parametrize(("optimizer", "learning_rate"), [("adam", 0.05), ("sgd", 0.1)])
def test_learns_a_pattern_and_keeps_the_best_epoch(optimizer: str, learning_rate: float) -> None:
    data = make_data()
    tagger, records = train(data, 1, optimizer, learning_rate)
    assert records[-1]["loss"] < 0.2 * records[0]["loss"]
    best = max(record["dev_f1"] for record in records)
    assert best > 95
    assert score_dev(tagger, data, None) == pytest.approx(best, abs=1e-4)


def test_same_seed_same_weights_other_seed_other_weights() -> None:
    data = make_data()
    first, second, other = (train(data, seed)[0].state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_sgd_takes_steps_of_momentum(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of two epochs of one batch leaves the weights of the rule v = 0.9 v + g, w = w - rate v, written out; words
    learn at half the rate."""
    data = make_data(8, 4)
    params = make_tagger_params(epochs=2, batch_sentences=8, optimizer="sgd", learning_rate=0.1, clip_norm=1e9)
    tagger = make_tagger(data.lexicon)
    seen = []
    backward = torch.Tensor.backward

    def keep_gradients(loss: torch.Tensor) -> None:
        backward(loss)
        seen.append([weight.grad.clone() for weight in tagger.parameters() if weight.grad is not None])

    monkeypatch.setattr(torch.Tensor, "backward", keep_gradients)
    expected = [weight.detach().clone() for weight in tagger.parameters()]
    first, second = train_tagger(tagger, data, None, params, seed=1, label="test")
    shares = [0.5 if name.startswith("word_embedding") else 1.0 for name, _ in tagger.named_parameters()]
    velocity = [torch.zeros_like(weight) for weight in expected]
    after = []
    for rate, gradients in zip((0.1, 0.05), seen, strict=True):
        velocity = [0.9 * v + g for v, g in zip(velocity, gradients, strict=True)]
        expected = [w - rate * share * v for w, v, share in zip(expected, velocity, shares, strict=True)]
        after.append(expected)
    best = 0 if first["dev_f1"] >= second["dev_f1"] else 1
    torch.testing.assert_close([weight.detach() for weight in tagger.parameters()], after[best])


def test_lower_precision_learns_as_well_and_leaves_the_weights_theirs() -> None:
    data, lm = make_data(), make_bidirectional_lm()
    losses = {}
    for precision in (torch.float32, torch.bfloat16):
        tagger = make_tagger(data.lexicon, sum(lm.widths))
        tagger.precision = precision
        params = make_tagger_params(epochs=4, dropout=0.0, lm_dropout=0.0, unknown_dropout=0.0)
        records = list(train_tagger(tagger, data, live_features(lm, data.words), params, seed=1, label="test"))
        losses[precision] = torch.tensor([record["loss"] for record in records])
        assert {weight.dtype for weight in tagger.parameters()} == {torch.float32}
    assert not torch.equal(*losses.values())
    torch.testing.assert_close(losses[torch.bfloat16], losses[torch.float32], rtol=0.05, atol=0.05)


def test_features_are_asked_for_train_then_dev() -> None:
    data, lm = make_data(12, 5), make_bidirectional_lm()
    asked: list[int] = []
    live = live_features(lm, data.words)

    def features(indices):  # type: ignore[no-untyped-def]
        asked.extend(indices)
        return live(indices)

    tagger = make_tagger(data.lexicon, sum(lm.widths))
    list(train_tagger(tagger, data, features, make_tagger_params(epochs=1), seed=1, label="test"))
    assert sorted(asked[:12]) == list(range(12)) and sorted(asked[12:]) == list(range(12, 17))


def test_tags_of_the_crf_itself_count_as_outside() -> None:
    lexicon = make_lexicon(make_sentences(5))
    assert lexicon.tag_names([0, lexicon.tag_id("<s>"), lexicon.tag_id("<eof>")]) == ["O", "O", "O"]


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("learning_rate", [1e3, 1e6])
def test_a_training_that_diverges_says_where_and_its_last_weights_are_finite(
    optimizer: str, learning_rate: float
) -> None:
    data = make_data()
    tagger = make_tagger(data.lexicon)
    params = make_tagger_params(epochs=12, optimizer=optimizer, learning_rate=learning_rate)
    with pytest.raises(
        DivergedError, match=r"^learning_rate: the training diverged at step \d+ of epoch \d+: "
    ) as error:
        list(train_tagger(tagger, data, None, params, seed=1, label="test"))
    assert all(weight.isfinite().all() for weight in tagger.parameters())
    assert len(error.value.words) == 8 and "batch.words" in error.value.tensors
    assert any(name.startswith("weights.crf.") for name in error.value.tensors)


def test_an_epoch_of_nan_never_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Viterbi on NaN names some tag, which may score more than an honest first epoch."""
    data = make_data()
    tagger = make_tagger(data.lexicon)
    with torch.no_grad():
        tagger.crf.hidden2tag.bias.fill_(float("nan"))
    with pytest.raises(InputError, match="the tagger's scores are not finite"):
        score_dev(tagger, data, None)
    step = torch.optim.Adam.step

    def leave_infinity(optimizer: torch.optim.Adam, *arguments: object) -> None:
        step(optimizer, *arguments)
        with torch.no_grad():
            honest.crf.hidden2tag.bias.fill_(float("inf"))

    honest = make_tagger(data.lexicon)
    monkeypatch.setattr(torch.optim.Adam, "step", leave_infinity)
    params = make_tagger_params(epochs=1, batch_sentences=len(data.train))
    with pytest.raises(DivergedError, match="diverged in epoch 1: the tagger's scores are not finite; lower it"):
        list(train_tagger(honest, data, None, params, seed=1, label="test"))
