"""Correct, predicted and gold spans of a prediction file by the rules of conlleval, scorer of the CoNLL shared tasks.

A second opinion on `pipeline.tagger.scoring`, with which it shares no code: it reads the file that was written, and
follows gold and predicted tags word by word as conlleval does, without making lists of spans. conlleval has rules for
B-, I- and E-. Taggers here also write S-, which is a span of one word, and B- after E-, which starts a new span.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ldnet.errors import InputError
from ldnet.printable import quoted

PREFIXES = ("B", "I", "E", "S")
Tag = tuple[str, str]  # prefix and type
OUTSIDE: Tag = ("O", "")


def ends(before: Tag, now: Tag) -> bool:
    """Whether a span ends between two neighbouring words."""
    if before == OUTSIDE:
        return False
    return now == OUTSIDE or now[1] != before[1] or before[0] in "ES" or now[0] in "BS"


def starts(before: Tag, now: Tag) -> bool:
    """Whether a span starts with the later of two neighbouring words. A word that is not O always belongs to a span."""
    if now == OUTSIDE:
        return False
    return before == OUTSIDE or now[1] != before[1] or before[0] in "ES" or now[0] in "BS"


def count_sentence(tags: Iterable[tuple[Tag, Tag]]) -> tuple[int, int, int]:
    """Correct, predicted and gold spans of a sentence, from its words' gold and predicted tags.

    A predicted span is correct if a gold one of its type starts and ends with it.
    """
    correct = predicted = gold = 0
    together = False  # spans of one type have started together, and neither has ended
    gold_before = predicted_before = OUTSIDE
    for gold_tag, predicted_tag in (*tags, (OUTSIDE, OUTSIDE)):  # what is open ends with the sentence
        ended = ends(gold_before, gold_tag), ends(predicted_before, predicted_tag)
        correct += together and all(ended)
        started = starts(gold_before, gold_tag), starts(predicted_before, predicted_tag)
        gold += started[0]
        predicted += started[1]
        together = (together and not any(ended)) or (all(started) and gold_tag[1] == predicted_tag[1])
        gold_before, predicted_before = gold_tag, predicted_tag
    return correct, predicted, gold


def count_file(path: Path) -> NDArray[np.int64]:
    """Correct, predicted and gold spans of each sentence (sentences, 3) of a file.

    Its lines are `word gold predicted`, a blank one after each sentence. Raises InputError for any other line, and for
    a file without sentences.
    """
    counts = [count_sentence(sentence) for sentence in _sentences(path)]
    if not counts:
        raise InputError(f"{path}: no sentences; expected lines of `word gold predicted`")
    return np.array(counts, dtype=np.int64)


def f1(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """F1 in percent of counts of correct, predicted and gold spans (..., 3); 0 where there are no spans."""
    correct, predicted, gold = np.moveaxis(counts.astype(np.float64), -1, 0)
    scores: NDArray[np.float64] = 200 * correct / np.maximum(predicted + gold, 1)
    return scores


def _sentences(path: Path) -> Iterator[list[tuple[Tag, Tag]]]:
    """Gold and predicted tags of each sentence."""
    try:
        text = path.read_bytes().decode()  # lines end with newlines only: words may contain other line separators
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; `dvc repro evaluate` writes it") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 ({error}); run the stage evaluate again") from None
    sentence: list[tuple[Tag, Tag]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line:
            columns = line.split("\t" if "\t" in line else " ")  # tabs where words have blanks in them
            if len(columns) != 3:
                raise InputError(f"{path}:{number}: expected `word gold predicted`, found {len(columns)} columns")
            place = f"{path}:{number}"
            sentence.append((_tag(columns[1], place), _tag(columns[2], place)))
        elif sentence:
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _tag(text: str, place: str) -> Tag:
    prefix, _, kind = text.partition("-")
    if text == "O":
        return OUTSIDE
    if prefix not in PREFIXES or not kind:
        raise InputError(f"{place}: unknown tag {quoted(text)}; expected O, or B-, I-, E- or S- and a type, as in B-NP")
    return prefix, kind
