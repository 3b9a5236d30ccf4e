"""Bulk batches hold what looking up sentence by sentence gives."""

import pytest
import torch

from pipeline.language_model.features import BidirectionalLM, pad_tokens
from pipeline.tagger.batches import collate, encode_sentence
from pipeline.tagger.bulk_batches import BulkEncoder
from tests.factories import make_bidirectional_lm, make_lexicon, make_sentences

KNOWN = make_sentences(12)
LEXICON = make_lexicon(KNOWN)
SENTENCES = [*(sentence.words for sentence in KNOWN), ("neverseen", "Neverseen", "é漢"), (KNOWN[0].words[0],)]


@pytest.mark.parametrize("lm", [None, make_bidirectional_lm(1)])
def test_padded_batches_are_the_plain_ones(lm: BidirectionalLM | None) -> None:
    encoder = BulkEncoder(LEXICON, lm)
    for sentences in (SENTENCES, SENTENCES[::-1], SENTENCES[:1]):  # the second time, words are remembered
        batch = encoder.encode(sentences)
        plain, found = collate([encode_sentence(words, (), LEXICON) for words in sentences]), batch.padded()
        for name in ("words", "lengths", "characters", "character_lengths"):
            torch.testing.assert_close(getattr(found, name), getattr(plain, name), rtol=0, atol=0)
        inside = torch.arange(len(plain.words)).unsqueeze(1) < plain.lengths  # padded places are never read
        for name in ("starts", "ends"):
            torch.testing.assert_close(getattr(found, name)[inside], getattr(plain, name)[inside], rtol=0, atol=0)
        if lm is not None:
            tokens, _ = pad_tokens([lm.encode(words) for words in sentences])
            torch.testing.assert_close(batch.padded_tokens(), tokens, rtol=0, atol=0)


def test_values_are_padded_with_zeros() -> None:
    batch = BulkEncoder(LEXICON, None).encode([("a", "b"), ("c",)])
    padded = batch.pad(torch.arange(1, 6).unsqueeze(1))
    assert padded.squeeze(2).tolist() == [[1, 2, 3], [4, 5, 0]]
