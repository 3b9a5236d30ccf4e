"""Pruned equals gated, for every subset of layers, none and all included."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ldnet.errors import InputError
from ldnet.files import write_json
from pipeline.execution.finite import NotFiniteError
from pipeline.features.contextual import BidirectionalLM, live_features
from pipeline.language_model.dense_lstm import kept_layers
from pipeline.pruning import pruning
from pipeline.pruning.pruning import (
    kept_columns,
    largest_score_difference,
    load_gates,
    prune_bidirectional_lm,
    prune_language_model,
    prune_tagger,
)
from pipeline.tagger.batches import collate, encode_sentence
from tests.factories import (
    WORDS,
    make_bidirectional_lm,
    make_data,
    make_language_model,
    make_lexicon,
    make_sentences,
    make_tagger,
)

LAYERS = 3
SUBSETS = [list(subset) for subset in itertools.product([0.0, 1.0, 0.37], repeat=LAYERS)]


def test_columns_are_those_of_the_embedding_and_the_open_layers() -> None:
    kept = kept_columns(2, 3, torch.tensor([0.0, 0.5]))
    assert kept.columns.tolist() == [0, 1, 5, 6, 7]
    assert kept.scales.tolist() == [1.0, 1.0, 0.5, 0.5, 0.5]
    alone = kept_columns(1, 3, torch.tensor([0.0]))
    assert (alone.columns.tolist(), alone.scales.tolist()) == ([0], [1.0])


def test_columns_of_both_directions_follow_each_other_although_one_is_wider() -> None:
    """5 of the embedding and 4 a layer: 13 columns of the forward model, whose second layer is closed, then 17."""
    lm = BidirectionalLM(make_language_model(2, 1), make_language_model(3, 2), WORDS)
    gates = {"forward": torch.tensor([0.5, 0.0]), "backward": torch.tensor([0.0, 0.0, 1.0])}
    _, kept = prune_bidirectional_lm(lm, gates)
    assert kept.columns.tolist() == [*range(9), *range(13, 18), *range(26, 30)]
    assert kept.scales.tolist() == [1.0] * 5 + [0.5] * 4 + [1.0] * 9


@pytest.mark.parametrize("gates", SUBSETS)
def test_representation_and_loss_are_those_of_the_gated_model(gates: list[float]) -> None:
    model, values = make_language_model(LAYERS), torch.tensor(gates)
    tokens = torch.randint(0, 11, (6, 4), generator=torch.Generator().manual_seed(5))
    pruned, kept = prune_language_model(model, values)
    gated, _ = model.represent(tokens, gates=values)
    plain, _ = pruned.represent(tokens)
    assert len(pruned.rnn.layers) == len(kept_layers(values)) == sum(gate > 0 for gate in gates)
    torch.testing.assert_close(plain * kept.scales, gated[..., kept.columns], atol=1e-5, rtol=0)
    hidden = model.projection(gated)
    torch.testing.assert_close(pruned.projection(plain), hidden, atol=1e-5, rtol=0)
    targets = tokens.roll(-1, 0).flatten()
    losses = [of.softmax(projected.flatten(0, 1), targets) for of, projected in ((model, hidden), (pruned, hidden))]
    assert torch.equal(*losses)
    assert pruned.config.layers == len(pruned.rnn.layers)
    assert not pruned.training and replace(pruned.config, layers=LAYERS) == model.config
    assert (pruned.rnn.dropout, pruned.rnn.layer_dropout) == (model.rnn.dropout, model.rnn.layer_dropout) == (0.1, 0.5)


@pytest.mark.parametrize("gates", SUBSETS)
def test_tagger_scores_are_those_of_the_gated_tagger(gates: list[float]) -> None:
    sentences = make_sentences(6)
    lexicon = make_lexicon(sentences)
    lm = make_bidirectional_lm(LAYERS)
    tagger = make_tagger(lexicon, sum(lm.widths))
    both = {"forward": torch.tensor(gates), "backward": torch.tensor(gates[::-1])}
    pruned_lm, kept = prune_bidirectional_lm(lm, both)
    pruned_tagger = prune_tagger(tagger, kept)
    batch = collate([encode_sentence(sentence.words, (), lexicon) for sentence in sentences])
    tokens = torch.randint(0, 11, batch.words.shape, generator=torch.Generator().manual_seed(6))
    with torch.no_grad():
        gated = tagger.emissions(batch, lm(tokens, batch.lengths, (both["forward"], both["backward"])))
        plain = pruned_tagger.emissions(batch, pruned_lm(tokens, batch.lengths))
    torch.testing.assert_close(plain, gated, atol=1e-5, rtol=0)
    assert pruned_tagger.config.lm_features == sum(pruned_lm.widths)
    assert not pruned_tagger.training and pruned_lm.vocabulary == lm.vocabulary


def write_gates(path: Path, **changes: object) -> Path:
    write_json(path, {"forward": [0, 1, 0.25], "backward": [1, 0.5, 0], **changes})
    return path


def test_gates_of_a_file(tmp_path: Path) -> None:
    gates = load_gates(write_gates(tmp_path / "gates.json"), 3)
    assert {name: of.tolist() for name, of in gates.items()} == {"forward": [0, 1, 0.25], "backward": [1, 0.5, 0]}


@pytest.mark.parametrize("wrong", [[0, 1], [0, 1, 1.01], [-0.01, 0, 1], [0, 0, 0, 0], "x", None])
@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_other_gates_are_refused(tmp_path: Path, direction: str, wrong: object) -> None:
    path = write_gates(tmp_path / "gates.json", **{direction: wrong})
    with pytest.raises(InputError, match=rf"gates\.json: {direction}: expected 3 numbers from 0 to 1.*stage select"):
        load_gates(path, 3)


def test_the_difference_is_the_largest_of_any_score_of_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against one sentence after the other. Padding may differ: features there are spoilt."""
    monkeypatch.setattr(pruning, "DECODING_BATCH_SENTENCES", 5)
    data, lm = make_data(train=7, dev=12), make_bidirectional_lm(LAYERS)
    one, other = (make_tagger(data.lexicon, sum(lm.widths), seed) for seed in (1, 2))
    features = live_features(lm, data.words)

    def spoilt(rows: Sequence[int]) -> torch.Tensor:
        found = features(rows).clone()
        for column, row in enumerate(rows):
            found[len(data.words[row]) + 1 :, column] = 1e3
        return found

    differences = []
    for number, encoded in enumerate(data.encoded_dev):
        batch, own = collate([encoded]), features([7 + number])
        with torch.no_grad():
            differences.append((one.emissions(batch, own) - other.emissions(batch, own))[0, : len(encoded.words)])
    expected = max(float(of.abs().max()) for of in differences)
    for pair in ((one, spoilt, other, features), (other, features, one, spoilt)):
        assert largest_score_difference(*pair, data) == pytest.approx(expected, rel=1e-4)
    assert largest_score_difference(one, spoilt, one, features, data) < 1e-5
    assert max(float(of.max()) for of in differences) != max(float(-of.min()) for of in differences)


@pytest.mark.parametrize("which", ["gated", "pruned"])
def test_nothing_is_proved_by_scores_that_are_not_finite(which: str) -> None:
    """`max(0.0, nan)` is 0.0: the scores would differ by nothing."""
    data = make_data(train=2, dev=4)
    fine, faulty = (make_tagger(data.lexicon) for _ in range(2))
    torch.nn.init.constant_(faulty.crf.hidden2tag.weight, float("nan"))
    gated, pruned_tagger = (faulty, fine) if which == "gated" else (fine, faulty)
    with pytest.raises(NotFiniteError, match=f"the {which} tagger's scores are not finite"):
        largest_score_difference(gated, lambda _: None, pruned_tagger, lambda _: None, data)  # type: ignore[arg-type]
