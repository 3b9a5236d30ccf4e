"""Spans in text: their places, their words, how sure the tagger is; and the three lines of the documentation."""

import pytest
import torch

from ldnet.annotation import annotate
from ldnet.crf.confidence import PathDistribution, tagged_spans
from ldnet.model_folder import TaggingModel, load_model
from ldnet.text.tags import spans
from ldnet.text.tokenisation import split_at_blanks
from tests.serving_factories import make_lines, make_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> TaggingModel:
    return load_model(make_model(tmp_path_factory.mktemp("model")))


def test_tags_are_those_of_plain_tagging_and_spans_lie_on_their_words(model: TaggingModel) -> None:
    texts = [f" {line} \N{WAVING HAND SIGN}" if line else line for line in make_lines(40)]
    found = model.annotate(texts, tokenised=True)
    assert [sentence.tags for sentence in found] == model.tag([split_at_blanks(text).words for text in texts])
    assert any(sentence.spans for sentence in found)
    for text, sentence in zip(texts, found, strict=True):
        assert (sentence.text, sentence.paths) == (text, [])
        assert [text[start:end] for start, end in sentence.offsets] == sentence.tokens
        words = spans(sentence.tags)
        assert [span.type for span in sentence.spans] == [span.type for span in words]
        for span, (_, first, after_last) in zip(sentence.spans, words, strict=True):
            assert span.text == text[span.start : span.end]
            assert span.text.split() == sentence.tokens[first:after_last]


def test_confidences_are_those_of_the_models_temperature(model: TaggingModel) -> None:
    line = split_at_blanks("Paris saw the dog in Rome .")
    for temperature in (1.0, 2.5):
        emissions, lengths = model.bulk.emissions([line.words])
        tagged = [span for _, span in tagged_spans(model.bulk.crf.decode(emissions, lengths), model.bulk.lexicon)]
        distribution = PathDistribution(model.bulk.crf, model.bulk.lexicon.tags, emissions, lengths, temperature)
        (found,) = annotate(model.bulk, [line], temperature)
        assert [span.confidence for span in found.spans] == pytest.approx(distribution.span_probabilities(tagged))
    (told,) = model.annotate([line.text], tokenised=True)
    (expected,) = annotate(model.bulk, [line], model.temperature)
    assert told == expected


def test_several_taggings_come_best_first_with_their_probabilities(model: TaggingModel) -> None:
    texts = ["the dog saw Paris .", "", "Rome"]
    found = model.annotate(texts, n_best=3)
    for sentence in found[::2]:
        probabilities = [path.probability for path in sentence.paths]
        assert sentence.paths[0].tags == sentence.tags and len(sentence.paths) == 3
        assert probabilities == sorted(probabilities, reverse=True) and sum(probabilities) <= 1.0
    assert [(path.tags, path.probability) for path in found[1].paths] == [([], 1.0)]
    assert [sentence.tags for sentence in found] == [sentence.tags for sentence in model.annotate(texts)]


def test_raw_text_is_tokenised(model: TaggingModel) -> None:
    text = "\u201cParis\u201d, he can\u2019t\u2026"
    (found,) = model.annotate([text])
    assert found.tokens == ["``", "Paris", "''", ",", "he", "ca", "n't", "..."]
    assert [text[start:end] for start, end in found.offsets][-2:] == ["n\u2019t", "\u2026"]


def test_a_sentence_of_2000_words_and_one_very_long_word(model: TaggingModel) -> None:
    long, spelled = model.annotate([" ".join(["the dog saw Paris"] * 500), "P" * 20_000], tokenised=True)
    assert len(long.tags) == 2000 and len(spelled.tags) == 1
    assert all(0.0 <= span.confidence <= 1.0 for span in long.spans)


def test_the_models_random_state_and_gradients_play_no_part(model: TaggingModel) -> None:
    before = torch.get_rng_state()
    first = model.annotate(["the dog saw Paris ."])
    assert torch.equal(torch.get_rng_state(), before) and model.annotate(["the dog saw Paris ."]) == first
    assert "paths" not in first[0].to_json()
    assert set(first[0].to_json()) == {"text", "tokens", "offsets", "tags", "spans"}
