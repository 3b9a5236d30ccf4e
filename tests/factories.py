"""Small language models, lexicons and sentences for the tests."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from ablations.stacked_lstm import StackedLanguageModel
from ldnet.text.columns import Sentence, write_conll
from ldnet.text.lexicon import Lexicon
from pipeline.features.contextual import BidirectionalLM
from pipeline.language_model.model import LanguageModel, LMConfig, save_language_model
from pipeline.params import HardConcreteParams, LMParams, SelectParams, TaggerParams
from pipeline.profiles import load_profile
from pipeline.tagger.batches import encode_sentence
from pipeline.tagger.model import Tagger, configure, initialise
from pipeline.tagger.tagging_data import TaggingData
from pipeline.text.lexicon_building import build_lexicon
from pipeline.text.word_vectors import no_vectors
from tests.imports import ROOT

BASE = load_profile(ROOT / "profiles", "demo")  # has the keys on which a test does not depend
WORDS = ["<unk>", "\n", "the", "a", "cat", "dog", "Paris", "Rome", "saw", "in", "."]


def make_lm_params(**changes: object) -> LMParams:
    values: dict[str, object] = {
        "layers": 2,
        "units": 4,
        "embedding": 5,
        "projection": 8,
        "cutoffs": [4, 8],
        "dropout": 0.1,
        "layer_dropout": 0.5,
        "streams": 4,
        "steps": 5,
        "epochs": 2,
        "learning_rate": 0.01,
        "warmup_steps": 3,
        "clip_norm": 5.0,
        "precision": "float32",
    }
    return LMParams.model_validate({**BASE.pretrain_lm.model_dump(), **values, **changes})


def make_language_model(layers: int = 3, seed: int = 0) -> LanguageModel:
    torch.manual_seed(seed)
    config = LMConfig(
        vocabulary_size=len(WORDS),
        embedding=5,
        units=4,
        layers=layers,
        projection=8,
        cutoffs=[4, 8],
        dropout=0.1,
        layer_dropout=0.5,
    )
    model = LanguageModel(config).eval()
    torch.nn.init.normal_(model.embedding.weight)
    return model


def make_stacked_language_model(layers: int = 3, seed: int = 0, residual: bool = False) -> StackedLanguageModel:
    torch.manual_seed(seed)
    config = replace(make_language_model().config, units=5, layers=layers, layer_dropout=0.0)
    model = StackedLanguageModel(config, residual).eval()
    torch.nn.init.normal_(model.embedding.weight)
    return model


def make_bidirectional_lm(layers: int = 3) -> BidirectionalLM:
    return BidirectionalLM(make_language_model(layers, 1), make_language_model(layers, 2), WORDS)


def write_prepared(folder: Path, sentences: Mapping[str, Sequence[Sentence]], lm: Path) -> Lexicon:
    """What prepare_conll writes (splits by name, the lexicon of the first one) and two language models."""
    for split, of_split in sentences.items():
        write_conll(folder / f"{split}.conll", of_split)
    lexicon = make_lexicon(next(iter(sentences.values())))
    lexicon.save(folder / "lexicon")
    for direction, seed in (("forward", 1), ("backward", 2)):
        save_language_model(make_language_model(seed=seed), WORDS, lm / direction)
    return lexicon


def make_sentences(count: int, seed: int = 0) -> list[Sentence]:
    """Sentences in which capitalised words are entities; lengths from 1 to 9 words."""
    rng = random.Random(seed)
    sentences = []
    for _ in range(count):
        words = tuple(rng.choice(WORDS[2:]) for _ in range(rng.randint(1, 9)))
        sentences.append(Sentence(words, tuple("S-LOC" if word[0].isupper() else "O" for word in words), 1))
    return sentences


def make_tagger_params(**changes: object) -> TaggerParams:
    values: dict[str, object] = {
        "seeds": [1, 2],
        "word_dimension": 6,
        "character_dimension": 4,
        "character_units": 5,
        "word_units": 7,
        "dropout": 0.2,
        "lm_dropout": 0.1,
        "lm_norm": True,
        "unknown_dropout": 0.1,
        "batch_sentences": 8,
        "epochs": 3,
        "optimizer": "adam",
        "learning_rate": 0.02,
        "word_rate": 0.5,
        "clip_norm": 5.0,
        "precision": "float32",
    }
    return TaggerParams.model_validate({**BASE.train_tagger.model_dump(), **values, **changes})


def make_select_params(**changes: object) -> SelectParams:
    values: dict[str, object] = {
        "method": "gates",
        "strength": 0.05,
        "regulariser": "r3",
        "cost_weighted": False,
        "max_layers": 2,
        "epochs": 4,
        "enforce_epoch": 2,
        "learning_rate": 0.01,
        "gate_learning_rate": 0.1,
        "batches_per_gate_step": 1,
        "hard_concrete": HardConcreteParams(learning_rate=0.2, multiplier_learning_rate=0.02),
        "random_seed": 1,
        "precision": "float32",
    }
    return SelectParams.model_validate({**BASE.select.model_dump(), **values, **changes})


def make_lexicon(sentences: Sequence[Sentence]) -> Lexicon:
    return build_lexicon(sentences, no_vectors())


def make_data(train: int = 40, dev: int = 20) -> TaggingData:
    train_sentences, dev_sentences = make_sentences(train, 1), make_sentences(dev, 2)
    lexicon = make_lexicon(train_sentences)
    return TaggingData(
        lexicon=lexicon,
        train=train_sentences,
        dev=dev_sentences,
        encoded_train=[encode_sentence(sentence.words, sentence.tags, lexicon) for sentence in train_sentences],
    )


def make_tagger(lexicon: Lexicon, lm_features: int = 0, seed: int = 0, **params: object) -> Tagger:
    torch.manual_seed(seed)
    tagger = Tagger(configure(make_tagger_params(**params), lexicon, lm_features))
    initialise(tagger, lexicon)
    torch.nn.init.normal_(tagger.crf.transitions)
    if lm_features:
        for weight in tagger.lm_norm.parameters():  # which would do nothing as they start
            torch.nn.init.normal_(weight, 1.0, 0.5)
    return tagger.eval()
