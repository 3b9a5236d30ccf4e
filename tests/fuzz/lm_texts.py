"""Text of the language models, through the whole of `prepare_corpus` and the sample of `prepare_unlabelled`."""

import json
import shutil
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from ldnet.text.lines import read_lines
from ldnet.text.lm_words import END_OF_SENTENCE, UNKNOWN
from pipeline.corpus.preparation import prepare
from pipeline.corpus.text_parts import read_parts
from pipeline.corpus.unlabelled import sample_sentences
from pipeline.pretraining.encoded_corpus import load
from tests.factories import BASE, make_sentences
from tests.fuzz.cases import Case, InputClass, put
from tests.fuzz.mutations import Draw, mutated

PARAMS = BASE.prepare_corpus.model_copy(update={"text": "lm/*.txt*", "min_count": 1, "heldout_sentences": 2})
TOKENS = ["<unk>", "</s>", "a\tb", "{", '["', "<html>", "word,tag", "a O", "#", "\n\n\n", "Rome .\n"]


@cache
def starts() -> Mapping[str, bytes]:
    """A dozen sentences."""
    lines = [" ".join(sentence.words) for sentence in make_sentences(12, 3)]
    return {"lm/a.txt": "".join(f"{number} {line}\n" for number, line in enumerate(lines)).encode()}


@st.composite
def _sentences(draw: Draw) -> Case:
    """Lines of any words."""
    word = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs"]), min_size=1, max_size=5)
    lines = draw(st.lists(st.lists(word, max_size=6), max_size=4))
    text = "\n".join(" ".join(words) for words in lines)
    return Case("lm/a.txt", starts()["lm/a.txt"] + text.encode())


def cases() -> st.SearchStrategy[Case]:
    """More sentences, and changed files."""
    return st.one_of(_sentences(), *[mutated(starts, TOKENS)] * 3)


def read(case: Case, folder: Path) -> None:
    """Encode it: training and held-out words together must be those of the text, in whichever parts it is read."""
    for name in ("corpus", "parts"):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "lm").mkdir(exist_ok=True)
    (folder / "parts").mkdir()
    with put(folder, case, starts()[case.file]) as path:
        said: list[str] = []
        measured = prepare(
            folder, set(), folder / "corpus", PARAMS, 1, folder / "parts", 1, 64, [("the", "cat")], said.append
        )
        sentences = [line.split() for line in read_lines(path) if line.split()]
        parts = [s for part in read_parts([path], 50) for piece in part for s in piece.sentences()]
        sample = sample_sentences([path], set(), 3, 1)
    assert not [line for line in said if "\n" in line], said
    assert parts == [b" ".join(words) for words in sentences]
    assert {*sample} <= {sentence.decode() for sentence in parts}
    corpus = load(folder / "corpus")
    assert measured["sentences_read"] == len(sentences)
    json.dumps(measured, allow_nan=False)
    # Copies of a held-out sentence are neither held out twice nor trained on.
    held_out = sentences_of(corpus.heldout, corpus.vocabulary)
    trained = sum((sentences_of(shard, corpus.vocabulary) for shard in corpus.shards), Counter[tuple[str, ...]]())
    known = set(corpus.vocabulary) - {UNKNOWN, END_OF_SENTENCE}
    expected = Counter(tuple(w if w in known else UNKNOWN for w in b" ".join(s).decode().split(" ")) for s in sentences)
    assert not trained & held_out or any(UNKNOWN in sentence for sentence in held_out)
    assert len(held_out) == 2 or sum(held_out.values()) == 2
    assert set(trained) | set(held_out) == set(expected)
    assert all(expected[sentence] >= times for sentence, times in trained.items())
    assert trained.total() == measured["train_sentences"]


def sentences_of(ids: np.ndarray, vocabulary: list[str]) -> Counter[tuple[str, ...]]:
    """The sentences of a shard, each without its end."""
    words = [vocabulary[number] for number in ids.tolist()]
    found: Counter[tuple[str, ...]] = Counter()
    start = 0
    for position, word in enumerate(words):
        if word == END_OF_SENTENCE:
            found[tuple(words[start:position])] += 1
            start = position + 1
    return found


CLASS = InputClass(name="LM text", starts=starts, cases=cases, read=read)
