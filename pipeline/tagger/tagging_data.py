"""The sentences that taggers learn from and are scored on, as prepare_conll and prepare_unlabelled wrote them.

The test split is never seen here.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ldnet.errors import InputError, written_by
from ldnet.text.columns import Sentence, read_conll, read_unlabelled
from ldnet.text.lexicon import Lexicon
from ldnet.text.windows import Window, windows
from pipeline.execution.stored import check_numbers
from pipeline.tagger.batches import EncodedSentence, encode_sentence

UNLABELLED = "unlabelled.txt"  # in the folder of soft targets


@dataclass(frozen=True)
class TaggingData:
    """The lexicon, and the train and dev sentences; unlabelled ones are the last of train.

    Dev sentences are scored in windows, of which most have one, and decoded as a whole (`whole_paths`).
    """

    lexicon: Lexicon
    train: list[Sentence]
    dev: list[Sentence]
    encoded_train: list[EncodedSentence]

    @property
    def labelled(self) -> int:
        """How many training sentences have tags."""
        return sum(bool(sentence.tags) for sentence in self.train)

    @cached_property
    def windows(self) -> list[Window]:
        """The windows of the dev sentences."""
        return windows([len(sentence.words) for sentence in self.dev])

    @cached_property
    def dev_windows(self) -> list[Sentence]:
        """What is read of the dev sentences, a window each."""
        parts = ((self.dev[window.sentence], slice(window.start, window.end)) for window in self.windows)
        return [
            Sentence(sentence.words[part], sentence.tags[part], sentence.first_line + part.start)
            for sentence, part in parts
        ]

    @cached_property
    def encoded_dev(self) -> list[EncodedSentence]:
        """The windows of the dev sentences, encoded."""
        return [encode_sentence(window.words, (), self.lexicon) for window in self.dev_windows]

    @cached_property
    def words(self) -> list[tuple[str, ...]]:
        """The words of train, then of the windows of dev: the order of language-model features."""
        return [sentence.words for sentence in (*self.train, *self.dev_windows)]


def load_tagging_data(folder: Path, targets: Path | None = None) -> TaggingData:
    """Read what prepare_conll wrote, but for the test split, and the unlabelled sentences of soft `targets`.

    Raises InputError if a file is missing or damaged.
    """
    with written_by("prepare_conll"):
        lexicon = Lexicon.load(folder / "lexicon")
        train, dev = (read_conll(folder / f"{split}.conll", 0, 1) for split in ("train", "dev"))
    vectors = folder / "lexicon" / "vectors.safetensors"
    check_numbers(vectors, lexicon.vectors, np.isfinite, "finite numbers", "prepare_conll")
    if targets is not None:
        with written_by("prepare_unlabelled"):
            train += read_unlabelled(targets / UNLABELLED)
    with written_by("prepare_conll"):
        encoded = [_encoded(sentence, lexicon, folder / "train.conll") for sentence in train]
    return TaggingData(
        lexicon=lexicon,
        train=train,
        dev=dev,
        encoded_train=encoded,
    )


def _encoded(sentence: Sentence, lexicon: Lexicon, path: Path) -> EncodedSentence:
    """A training sentence by numbers. Raises InputError for a tag that the lexicon does not have."""
    try:
        return encode_sentence(sentence.words, sentence.tags, lexicon)
    except InputError as error:
        raise InputError(f"{path}:{sentence.first_line}: {error}") from None
