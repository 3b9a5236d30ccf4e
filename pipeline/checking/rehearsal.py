"""What the stages would read, as far as it takes to time their first steps: small, and with untrained weights."""

import math
import time
from dataclasses import dataclass
from pathlib import Path

from ldnet.files import write_json
from ldnet.processors import processors
from ldnet.text.columns import write_conll
from pipeline.checking.lm_sentences import LMSentences
from pipeline.checking.tagged_sentences import TaggedSentences
from pipeline.corpus.numbered_parts import END, NumberedPart
from pipeline.corpus.preparation import prepare
from pipeline.features.contextual import BidirectionalLM
from pipeline.language_model.model import LanguageModel, save_language_model
from pipeline.params import Params
from pipeline.pretraining import lm_training as pretraining
from pipeline.tagger.model import Tagger, configure, initialise, save_tagger
from pipeline.text.lexicon_building import build_lexicon
from pipeline.text.word_vectors import WordVectors, no_vectors


@dataclass(frozen=True)
class Rehearsal:
    """Which share of the text its corpus has, the seconds that encoding so much took, and how many tags there are."""

    share: float
    encoding: float
    tags: int


def write_rehearsal(
    folder: Path, params: Params, sentences: TaggedSentences, vectors: WordVectors | None, text: LMSentences
) -> Rehearsal:
    """Write folder/conll, folder/corpus, folder/lm and folder/tagger. Raises InputError as the stages would."""
    splits = sentences.splits
    for name, split in splits.items():
        write_conll(folder / "conll" / f"{name}.conll", split)
    lexicon = build_lexicon(splits["train"], vectors or no_vectors(), params.prepare_conll.digits_as_zero)
    lexicon.save(folder / "conll" / "lexicon")
    share, encoding = _write_corpus(folder, params, text)
    models = [LanguageModel(pretraining.configure(params.pretrain_lm, len(text.vocabulary))) for _ in range(2)]
    for name, model in zip(("forward", "backward"), models, strict=True):
        save_language_model(model, text.vocabulary, folder / "lm" / name)
    width = sum(BidirectionalLM(models[0], models[1], text.vocabulary).widths)
    tagger = Tagger(configure(params.train_tagger, lexicon, width))
    initialise(tagger, lexicon)
    save_tagger(tagger, folder / "tagger" / f"seed-{params.train_tagger.seeds[0]}")
    return Rehearsal(share, encoding, len(lexicon.tags))


def _write_corpus(folder: Path, params: Params, text: LMSentences) -> tuple[float, float]:
    """Encode the first parts of the text, with the vocabulary of all of it: which share of it, and in how long."""
    (folder / "raw" / "lm").mkdir(parents=True)
    sample = "".join(_written(part) for part in text.first)
    (folder / "raw" / "lm" / "sample.txt").write_text(sample, encoding="utf-8", newline="\n")
    sentences = sum(len(part.ranks) for part in text.first)
    held_out = math.ceil(
        params.prepare_corpus.heldout_sentences * min(1.0, sentences * text.share / (text.read - text.dropped))
    )
    corpus = params.prepare_corpus.model_copy(
        update={"text": "lm/*.txt", "vectors": "", "other_tests": "", "heldout_sentences": held_out}
    )
    started = time.perf_counter()
    statistics = prepare(
        folder / "raw", set(), folder / "corpus", corpus, params.seed, folder / "scratch", processors()
    )
    seconds = time.perf_counter() - started
    if statistics["vocabulary"] < len(text.vocabulary):
        write_json(folder / "corpus" / "vocabulary.json", text.vocabulary)
    return min(1.0, statistics["train_tokens"] / text.tokens), seconds


def _written(part: NumberedPart) -> str:
    """The sentences of a part as text, a line each."""
    words = [*part.words]
    words[END] = "\n"
    return " ".join(words[number] for number in part.numbers.tolist()).replace(" \n ", "\n").replace(" \n", "\n")
