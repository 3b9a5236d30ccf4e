"""Sentences of the LM text without tags, for a tagger to learn from what other taggers make of them."""

from pathlib import Path

import numpy as np
from tqdm import tqdm

from ldnet.errors import InputError
from ldnet.text.columns import sentence_hash
from pipeline.corpus.numbered_parts import rank
from pipeline.corpus.text_parts import PART_BYTES, read_parts

SHORTEST, LONGEST = 4, 60  # words: headings and lists teach little, and long lines are seldom sentences


def sample_sentences(paths: list[Path], excluded_hashes: set[str], count: int, seed: int) -> list[str]:
    """At most `count` different sentences of the text, drawn at random, without those whose hash is excluded.

    They are those of lowest rank by a hash keyed by the seed, so the draw depends on neither the order nor the number
    of copies. Memory does not grow with the text. Raises InputError for text that cannot be read or is not UTF-8.
    """
    chosen: dict[int, str] = {}
    for part in tqdm(read_parts(paths, PART_BYTES), desc="sampling text", unit=" parts", disable=None):
        read = [sentence for piece in part for sentence in piece.sentences()]
        fitting = [sentence for sentence in read if SHORTEST <= sentence.count(b" ") + 1 <= LONGEST]
        ranks = rank(fitting, seed)
        accepted = 0
        for index in np.unique(ranks, return_index=True)[1].tolist():  # by rank, of copies one
            if accepted == count:
                break
            sentence = fitting[index].decode()
            if sentence_hash((sentence,)) not in excluded_hashes:
                chosen[int(ranks[index])] = sentence
                accepted += 1
        chosen = dict(sorted(chosen.items())[:count])
    return list(chosen.values())


def check_enough(text: Path, found: int, wanted: int) -> None:
    """Raise InputError if fewer sentences of the text were found than are wanted."""
    if found < wanted:
        raise InputError(
            f"{text}: {found:,} sentences that fit, but prepare_unlabelled.sentences is {wanted:,}; lower it or bring "
            "more text"
        )
