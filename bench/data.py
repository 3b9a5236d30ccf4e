"""The data that every measurement reads: CoNLL-2000 if it has been brought, else the product's own grammar."""

import gzip
import itertools
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ldnet.files import read_json, write_bytes, write_json
from ldnet.text.columns import Sentence, write_conll
from ldnet.text.lm_words import END_OF_SENTENCE_ID, UNKNOWN_ID
from ldnet.text.tags import to_iobes
from pipeline.corpus.preparation import make_vocabulary
from pipeline.grammar.language import GeneratedLanguage
from pipeline.params import GrammarParams, Params
from pipeline.pretraining.encoded_corpus import Corpus, Ids
from pipeline.profiles import load_profile
from pipeline.tagger.tagging_data import TaggingData, load_tagging_data
from pipeline.text.lexicon_building import build_lexicon
from pipeline.text.splits import paths_of_splits, read_splits
from pipeline.text.word_vectors import no_vectors, read_word_vectors

ROOT = Path(__file__).parents[1]
RAW = Path("data/raw/conll2000")
DEV_SENTENCES = 2  # training scores a dev split after each epoch; a measurement wants that to cost nothing
GRAMMAR = GrammarParams(seed=1, train_sentences=4000, dev_sentences=10, test_sentences=10, lm_sentences=10)


def paper_params() -> Params:
    """The published sizes."""
    return load_profile(ROOT / "profiles", "paper")


def prepare_data(raw: Path, folder: Path) -> str:
    """Write what all measurements read to `folder`, its sentences in a random but fixed order; say what it is."""
    params = paper_params()
    if paths_of_splits(raw, params.prepare_conll)["train"][0].is_file():
        splits, _ = read_splits(raw, params.prepare_conll, params.seed)
        sentences, name = splits["train"], "CoNLL-2000"
        vectors = read_word_vectors(raw / params.prepare_conll.vectors)
        texts = {path.name: path.read_bytes() for path in raw.glob(params.prepare_corpus.text)}
    else:
        generated = GeneratedLanguage(GRAMMAR.seed).tagged_splits(GRAMMAR).train
        sentences = [
            Sentence(tuple(t.word for t in tokens), to_iobes([t.chunk for t in tokens]), 1) for tokens in generated
        ]
        vectors, name = no_vectors(), "generated sentences"
        lines = "".join(" ".join(sentence.words) + "\n" for sentence in sentences)
        texts = {"text.txt.gz": gzip.compress(lines.encode())}
    random.Random(params.seed).shuffle(sentences)
    build_lexicon(sentences, vectors).save(folder / "lexicon")
    write_conll(folder / "train.conll", sentences)
    write_conll(folder / "dev.conll", sentences[:DEV_SENTENCES])
    counts = Counter(word for sentence in sentences for word in sentence.words)
    write_json(folder / "vocabulary.json", make_vocabulary(counts, min_count=1))
    for file, text in texts.items():
        write_bytes(folder / "raw" / "lm" / file, text)
    return name


@dataclass(frozen=True)
class BenchData:
    """The sentences with their lexicon, and the language models' vocabulary."""

    tagging: TaggingData
    vocabulary: list[str]

    @classmethod
    def load(cls, folder: Path) -> "BenchData":
        """Read what `prepare_data` wrote."""
        return cls(load_tagging_data(folder), read_json(folder / "vocabulary.json"))

    def slice(self, sentences: int) -> TaggingData:
        """The first `sentences` training sentences (all, if there are fewer) and the dev sentences."""
        data = self.tagging
        return TaggingData(data.lexicon, data.train[:sentences], data.dev, data.encoded_train[:sentences])

    def words(self, sentences: int) -> list[tuple[str, ...]]:
        """The words of so many sentences, from the first one again after the last."""
        return [s.words for s in itertools.islice(itertools.cycle(self.tagging.train), sentences)]

    def ids(self) -> Ids:
        """All sentences as the language models read them."""
        index = {word: number for number, word in enumerate(self.vocabulary)}
        ids = [
            token
            for sentence in self.tagging.train
            for token in (*(index.get(word, UNKNOWN_ID) for word in sentence.words), END_OF_SENTENCE_ID)
        ]
        return np.array(ids, dtype=np.int32)

    def corpus(self, tokens: int) -> Corpus:
        """A training corpus of one shard with so many tokens, from the first one again after the last."""
        shard = np.resize(self.ids(), tokens)
        return Corpus(self.vocabulary, [shard], shard[:0], np.zeros((0, 0), np.float32))
