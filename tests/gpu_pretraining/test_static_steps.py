"""Steps of constant shapes give the losses and weights that pretraining gives; recorded ones, where there is a GPU."""

import numpy as np
import pytest
import torch
from torch import Tensor

from pipeline.gpu_pretraining.static_steps import StaticStep, run_dense, static_loss
from pipeline.language_model.adaptive_softmax import AdaptiveSoftmax
from pipeline.language_model.dense_lstm import DenseLSTM
from pipeline.language_model.model import LanguageModel
from pipeline.pretraining import lm_training
from pipeline.pretraining.encoded_corpus import Corpus
from pipeline.pretraining.lm_training import configure, learning_rate, pretrain
from pipeline.pretraining.streams import training_batches
from tests.factories import make_lm_params

WORDS, STREAMS, STEPS = 60, 16, 10
PARAMS = make_lm_params(
    cutoffs=[10, 30], dropout=0.0, layer_dropout=0.0, streams=STREAMS, steps=STEPS, epochs=1, clip_norm=0.2
)


def make_corpus() -> Corpus:
    ids = (np.random.default_rng(0).pareto(0.6, 5000) * 4).astype(np.int64) % WORDS  # words of all tails in every step
    shard = ids.astype(np.int32)
    return Corpus([str(word) for word in range(WORDS)], [shard], shard, np.zeros((0, 0), np.float32))


def make_model() -> LanguageModel:
    torch.manual_seed(1)
    return LanguageModel(configure(PARAMS, WORDS))


def losses_of(step: StaticStep, corpus: Corpus, total: int) -> list[float]:
    losses = []
    batches = training_batches(corpus.shards, streams=STREAMS, steps=STEPS, epochs=1, seed=1, reverse=False, skip=0)
    for number, batch in enumerate(batches):
        step.block[:-1].copy_(batch.tokens)
        step.block[1:].copy_(batch.targets)
        step.rate.fill_(learning_rate(number, total, PARAMS.learning_rate, PARAMS.warmup_steps))
        step.summed_loss.zero_()
        step.run()
        losses.append(step.summed_loss.item())
    return losses


def test_losses_and_weights_are_those_of_pretraining(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lm_training, "RECORD_STEPS", 1)
    corpus, expected, model = make_corpus(), make_model(), make_model()
    records = list(pretrain(expected, corpus, PARAMS, 1, None, reverse=False, checkpoint_steps=1000))
    step = StaticStep(model, STREAMS, STEPS, [STREAMS * STEPS] * 2, PARAMS.clip_norm, torch.float32)
    losses = losses_of(step, corpus, len(records))
    assert losses == pytest.approx([record["loss"] for record in records], abs=2e-5)
    assert losses[-1] < losses[0] - 0.2
    for parameter, other in zip(model.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(parameter, other, rtol=0, atol=1e-4)
    assert step.largest_norm > PARAMS.clip_norm  # so clipping was at work


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_recorded_steps_are_the_steps_themselves() -> None:
    corpus = make_corpus()
    taken, recorded = make_model().cuda(), make_model().cuda()
    steps = [
        StaticStep(model, STREAMS, STEPS, [STREAMS * STEPS] * 2, PARAMS.clip_norm, torch.float32)
        for model in (taken, recorded)
    ]
    steps[1].record(torch.cuda.Stream())  # type: ignore[no-untyped-call]
    first, second = (losses_of(step, corpus, 31) for step in steps)
    assert first == pytest.approx(second, abs=1e-4)


def test_layers_that_are_not_seen_are_those_that_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    rnn = DenseLSTM(5, 4, 4, layer_dropout=0.5).train()
    inputs, visible = torch.randn(6, 3, 5), torch.tensor([1.0, 0.0, 1.0, 0.0])
    monkeypatch.setattr(torch, "rand", lambda _: 1 - 0.8 * (1 - visible))
    expected, expected_state = rnn(inputs)
    output, state = run_dense(rnn, inputs, rnn.zero_state(inputs), visible)
    torch.testing.assert_close(output, expected)
    for layer, expected_layer in zip(state, expected_state, strict=True):
        torch.testing.assert_close(layer[0], expected_layer[0])
        torch.testing.assert_close(layer[1], expected_layer[1])


def loss_by_loop(softmax: AdaptiveSoftmax, hidden: Tensor, targets: Tensor, tail_rows: list[int]) -> float:
    """One token after the other."""
    total, counts = 0.0, [0] * len(tail_rows)
    for row, target in zip(hidden, targets.tolist(), strict=True):
        cluster = sum(target >= bound for bound in softmax.bounds) - 1
        head = torch.log_softmax(softmax.head(row), 0)
        total -= head[target if cluster < 0 else softmax.bounds[0] + cluster].item()
        if cluster >= 0 and counts[cluster] < tail_rows[cluster]:
            counts[cluster] += 1
            words = torch.log_softmax(softmax.tails[cluster](row), 0)
            total -= words[target - softmax.bounds[cluster]].item()
    return total / len(targets)


@pytest.mark.parametrize("tail_rows", [[40, 40], [3, 40], [1, 1]])
def test_of_a_tail_the_first_tokens_count(tail_rows: list[int]) -> None:
    torch.manual_seed(0)
    softmax = AdaptiveSoftmax(8, 20, [6, 12])
    hidden, targets = torch.randn(40, 8), torch.randint(0, 20, (40,))
    loss = static_loss(softmax, hidden, targets, tail_rows)
    assert loss.item() == pytest.approx(loss_by_loop(softmax, hidden, targets, tail_rows), abs=1e-5)
    if min(tail_rows) == 40:
        assert loss.item() == pytest.approx(softmax(hidden, targets).mean().item(), abs=1e-5)


def test_a_tail_without_tokens_adds_nothing() -> None:
    softmax = AdaptiveSoftmax(8, 20, [6, 12])
    hidden, targets = torch.randn(5, 8), torch.tensor([0, 1, 13, 2, 19])
    assert static_loss(softmax, hidden, targets, [4, 4]).item() == pytest.approx(softmax(hidden, targets).mean().item())


def test_forgetting_leaves_the_weights_alone() -> None:
    corpus, model = make_corpus(), make_model()
    step = StaticStep(model, STREAMS, STEPS, [STREAMS * STEPS] * 2, PARAMS.clip_norm, torch.float32)
    losses_of(step, corpus, 31)
    weights = [parameter.clone() for parameter in model.parameters()]
    assert all(tensor.any() for tensor in step.moments())
    step.forget()
    assert not any(tensor.any() for tensor in step.moments())
    assert all(torch.equal(*pair) for pair in zip(weights, model.parameters(), strict=True))
    assert len(step.changing()) == len(weights) + len(step.moments())
