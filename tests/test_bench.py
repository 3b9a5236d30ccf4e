"""The baseline computes what the product computes; the harness writes a well-formed results file."""

from collections.abc import Sequence

import pytest
import torch
from factories import (
    WORDS,
    make_bidirectional_lm,
    make_data,
    make_language_model,
    make_tagger,
)

from bench.baseline.batches import Encoded, look_up, make_batch
from bench.baseline.language_model import LanguageModel
from bench.baseline.tagger import Tagger, Training, penalty, tag
from pipeline.gates import regularisers
from pipeline.language_model.features import BidirectionalLM, live_features
from pipeline.pruning.pruning import prune_bidirectional_lm
from pipeline.tagger.batches import collate
from pipeline.tagger.training import TaggingData

TOLERANCE = {"atol": 1e-5, "rtol": 0.0}
GATES = torch.tensor([0.0, 0.7, 1.0, 0.4, 0.0, 0.2])


def encode(data: TaggingData, lm: BidirectionalLM | None) -> list[Encoded]:
    index = lm.index if lm else {}
    return [look_up(sentence.words, sentence.tags, data.lexicon, index) for sentence in data.train]


def check_emissions(baseline: Tagger, ours: torch.Tensor, encoded: Sequence[Encoded], data: TaggingData) -> None:
    scores = baseline(make_batch(encoded, data.lexicon))
    emissions = (scores - baseline.crf.transitions)[:, :, 0].transpose(0, 1)
    for index, sentence in enumerate(encoded):
        steps = len(sentence.words) + 1
        torch.testing.assert_close(emissions[index, :steps], ours[index, :steps], **TOLERANCE)


@pytest.mark.parametrize("kind", ["no_lm", "full", "gated", "pruned"])
@torch.no_grad()
def test_baseline_gives_the_products_scores_and_tags(kind: str) -> None:
    data = make_data(train=25)
    lm = None if kind == "no_lm" else make_bidirectional_lm()
    tagger = make_tagger(data.lexicon, sum(lm.widths) if lm else 0)
    baseline = Tagger(tagger, lm).eval()
    if kind in ("gated", "pruned"):
        baseline.set_gates(GATES)
    gates = GATES if kind == "gated" else None
    if lm is not None and kind == "pruned":
        baseline.delete_layers()
        assert [len(model.rnn.layers) for model in (baseline.forward_lm, baseline.backward_lm)] == [2, 2]
        lm, kept = prune_bidirectional_lm(lm, {"forward": GATES[:3], "backward": GATES[3:]})
        tagger = tagger.keep_lm_features(kept)
    encoded = encode(data, lm)
    batch = collate(data.encoded_train)
    features = live_features(lm, data.words, gates)(range(25)) if lm else None
    check_emissions(baseline, tagger.emissions(batch, features), encoded, data)
    expected = [[data.lexicon.tags[number] for number in path] for path in tagger.decode(batch, features)]
    assert tag(baseline, encoded, data.lexicon) == expected


@pytest.mark.parametrize("gated", [False, True])
def test_baseline_gives_the_products_loss_of_a_training_step(gated: bool) -> None:
    data, lm = make_data(train=10), make_bidirectional_lm()
    tagger = make_tagger(data.lexicon, sum(lm.widths))
    baseline = Tagger(tagger, lm)
    baseline.dropout = 0.0
    for model in (baseline.forward_lm, baseline.backward_lm):
        model.dropout = model.rnn.dropout = 0.0
    gates = torch.full((6,), 0.8, requires_grad=True)
    if gated:
        baseline.set_gates(gates.detach())
    features = live_features(lm, data.words, gates if gated else None)(range(10))
    loss = tagger(collate(data.encoded_train), features)
    training = Training(baseline, data.lexicon, 0.05 if gated else None, max_layers=2)
    before = baseline.word_embedding.weight.clone()
    assert training.step(encode(data, lm)) == pytest.approx(loss.item(), abs=1e-5)
    assert not torch.equal(baseline.word_embedding.weight, before)
    if gated:
        (loss + 0.05 * regularisers.penalty("r3", gates, 2)).backward()
        norm = torch.nn.utils.clip_grad_norm_([*tagger.parameters(), gates], 5.0)
        assert norm > 0 and gates.grad is not None
        expected = (gates.detach() - 0.015 * gates.grad).clamp(0, 1)
        torch.testing.assert_close(baseline.gates.detach(), expected, **TOLERANCE)


def test_baseline_penalty_is_the_products() -> None:
    for max_layers in (2, 6):
        expected = regularisers.penalty("r3", GATES, max_layers)
        torch.testing.assert_close(penalty(GATES, max_layers), expected)


@torch.no_grad()
def test_baseline_gives_the_products_language_model_loss_and_carries_its_state() -> None:
    model = make_language_model()
    baseline = LanguageModel(model).eval()
    tokens = torch.randint(len(WORDS), (7, 3), generator=torch.Generator().manual_seed(1))
    state = baseline_state = None
    for _ in range(2):
        loss, state = model(tokens[:-1], tokens[1:], state)
        ours, baseline_state = baseline(tokens[:-1], tokens[1:], baseline_state)
        torch.testing.assert_close(ours, loss, **TOLERANCE)
