"""Pretraining learns, resumes to the bit, and measures the perplexity that the full distribution gives."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from pipeline.data.corpus import Corpus
from pipeline.errors import InputError
from pipeline.language_model.model import LanguageModel, load_language_model, save_language_model
from pipeline.language_model.pretraining import configure, learning_rate, perplexity, pretrain
from tests.factories import WORDS, make_language_model, make_lm_params


def make_corpus() -> Corpus:
    rng = np.random.default_rng(0)
    text = np.concatenate([np.append(rng.permutation([2, 4, 6, 8])[:3] + rng.integers(0, 2), 1) for _ in range(120)])
    return Corpus(vocabulary=WORDS, shards=[text.astype(np.int32)] * 2, heldout=text[:200].astype(np.int32))


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


def test_a_killed_training_ends_with_the_same_weights(tmp_path: Path) -> None:
    corpus, params = make_corpus(), make_lm_params()
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
    with pytest.raises(InputError, match=r"lm\.cutoffs"):
        configure(make_lm_params(cutoffs=[4, 11]), len(WORDS))


def test_a_corpus_smaller_than_one_step_is_refused(tmp_path: Path) -> None:
    corpus = Corpus(WORDS, [np.ones(10, dtype=np.int32)], np.ones(10, dtype=np.int32))
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
    with pytest.raises(InputError, match=r"lm\.learning_rate: the training diverged at step 0"):
        list(pretrain(model, corpus, make_lm_params(), 1, tmp_path / "state", reverse=False, checkpoint_steps=7))
