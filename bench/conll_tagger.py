"""A pruned tagger of the published CoNLL-2000 size with random weights, as a model folder, and sentences to tag.

Speed does not depend on what the weights are. Widths come from profiles/conll2000.yaml, the layers kept from
results/conll2000/results.json, and the number of words that the language models know from metrics/prepare_corpus.json
there. The lexicon has about as many words as the published one.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.models import NEVER, SEED
from ldnet.files import read_json
from ldnet.text.columns import Sentence
from ldnet.text.tags import to_iobes
from pipeline.exporting.model_export import ModelDescription, ModelSource, export_model
from pipeline.features.contextual import BidirectionalLM
from pipeline.language_model.model import LanguageModel, LMConfig, save_language_model
from pipeline.profiles import load_profile
from pipeline.pruning.pruning import prune_bidirectional_lm
from pipeline.tagger.model import Tagger, configure, initialise, save_tagger
from pipeline.text.lexicon_building import build_lexicon
from pipeline.text.raw_columns import read_columns
from pipeline.text.word_vectors import WordVectors

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "results" / "conll2000"
VECTORS = 88_000  # words that have a vector, among them those of the sentences


def read_sentences(file: Path) -> list[Sentence]:
    """The sentences of a CoNLL-2000 file in IOBES."""
    found = read_columns(file, 0, 2).sentences
    return [Sentence(sentence.words, to_iobes(sentence.tags), sentence.lines[0]) for sentence in found]


def make_model(sentences: list[Sentence], folder: Path, work: Path) -> None:
    """Write the model folder; its parts go to `work` first. Its words come from the sentences, or are made up."""
    profile, row = load_profile(ROOT / "profiles", "conll2000"), _published_row()
    words = sorted({word for sentence in sentences for word in sentence.words})
    torch.manual_seed(SEED)
    known = _filled([word.lower() for word in words], VECTORS)
    vectors = WordVectors(
        {word: number for number, word in enumerate(known)}, torch.randn(len(known), 100).numpy().astype(np.float32)
    )
    lexicon = build_lexicon(sentences, vectors)
    lexicon.save(work / "lexicon")
    lm = _pruned_language_models(_filled(["<unk>", "\n", *words], _published_words()), row["layers_kept"])
    params = profile.train_tagger.model_copy(update={"lm_norm": False})  # which older commits cannot read
    tagger = Tagger(configure(params, lexicon, sum(lm.widths)))
    initialise(tagger, lexicon)
    torch.nn.init.normal_(tagger.crf.transitions)
    with torch.no_grad():
        tagger.crf.hidden2tag.bias[[tagger.config.start_tag, tagger.config.end_tag]] = NEVER
    save_tagger(tagger, work / "tagger")
    for direction, model in (("forward", lm.forward_lm), ("backward", lm.backward_lm)):
        save_language_model(model, lm.vocabulary, work / "lm" / direction)
    source = ModelSource(lexicon=work / "lexicon", tagger=work / "tagger", lm=work / "lm", dev=None)
    export_model(source, _description(row), folder)


def _published_row() -> dict[str, Any]:
    """The row of the pruned tagger that is trained on gold tags."""
    rows = read_json(RESULTS / "results.json")["rows"]
    (row,) = (row for row in rows if (row["variant"], row["training"]) == ("pruned", "gold"))
    return dict(row)


def _published_words() -> int:
    """How many words the published language models know."""
    return int(read_json(RESULTS / "metrics" / "prepare_corpus.json")["vocabulary"])


def _filled(words: list[str], count: int) -> list[str]:
    """The different ones of the words, with made-up ones so that there are so many."""
    different = list(dict.fromkeys(words))
    return [*different, *(f"<word {number}>" for number in range(count - len(different)))]


def _pruned_language_models(vocabulary: list[str], layers_kept: dict[str, list[int]]) -> BidirectionalLM:
    params = load_profile(ROOT / "profiles", "conll2000").pretrain_lm
    config = LMConfig(
        vocabulary_size=len(vocabulary),
        embedding=params.embedding,
        units=params.units,
        layers=params.layers,
        projection=1,
        cutoffs=[len(vocabulary) - 1],
        dropout=params.dropout,
        layer_dropout=params.layer_dropout,
    )
    gates = {direction: torch.zeros(params.layers) for direction in layers_kept}
    for direction, layers in layers_kept.items():
        gates[direction][layers] = 1.0
    lm, _ = prune_bidirectional_lm(BidirectionalLM(LanguageModel(config), LanguageModel(config), vocabulary), gates)
    return lm


def _description(row: dict[str, Any]) -> ModelDescription:
    return ModelDescription(
        data="conll2000",
        profile="conll2000",
        tagger="pruned",
        seed=SEED,
        seeds=[SEED],
        dev_f1=0.0,
        dev_f1_of_seeds=[0.0],
        test_f1=0.0,
        test_f1_of_seeds=[0.0],
        test_f1_mean=0.0,
        lm_layers=10,
        layers_kept=row["layers_kept"],
        macs_per_word=row["macs_per_word"],
        parameters=row["parameters"],
        generated=False,
        data_and_licence="random weights",
        export_commit=None,
    )
