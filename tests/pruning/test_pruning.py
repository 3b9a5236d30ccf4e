"""Pruned equals gated, for every subset of layers, none and all included."""

import itertools

import pytest
import torch

from pipeline.pruning.pruning import (
    kept_columns,
    kept_layers,
    prune_bidirectional_lm,
    prune_language_model,
    prune_tagger,
)
from pipeline.tagger.batches import collate, encode_sentence
from tests.factories import make_bidirectional_lm, make_language_model, make_lexicon, make_sentences, make_tagger

LAYERS = 3
SUBSETS = [list(subset) for subset in itertools.product([0.0, 1.0, 0.37], repeat=LAYERS)]


def test_columns_are_those_of_the_embedding_and_the_open_layers() -> None:
    kept = kept_columns(2, 3, torch.tensor([0.0, 0.5]))
    assert kept.columns.tolist() == [0, 1, 5, 6, 7]
    assert kept.scales.tolist() == [1.0, 1.0, 0.5, 0.5, 0.5]


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
