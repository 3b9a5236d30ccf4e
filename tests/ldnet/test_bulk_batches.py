"""Bulk batches hold what looking up sentence by sentence gives."""

import pytest
import torch

from ldnet.decoding.bulk_batches import BulkEncoder
from pipeline.features.contextual import BidirectionalLM
from pipeline.tagger.batches import encode_sentence
from tests.factories import make_bidirectional_lm, make_lexicon, make_sentences

KNOWN = make_sentences(12)
LEXICON = make_lexicon(KNOWN)
SENTENCES = [*(sentence.words for sentence in KNOWN), ("neverseen", "Neverseen", "é漢"), (KNOWN[0].words[0],)]


@pytest.mark.parametrize("lm", [None, make_bidirectional_lm(1)])
def test_batches_hold_what_sentences_alone_give(lm: BidirectionalLM | None) -> None:
    encoder = BulkEncoder(LEXICON, lm.vocabulary if lm else [])
    for sentences in (SENTENCES, SENTENCES[::-1], SENTENCES[:1]):  # the second time, words are remembered
        batch = encoder.encode(sentences)
        plain = [encode_sentence(words, (), LEXICON) for words in sentences]
        assert batch.word_ids[batch.rows].tolist() == [word for sentence in plain for word in sentence.words]
        assert batch.lengths.tolist() == [len(sentence.words) for sentence in plain]
        assert batch.characters.tolist() == [number for sentence in plain for number in sentence.characters]
        assert batch.character_lengths.tolist() == [len(sentence.characters) for sentence in plain]
        offset, starts, ends = 0, [], []
        for sentence in plain:
            starts += [offset + start for start in sentence.starts]
            ends += [offset + end for end in sentence.ends]
            offset += len(sentence.characters)
        assert batch.starts.tolist() == starts and batch.ends.tolist() == ends
        if lm is not None:
            assert batch.tokens[batch.rows].tolist() == [
                token for words in sentences for token in lm.known.encode(words)
            ]


def test_values_are_padded_with_zeros() -> None:
    batch = BulkEncoder(LEXICON, []).encode([("a", "b"), ("c",)])
    padded = batch.pad(torch.arange(1, 6).unsqueeze(1))
    assert padded.squeeze(2).tolist() == [[1, 2, 3], [4, 5, 0]]
