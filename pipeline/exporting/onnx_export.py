"""The ONNX part of a model folder: the graph in float32 and in 8-bit integers, its vocabulary, and what runs it."""

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic

from ldnet.adapters import onnx_runner
from ldnet.adapters.onnx_runner import BATCH_SENTENCES, GRAPHS, VOCABULARY, OnnxTagger
from ldnet.decoding.bulk_tagger import BulkTagger
from ldnet.errors import InputError
from ldnet.files import write_bytes, write_json
from ldnet.text.columns import Sentence
from ldnet.text.lexicon import PADDING_ID, SEPARATOR_ID, SPECIAL_CHARACTERS, SPECIAL_WORDS, UNKNOWN_ID, Lexicon
from ldnet.text.lm_words import END_OF_SENTENCE_ID, TREEBANK_ESCAPES
from ldnet.text.lm_words import UNKNOWN_ID as UNKNOWN_TOKEN
from pipeline.evaluation.finished import bulk_tagger
from pipeline.exporting.onnx_graph import EMISSIONS, tagger_graph
from pipeline.features.contextual import BidirectionalLM, load_bidirectional_lm
from pipeline.tagger.batches import sorted_batches
from pipeline.tagger.model import Tagger, load_tagger
from pipeline.tagger.scoring import span_scores

ONNX_FOLDER, RUNNER = "onnx", "tag.py"
DIFFERENCE_LIMIT = 1e-4


def export_onnx(model: Path, dev: Sequence[Sentence]) -> dict[str, Any]:
    """Write `model`/onnx from the tagger in the folder `model`; what was measured on the dev sentences.

    Raises InputError if a score of the float32 graph differs by more than DIFFERENCE_LIMIT from that of the tagger.
    """
    has_lm = (model / "lm").is_dir()
    tagger, lm = load_tagger(model / "tagger"), load_bidirectional_lm(model / "lm") if has_lm else None
    lexicon, folder = Lexicon.load(model / "lexicon"), model / ONNX_FOLDER
    write_bytes(folder / GRAPHS["float32"], tagger_graph(tagger, lm).SerializeToString())
    _quantise(folder / GRAPHS["float32"], folder / GRAPHS["int8"])
    write_json(folder / VOCABULARY, _vocabulary(tagger, lm, lexicon), read_again=False)
    shutil.copyfile(onnx_runner.__file__, folder / RUNNER)
    return _measure(folder, bulk_tagger(tagger, lm, lexicon), dev)


def _quantise(graph: Path, out: Path) -> None:
    """Weights of recurrent layers and products in 8-bit integers, row by row; those of the CRF stay as they are.

    Seven of the eight bits are used: with all, processors without VNNI instructions can overflow.
    """
    log = logging.getLogger()
    level = log.level
    log.setLevel(logging.ERROR)  # it advises to simplify the graph first, in which nothing can be
    try:
        quantize_dynamic(
            graph,
            out,
            op_types_to_quantize=["LSTM", "MatMul"],
            nodes_to_exclude=[f"{EMISSIONS}_product"],
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
        )
    finally:
        log.setLevel(level)
    onnx.checker.check_model(str(out))


def _vocabulary(tagger: Tagger, lm: BidirectionalLM | None, lexicon: Lexicon) -> dict[str, Any]:
    """Ids of words, characters and tokens by their forms; tags by their ids; the CRF's transitions (from, to)."""
    return {
        "words": {form: number for number, form in enumerate(lexicon.words) if number >= len(SPECIAL_WORDS)},
        "digits_as_zero": lexicon.digits_as_zero,
        "characters": {
            form: number for number, form in enumerate(lexicon.characters) if number >= len(SPECIAL_CHARACTERS)
        },
        "tokens": lm.known.index if lm else None,
        "escapes": TREEBANK_ESCAPES,
        "tags": lexicon.tag_names(range(len(lexicon.tags))),
        "transitions": tagger.crf.transitions.tolist(),
        "ids": {
            "padding": PADDING_ID,
            "unknown": UNKNOWN_ID,
            "separator": SEPARATOR_ID,
            "end_of_sentence": END_OF_SENTENCE_ID,
            "unknown_token": UNKNOWN_TOKEN,
            "start_tag": tagger.crf.start,
            "end_tag": tagger.crf.end,
        },
    }


def _measure(folder: Path, bulk: BulkTagger, dev: Sequence[Sentence]) -> dict[str, Any]:
    """Dev F1 of both graphs in percent, and the largest difference of a score in float32."""
    words, gold = [sentence.words for sentence in dev], [sentence.tags for sentence in dev]
    graph = OnnxTagger(folder)
    difference = max(
        largest_difference(graph, bulk, [words[index] for index in batch])
        for batch in sorted_batches(dev, BATCH_SENTENCES)
    )
    if not difference <= DIFFERENCE_LIMIT:
        raise InputError(f"{folder}: scores of the ONNX graph differ by {difference:.1e}, expected {DIFFERENCE_LIMIT}")
    scores = {name: span_scores(gold, OnnxTagger(folder, name).tag(words))[0] for name in GRAPHS}
    return {
        "dev_f1": {name: round(score, 4) for name, score in scores.items()},
        "dev_sentences": len(dev),
        "largest_score_difference": float(f"{difference:.1e}"),
    }


def largest_difference(graph: OnnxTagger, bulk: BulkTagger, sentences: Sequence[Sequence[str]]) -> float:
    """Of an emission score of these sentences in one batch, the largest absolute difference."""
    scores, lengths = graph.emissions(sentences)
    expected, _ = bulk.emissions(sentences)
    inside = np.arange(scores.shape[1]) < lengths[:, None]
    return float(np.abs(scores - expected.numpy())[inside].max())
