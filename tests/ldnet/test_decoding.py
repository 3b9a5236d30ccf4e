"""Bulk tagging gives what the plain tagger gives, in every precision and whatever the batches."""

import pytest
import torch

from ldnet.decoding import bulk_tagger as decoding
from ldnet.decoding.precision import DecodingPrecision
from pipeline.evaluation.finished import bulk_tagger
from pipeline.features.contextual import BidirectionalLM, live_features
from pipeline.tagger.batches import collate, encode_sentence
from pipeline.tagger.model import Tagger
from tests.factories import make_bidirectional_lm, make_lexicon, make_sentences, make_tagger

SENTENCES = [sentence.words for sentence in make_sentences(30)]
LEXICON = make_lexicon(make_sentences(30))
TOLERANCES: dict[DecodingPrecision, float] = {"float32": 1e-5, "int8": 0.15}


def make_models(layers: int = 3) -> tuple[Tagger, BidirectionalLM]:
    lm = make_bidirectional_lm(layers)
    return make_tagger(LEXICON, sum(lm.widths)), lm


@torch.no_grad()
def plain_emissions(tagger: Tagger, lm: BidirectionalLM | None, index: int) -> torch.Tensor:
    features = live_features(lm, SENTENCES)([index]) if lm else None
    return tagger.emissions(collate([encode_sentence(SENTENCES[index], (), LEXICON)]), features)


@pytest.mark.parametrize("precision", TOLERANCES)
@pytest.mark.parametrize("layers", [None, 0, 1, 3])
def test_scores_are_those_of_the_plain_tagger(precision: DecodingPrecision, layers: int | None) -> None:
    tagger, lm = (make_tagger(LEXICON), None) if layers is None else make_models(layers)
    emissions, lengths = bulk_tagger(tagger, lm, LEXICON, precision).emissions(SENTENCES)
    assert emissions.dtype == torch.float32
    for index, length in enumerate(lengths.tolist()):
        expected = plain_emissions(tagger, lm, index)[0, :length]
        torch.testing.assert_close(emissions[index, :length], expected, atol=TOLERANCES[precision], rtol=0)


@pytest.mark.parametrize("batch_words", [1, 20, 10_000])
def test_tags_come_in_the_order_of_the_sentences(batch_words: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "BATCH_WORDS", batch_words)
    tagger, lm = make_models()
    expected = [
        LEXICON.tag_names(tagger.crf.decode(plain_emissions(tagger, lm, index), torch.tensor([len(words) + 1]))[0])
        for index, words in enumerate(SENTENCES)
    ]
    assert bulk_tagger(tagger, lm, LEXICON).tag(SENTENCES) == expected


@pytest.mark.parametrize("threads", [1, 3])
def test_any_number_of_threads_reads_the_sentences_in_order(threads: int) -> None:
    tagger, lm = make_models()
    sentences = [(), *SENTENCES]
    found = bulk_tagger(tagger, lm, LEXICON, threads=threads).read(sentences, lambda _, lengths: lengths.tolist())
    assert found == [None, *(len(words) + 1 for words in SENTENCES)]


def test_sentences_without_words_have_no_tags() -> None:
    tagger, lm = make_models()
    bulk = bulk_tagger(tagger, lm, LEXICON)
    alone = bulk.tag([SENTENCES[0]])
    assert bulk.tag([]) == [] and bulk.tag([(), SENTENCES[0], ()]) == [[], *alone, []]


def test_the_models_given_are_left_as_they_are() -> None:
    tagger, lm = make_models()
    before = {name: weight.clone() for name, weight in [*tagger.state_dict().items(), *lm.state_dict().items()]}
    bulk_tagger(tagger, lm, LEXICON, "int8").tag(SENTENCES)
    for name, weight in [*tagger.state_dict().items(), *lm.state_dict().items()]:
        assert weight.dtype == before[name].dtype and torch.equal(weight, before[name])
