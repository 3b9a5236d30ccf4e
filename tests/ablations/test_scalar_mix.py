"""The scalar mix against its equation written out, and as a part of a tagger."""

from pathlib import Path

import torch

from ablations.scalar_mix import ScalarMix, ScalarMixTagger
from ablations.taggers import load_scalar_mix_tagger
from pipeline.tagger.batches import collate, encode_sentence
from pipeline.tagger.model import configure, initialise, save_tagger
from tests.factories import make_lexicon, make_sentences, make_tagger_params


def test_mix_is_the_weighted_mean_of_each_direction() -> None:
    torch.manual_seed(1)
    mix = ScalarMix(blocks=3)
    torch.nn.init.normal_(mix.scores)
    torch.nn.init.normal_(mix.gamma)
    features = torch.randn(4, 2, 2 * 3 * 5)
    expected = []
    for direction in (0, 1):
        weights = torch.exp(mix.scores[direction]) / torch.exp(mix.scores[direction]).sum()
        blocks = [features[..., 15 * direction + 5 * block :][..., :5] for block in range(3)]
        expected.append(
            mix.gamma[direction] * sum(weight * block for weight, block in zip(weights, blocks, strict=True))
        )
    torch.testing.assert_close(mix(features), torch.cat(expected, -1))


def test_at_first_it_is_the_plain_mean() -> None:
    features = torch.randn(4, 2, 2 * 3 * 5)
    torch.testing.assert_close(ScalarMix(blocks=3)(features)[..., :5], features[..., :15].view(4, 2, 3, 5).mean(2))


def test_a_saved_tagger_computes_the_same_again_and_learns_its_weights(tmp_path: Path) -> None:
    sentences = make_sentences(5)
    lexicon = make_lexicon(sentences)
    tagger = ScalarMixTagger(configure(make_tagger_params(), lexicon, 2 * 4 * 6), layers=3)
    initialise(tagger, lexicon)
    batch = collate([encode_sentence(sentence.words, sentence.tags, lexicon) for sentence in sentences])
    features = torch.randn(*batch.words.shape, 2 * 4 * 6)
    tagger(batch, features).backward()
    assert tagger.mix.scores.grad is not None and tagger.mix.scores.grad.abs().sum() > 0
    torch.nn.init.normal_(tagger.mix.scores)
    save_tagger(tagger, tmp_path)
    loaded = load_scalar_mix_tagger(tmp_path, layers=3)
    torch.testing.assert_close(loaded.emissions(batch, features), tagger.eval().emissions(batch, features))
    assert loaded.lm_projection.in_features == 2 * 6
