"""Train, dev and test of a tagged corpus."""

import dataclasses
import random
from collections.abc import Sequence
from pathlib import Path

from ldnet.errors import InputError
from ldnet.text.columns import Sentence, read_conll
from ldnet.text.tags import spans, to_iobes
from pipeline.params import ConllParams
from pipeline.text.tag_scheme import Scheme, detect_scheme

Splits = dict[str, list[Sentence]]


def read_splits(raw: Path, params: ConllParams, seed: int) -> tuple[Splits, Scheme]:
    """Train, dev and test in IOBES, and the scheme they were in. Raises InputError for unusable files."""
    paths = {"train": raw / params.train, "dev": raw / params.dev, "test": raw / params.test}
    if not params.dev:
        del paths["dev"]
    elif not paths["dev"].exists() and paths["train"].exists():
        raise InputError(
            f"{paths['dev']}: no dev split; put it there, or hold sentences out of the training data: "
            "prepare_conll.dev: '' and prepare_conll.dev_sentences: 1000 in params.yaml"
        )
    read = {name: read_conll(path, params.word_column, params.tag_column) for name, path in paths.items()}
    _check_words(paths["train"], read["train"], params.word_column)
    try:
        scheme = detect_scheme({paths[name]: sentences for name, sentences in read.items()})
    except InputError as error:
        raise InputError(
            f"{error} (prepare_conll.tag_column is {params.tag_column}; all files must have one tag scheme)"
        ) from None
    splits = {
        name: [dataclasses.replace(sentence, tags=to_iobes(sentence.tags)) for sentence in sentences]
        for name, sentences in read.items()
    }
    if not params.dev:
        splits["train"], splits["dev"] = hold_out(splits["train"], params.dev_sentences, seed)
    if params.train_sentences:
        splits["train"] = draw(splits["train"], params.train_sentences, seed)
    return {name: splits[name] for name in ("train", "dev", "test")}, scheme


def _check_words(path: Path, sentences: Sequence[Sentence], column: int) -> None:
    """Raise InputError if the words are the numbers that many files have in a column before them."""
    if all(word.isdecimal() for sentence in sentences for word in sentence.words):
        first = sentences[0]
        raise InputError(
            f"{path}:{first.first_line}: {first.words[0]!r} is no word, and so in all lines: only numbers are in "
            f"column {column}; set prepare_conll.word_column to that of the words (columns count from 0)"
        )


def hold_out(sentences: Sequence[Sentence], number: int, seed: int) -> tuple[list[Sentence], list[Sentence]]:
    """The rest and a random sample of `number` sentences, both in the order of the file."""
    if number >= len(sentences):
        raise InputError(
            f"prepare_conll.dev_sentences: {number} cannot be held out of {len(sentences)} training sentences"
        )
    chosen = set(random.Random(seed).sample(range(len(sentences)), number))
    rest = [sentence for position, sentence in enumerate(sentences) if position not in chosen]
    return rest, [sentences[position] for position in sorted(chosen)]


def draw(sentences: Sequence[Sentence], number: int, seed: int) -> list[Sentence]:
    """`number` sentences drawn at random, in the order of the file; a larger draw has those of a smaller one, too."""
    if number > len(sentences):
        raise InputError(
            f"prepare_conll.train_sentences: {number}, but there are {len(sentences)} training sentences (0: all)"
        )
    order = list(range(len(sentences)))
    random.Random(seed).shuffle(order)
    return [sentences[position] for position in sorted(order[:number])]


def count(splits: Splits) -> dict[str, dict[str, int]]:
    """Sentences, words and spans of the splits, and how many spans are of a type that training does not show."""
    span_types = {
        name: [span.type for sentence in sentences for span in spans(sentence.tags)]
        for name, sentences in splits.items()
    }
    known = set(span_types["train"])
    return {
        "sentences": {name: len(sentences) for name, sentences in splits.items()},
        "words": {name: sum(len(sentence.words) for sentence in sentences) for name, sentences in splits.items()},
        "spans": {name: len(types) for name, types in span_types.items()},
        "spans_of_unseen_types": {name: sum(t not in known for t in span_types[name]) for name in ("dev", "test")},
    }
