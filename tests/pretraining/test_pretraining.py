"""Pretraining learns, resumes to the bit, and measures the perplexity that the full distribution gives."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ldnet.errors import InputError
from pipeline.execution.finite import DivergedError
from pipeline.language_model.adaptive_softmax import AdaptiveSoftmax
from pipeline.language_model.dense_lstm import State
from pipeline.language_model.model import LanguageModel, load_language_model, save_language_model
from pipeline.pretraining.data_parallel import Workers
from pipeline.pretraining.encoded_corpus import Corpus
from pipeline.pretraining.lm_training import (
    clip_gradients,
    configure,
    embed_vectors,
    learning_rate,
    make_optimizers,
    perplexity,
    pretrain,
)
from tests.factories import WORDS, make_language_model, make_lm_params

NO_VECTORS = np.zeros((0, 0), dtype=np.float32)


def make_corpus() -> Corpus:
    rng = np.random.default_rng(0)
    text = np.concatenate([np.append(rng.permutation([2, 4, 6, 8])[:3] + rng.integers(0, 2), 1) for _ in range(120)])
    ids = text.astype(np.int32)
    return Corpus(vocabulary=WORDS, shards=[ids] * 2, heldout=ids[:200], vectors=NO_VECTORS)


def make_model() -> LanguageModel:
    torch.manual_seed(1)
    return LanguageModel(configure(make_lm_params(), len(WORDS)))


@pytest.mark.parametrize("reverse", [False, True])
def test_perplexity_falls(tmp_path: Path, reverse: bool) -> None:
    corpus, model = make_corpus(), make_model()
    before = perplexity(model, corpus.heldout, reverse=reverse)
    records = list(
        pretrain(model, corpus, make_lm_params(epochs=6), 1, tmp_path / "state", reverse=reverse, checkpoint_steps=7)
    )
    assert perplexity(model, corpus.heldout, reverse=reverse) < 0.7 * before
    assert records[-1]["tokens"] == records[-1]["step"] * 4 * 5


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_killed_training_ends_with_the_same_weights(tmp_path: Path, precision: str) -> None:
    corpus, params = make_corpus(), make_lm_params(precision=precision)
    whole = make_model()
    curve = list(pretrain(whole, corpus, params, 1, tmp_path / "whole", reverse=False, checkpoint_steps=7))

    class KilledError(Exception):
        pass

    killed = make_model()
    steps = 0
    step_of_the_optimizer = torch.optim.Adam.step

    def step(self: torch.optim.Adam, *arguments: object) -> None:
        nonlocal steps
        steps += 1
        if steps == 33:
            raise KilledError
        step_of_the_optimizer(self)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(torch.optim.Adam, "step", step)
        list(pretrain(killed, corpus, params, 1, tmp_path / "state", reverse=False, checkpoint_steps=7))
    resumed = make_model()
    torch.manual_seed(99)  # whatever state the new process is in
    assert list(pretrain(resumed, corpus, params, 1, tmp_path / "state", reverse=False, checkpoint_steps=7)) == curve
    for name, weight in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], weight), name


def test_lower_precision_learns_as_much_and_leaves_a_float32_model(tmp_path: Path) -> None:
    corpus, perplexities = make_corpus(), {}
    for precision in ("float32", "bfloat16"):
        model, params = make_model(), make_lm_params(epochs=4, precision=precision)
        list(pretrain(model, corpus, params, 1, tmp_path / precision, reverse=False, checkpoint_steps=100))
        assert model.precision == torch.float32
        assert {weight.dtype for weight in model.parameters()} == {torch.float32}
        perplexities[precision] = perplexity(model, corpus.heldout, reverse=False)
    assert perplexities["bfloat16"] == pytest.approx(perplexities["float32"], rel=0.03)
    assert perplexities["bfloat16"] != perplexities["float32"], "the precision must make a difference"


def test_embeddings_start_from_vectors_where_there_are_some() -> None:
    model, untouched = make_model(), make_model().embedding.weight
    vectors = np.zeros((len(WORDS), 5), dtype=np.float32)
    vectors[[2, 7]] = [[1, 2, 3, 4, 5], [-5, 0, 1, 0, 2]]
    embed_vectors(model, vectors)
    scale = model.embedding.weight[2, 0].item()
    torch.testing.assert_close(model.embedding.weight[[2, 7]], torch.from_numpy(vectors[[2, 7]]) * scale)
    assert model.embedding.weight[[2, 7]].std().item() == pytest.approx(0.1, rel=1e-4)
    others = [0, 1, 3, 4, 5, 6, 8, 9, 10]
    assert torch.equal(model.embedding.weight[others], untouched[others])
    embed_vectors(model, NO_VECTORS)
    with pytest.raises(InputError, match=r"pretrain_lm\.embedding: 5, but .* have 3 numbers"):
        embed_vectors(model, np.ones((len(WORDS), 3), dtype=np.float32))
    with pytest.raises(InputError, match=r"prepare_corpus\.vectors: they have no word of the vocabulary"):
        embed_vectors(model, np.zeros((len(WORDS), 5), dtype=np.float32))
    with pytest.raises(InputError, match=r"prepare_corpus\.vectors: all their numbers are the same"):
        embed_vectors(model, np.ones((len(WORDS), 5), dtype=np.float32))


def test_perplexity_equals_that_of_the_full_distribution() -> None:
    model, ids = make_language_model(), make_corpus().heldout[:90]
    tokens = torch.from_numpy(ids.astype(np.int64))
    hidden, _ = model.represent(tokens[:-1].unsqueeze(1))
    scores = model.softmax.log_probabilities(model.projection(hidden[:, 0]))
    expected = math.exp(F.nll_loss(scores, tokens[1:]).item())
    assert perplexity(model, ids, reverse=False, steps=89) == pytest.approx(expected, rel=1e-5)


def test_learning_rate_warms_up_and_falls_to_zero() -> None:
    rates = [learning_rate(step, 100, 0.01, 10) for step in range(100)]
    assert rates[0] == pytest.approx(0.001) and max(rates) == pytest.approx(0.01) == rates[9]
    assert rates[9:] == sorted(rates[9:], reverse=True) and rates[-1] < 1e-5


def test_cutoffs_beyond_the_vocabulary_are_refused() -> None:
    with pytest.raises(InputError, match=r"pretrain_lm\.cutoffs"):
        configure(make_lm_params(cutoffs=[4, 11]), len(WORDS))


def test_a_corpus_smaller_than_one_step_is_refused(tmp_path: Path) -> None:
    corpus = Corpus(WORDS, [np.ones(10, dtype=np.int32)], np.ones(10, dtype=np.int32), NO_VECTORS)
    with pytest.raises(InputError, match="too small"):
        list(pretrain(make_model(), corpus, make_lm_params(), 1, tmp_path / "state", reverse=False, checkpoint_steps=7))


def test_saved_and_loaded_models_are_equal(tmp_path: Path) -> None:
    model = make_language_model()
    save_language_model(model, WORDS, tmp_path / "a")
    save_language_model(model, WORDS, tmp_path / "b")
    loaded, vocabulary = load_language_model(tmp_path / "a")
    assert vocabulary == WORDS and not loaded.training
    assert all(torch.equal(loaded.state_dict()[name], weight) for name, weight in model.state_dict().items())
    for name in ("config.json", "vocabulary.json", "weights.safetensors"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    with pytest.raises(InputError, match="no language model"):
        load_language_model(tmp_path / "c")


def test_a_diverged_training_says_so(tmp_path: Path) -> None:
    corpus, model = make_corpus(), make_model()
    torch.nn.init.constant_(model.projection.bias, float("nan"))
    with pytest.raises(
        DivergedError, match=r"lm\.learning_rate: the training diverged at step 0: the loss is nan; lower"
    ):
        list(pretrain(model, corpus, make_lm_params(), 1, tmp_path / "state", reverse=False, checkpoint_steps=7))


def test_a_gradient_that_is_not_finite_leaves_the_weights_as_they_were(tmp_path: Path) -> None:
    corpus, model = make_corpus(), make_model()
    model.projection.bias.register_hook(lambda gradient: gradient * float("nan"))
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    with pytest.raises(DivergedError, match=r"diverged at step 0: the gradient's norm is nan") as error:
        list(pretrain(model, corpus, make_lm_params(), 1, tmp_path / "state", reverse=False, checkpoint_steps=7))
    assert all(torch.equal(error.value.tensors[f"weights.{name}"], weight) for name, weight in before.items())
    assert error.value.tensors["batch.tokens"].shape == (5, 4)


def test_where_losses_are_looked_at_later_the_step_and_its_batch_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU: the third loss is found out at the next checkpoint, four steps later."""
    corpus, model = make_corpus(), make_model()
    seen: list[torch.Tensor] = []
    forward = LanguageModel.forward

    def spoil(self: LanguageModel, tokens: torch.Tensor, *others: torch.Tensor) -> tuple[torch.Tensor, State]:
        loss, state = forward(self, tokens, *others)
        seen.append(tokens)
        return loss * float("nan") if len(seen) == 3 else loss, state

    monkeypatch.setattr(LanguageModel, "forward", spoil)
    monkeypatch.setattr(Workers, "mean", lambda self, value: value)
    monkeypatch.setattr("pipeline.pretraining.lm_training.clip_gradients", lambda *arguments: None)
    monkeypatch.setattr("pipeline.pretraining.lm_training._looks_at_once", lambda workers: False)
    with pytest.raises(DivergedError, match=r"diverged at step 2: the loss is nan") as error:
        list(pretrain(model, corpus, make_lm_params(), 1, tmp_path / "state", reverse=False, checkpoint_steps=7))
    assert len(seen) == 7 and torch.equal(error.value.tensors["batch.tokens"], seen[2])


@pytest.mark.parametrize("loss", [710.0, 1e30])
def test_a_finite_loss_whose_perplexity_is_no_number_is_divergence(tmp_path: Path, loss: float) -> None:
    corpus, model = make_corpus(), make_model()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.language_model.adaptive_softmax.AdaptiveSoftmax.forward", enlarged(loss))
        with pytest.raises(DivergedError, match=r"diverged before step \d+: the loss is 7?\d.* nats a token; lower it"):
            list(pretrain(model, corpus, make_lm_params(), 1, tmp_path / "state", reverse=False, checkpoint_steps=99))
        with pytest.raises(DivergedError, match=r"by the held-out text: the loss is .* nats a token"):
            perplexity(model, corpus.heldout, reverse=False)


def enlarged(loss: float):  # type: ignore[no-untyped-def]
    """The softmax's losses, so many nats more each."""
    forward = AdaptiveSoftmax.forward
    return lambda self, hidden, targets: forward(self, hidden, targets).clamp(max=1) + loss


@pytest.mark.parametrize("clip_norm", [0.01, 1e6])
def test_gradients_are_clipped_as_torch_does_it_sparse_ones_among_them(clip_norm: float) -> None:
    tokens, targets = torch.randint(len(WORDS), (2, 6, 4))
    ours, theirs = make_model(), make_model()
    theirs.embedding.sparse = False
    for model in (ours, theirs):
        model.eval()(tokens, targets)[0].backward()
    clip_gradients(list(ours.parameters()), clip_norm)
    torch.nn.utils.clip_grad_norm_(theirs.parameters(), clip_norm)
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert mine.grad is not None and other.grad is not None
        torch.testing.assert_close(mine.grad.to_dense(), other.grad)


def test_words_that_are_not_read_keep_their_embeddings_and_others_move_as_adam_moves_them() -> None:
    """Read at every step, a word's embedding is what Adam over all words, without momentum, makes of it."""
    tokens, targets = torch.full((6, 4), 3), torch.randint(len(WORDS), (6, 4))
    lazy, dense = make_model(), make_model()
    dense.embedding.sparse = False
    before = lazy.embedding.weight.detach().clone()
    optimizers = {
        lazy: make_optimizers(lazy, 0.01),
        dense: [
            torch.optim.Adam([dense.embedding.weight], lr=0.01, betas=(0.0, 0.999)),
            *make_optimizers(dense, 0.01)[1:],
        ],
    }
    for model, pair in optimizers.items():
        model.eval()
        for _ in range(5):
            for optimizer in pair:
                optimizer.zero_grad()
            model(tokens, targets)[0].backward()
            for optimizer in pair:
                optimizer.step()
    torch.testing.assert_close(lazy.embedding.weight, dense.embedding.weight)
    others = [word for word in range(len(WORDS)) if word != 3]
    assert torch.equal(lazy.embedding.weight[others], before[others])
    assert not torch.equal(lazy.embedding.weight[3], before[3])


@pytest.mark.parametrize("content", [b"x", b"\xff" * 100])
def test_a_damaged_checkpoint_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state").write_bytes(content)
    with pytest.raises(InputError, match=rf"^{tmp_path / 'state'}: no checkpoint of this training .* delete it"):
        list(
            pretrain(
                *(make_model(), make_corpus(), make_lm_params(), 1, tmp_path / "state"),
                reverse=False,
                checkpoint_steps=7,
            )
        )


def test_a_checkpoint_of_another_model_is_named(tmp_path: Path) -> None:
    corpus, params, other = make_corpus(), make_lm_params(epochs=1), make_lm_params(epochs=1, units=3)
    training = pretrain(make_model(), corpus, params, 1, tmp_path / "state", reverse=False, checkpoint_steps=7)
    list(training)
    model = LanguageModel(configure(other, len(WORDS)))
    with pytest.raises(InputError, match="no checkpoint of this training"):
        list(pretrain(model, corpus, other, 1, tmp_path / "state", reverse=False, checkpoint_steps=7))


def test_first_tokens_are_taken_from_as_many_shards_as_needed() -> None:
    shards = [np.arange(start, start + 4, dtype=np.int32) for start in (0, 10, 20)]
    text = Corpus(vocabulary=[], shards=shards, heldout=shards[0], vectors=np.zeros((0, 0), dtype=np.float32))
    assert [shard.tolist() for shard in text.first(6).shards] == [[0, 1, 2, 3], [10, 11]]
    assert [len(shard) for shard in text.first(4).shards] == [4]
    assert [len(shard) for shard in text.first(100).shards] == [4, 4, 4]
    assert [len(shard) for shard in text.first(0).shards] == [4, 4, 4]
