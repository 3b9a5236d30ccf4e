"""The importance of layers against finite differences, a sentence and a gate at a time."""

import pytest
import torch

from pipeline.features.contextual import live_features
from pipeline.selection import importance
from pipeline.selection.importance import layer_importance
from pipeline.tagger.batches import collate
from tests.factories import make_bidirectional_lm, make_data, make_tagger

STEP = 0.01


@pytest.mark.parametrize("batch_sentences", [1, 64])
def test_importance_is_the_sum_of_the_losses_slopes(monkeypatch: pytest.MonkeyPatch, batch_sentences: int) -> None:
    monkeypatch.setattr(importance, "DECODING_BATCH_SENTENCES", batch_sentences)
    data, lm = make_data(train=9, dev=1), make_bidirectional_lm()
    tagger = make_tagger(data.lexicon, sum(lm.widths))
    torch.nn.init.normal_(tagger.lm_projection.weight)

    def loss(sentence: int, gates: torch.Tensor) -> float:
        features = live_features(lm, data.words, gates)([sentence])
        return float(tagger(collate([data.encoded_train[sentence]]), features))

    expected = torch.zeros(6)
    with torch.no_grad():
        for sentence in range(9):
            for gate in range(6):
                nudge = STEP * torch.eye(6)[gate]
                slope = (loss(sentence, torch.ones(6) + nudge) - loss(sentence, torch.ones(6) - nudge)) / (2 * STEP)
                expected[gate] += abs(slope)
    found = layer_importance(tagger, lm, data)
    torch.testing.assert_close(found, expected, rtol=0.01, atol=0.002)
    assert float(expected.min()) > 0.01, "a layer that does nothing would show nothing"


def test_importance_leaves_tagger_and_random_numbers_alone() -> None:
    data, lm = make_data(train=9, dev=1), make_bidirectional_lm()
    tagger = make_tagger(data.lexicon, sum(lm.widths))
    before = {name: weight.clone() for name, weight in tagger.state_dict().items()}
    state = torch.get_rng_state()
    lm.compute_in("bfloat16")
    low = layer_importance(tagger, lm, data)
    lm.compute_in("float32")
    high = layer_importance(tagger.train(), lm, data)
    assert low.dtype == high.dtype == torch.float32 and not tagger.training, "nothing is dropped"
    assert torch.equal(high, layer_importance(tagger, lm, data))
    torch.testing.assert_close(low, high, rtol=0.1, atol=0.01)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[name], weight) for name, weight in tagger.state_dict().items())
    assert all(weight.grad is None for weight in tagger.parameters())
