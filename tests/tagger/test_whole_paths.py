"""Dev sentences in windows: their paths are those of the scores put together, whatever the batches."""

import pytest
import torch

from ldnet.text import windows as cutting
from ldnet.text.columns import Sentence
from pipeline.features.contextual import live_features
from pipeline.tagger.batches import collate, encode_sentence
from pipeline.tagger.scoring import span_scores
from pipeline.tagger.tagging_data import TaggingData
from pipeline.tagger.training import score_dev
from pipeline.tagger.whole_paths import WholePaths
from tests.brute_force import NAMES, make_crf
from tests.factories import make_bidirectional_lm, make_lexicon, make_sentences, make_tagger


def test_paths_are_those_of_the_scores_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "LONGEST_WHOLE", 8)
    monkeypatch.setattr(cutting, "OVERLAP", 2)
    crf, lengths = make_crf(), [3, 30, 8, 17]
    scores = [torch.randn(words + 1, len(NAMES), generator=torch.Generator().manual_seed(words)) for words in lengths]
    found = cutting.windows(lengths)
    paths = WholePaths(crf, found)
    order = sorted(range(len(found)), key=lambda number: (found[number].end - found[number].start, -number))
    for start in range(0, len(order), 3):
        batch = order[start : start + 3]
        parts = [scores[found[n].sentence][found[n].start : found[n].end + 1] for n in batch]
        padded = torch.nn.utils.rnn.pad_sequence(parts, batch_first=True, padding_value=99.0)
        paths.add(batch, padded, torch.tensor([len(part) for part in parts]))
    assert paths.paths() == [crf.decode(of.unsqueeze(0), torch.tensor([len(of)]))[0] for of in scores]


def test_dev_f1_is_that_of_whole_sentences() -> None:
    """An untrained tagger has forgotten a word after fewer words than windows overlap."""
    train = make_sentences(20)
    joined = Sentence(
        tuple(word for sentence in make_sentences(150, 1) for word in sentence.words),
        tuple(tag for sentence in make_sentences(150, 1) for tag in sentence.tags),
        1,
    )
    lexicon, lm = make_lexicon(train), make_bidirectional_lm()
    data = TaggingData(
        lexicon=lexicon,
        train=train,
        dev=[*make_sentences(10, 2), joined],
        encoded_train=[encode_sentence(sentence.words, sentence.tags, lexicon) for sentence in train],
    )
    assert len(data.windows) > len(data.dev)
    tagger = make_tagger(lexicon, sum(lm.widths))
    predicted = []
    for sentence in data.dev:
        batch = collate([encode_sentence(sentence.words, (), lexicon)])
        predicted.append(lexicon.tag_names(tagger.decode(batch, live_features(lm, [sentence.words])([0]))[0]))
    expected = span_scores([sentence.tags for sentence in data.dev], predicted)[0]
    assert score_dev(tagger, data, live_features(lm, data.words)) == expected
