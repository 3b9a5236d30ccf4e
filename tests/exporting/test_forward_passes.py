"""The tagger has three forward passes: of training, of decoding, of ONNX. They give the same scores."""

from pathlib import Path

import pytest
import torch

from ldnet.adapters.onnx_runner import GRAPHS, VOCABULARY, OnnxTagger
from ldnet.files import write_bytes, write_json
from pipeline.evaluation.finished import bulk_tagger
from pipeline.exporting.onnx_export import _vocabulary
from pipeline.exporting.onnx_graph import tagger_graph
from pipeline.features.contextual import live_features
from pipeline.tagger.batches import collate, encode_sentence
from tests.factories import make_bidirectional_lm, make_lexicon, make_sentences, make_tagger

SENTENCES = [*(sentence.words for sentence in make_sentences(12)), ("neverseen", "1996-08-22", "é漢"), ("a",)]
LEXICON = make_lexicon(make_sentences(30))


@torch.no_grad()
@pytest.mark.parametrize(("layers", "lm_norm"), [(None, True), (0, True), (3, True), (3, False)])
def test_all_three_score_alike(layers: int | None, lm_norm: bool, tmp_path: Path) -> None:
    lm = None if layers is None else make_bidirectional_lm(layers)
    tagger = make_tagger(LEXICON, sum(lm.widths) if lm else 0, lm_norm=lm_norm)

    batch = collate([encode_sentence(words, (), LEXICON) for words in SENTENCES])
    features = live_features(lm, SENTENCES)(range(len(SENTENCES))) if lm else None
    of_training = tagger.emissions(batch, features)

    of_decoding, lengths = bulk_tagger(tagger, lm, LEXICON).emissions(SENTENCES)

    write_bytes(tmp_path / GRAPHS["float32"], tagger_graph(tagger, lm).SerializeToString())
    write_json(tmp_path / VOCABULARY, _vocabulary(tagger, lm, LEXICON))
    of_onnx = torch.from_numpy(OnnxTagger(tmp_path).emissions(SENTENCES)[0])

    for row, length in enumerate(lengths.tolist()):
        for other in (of_decoding, of_onnx):
            torch.testing.assert_close(other[row, :length], of_training[row, :length], atol=1e-5, rtol=0)
