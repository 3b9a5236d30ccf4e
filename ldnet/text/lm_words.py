"""How a word of tagged data is looked up among a language model's words, which come from other text.

Treebanks write quotes and brackets as ``, '' and -LRB-, and headlines shout. Read as `<unk>`, such words would hide
from the language model what it knows: with one quote in three sentences, that is felt.
"""

import re
from collections.abc import Container, Iterator, Sequence

UNKNOWN, END_OF_SENTENCE = "<unk>", "\n"
UNKNOWN_ID, END_OF_SENTENCE_ID = 0, 1
TREEBANK_ESCAPES = {
    "``": '"',
    "''": '"',
    "-LRB-": "(",
    "-RRB-": ")",
    "-LCB-": "{",
    "-RCB-": "}",
    "-LSB-": "[",
    "-RSB-": "]",
}

_ESCAPE = re.compile(r"(?<!\S)(?:" + "|".join(map(re.escape, TREEBANK_ESCAPES)) + r")(?!\S)|\\/")


def without_escapes(sentence: str) -> str:
    """The sentence, words separated by blanks, with what treebank escapes stand for in their place."""
    if not any(part in sentence for part in ("``", "''", "B-", "\\/")):  # most sentences of much text
        return sentence
    return _ESCAPE.sub(lambda escape: TREEBANK_ESCAPES.get(escape[0], "/"), sentence)


class LMVocabulary:
    """The words of the language models by number."""

    def __init__(self, words: Sequence[str]):
        self.words = words
        self.index = {word: number for number, word in enumerate(words)}

    def token(self, word: str) -> int:
        """The id of a word, in the form that the models know."""
        form = lm_form(word, self.index)
        return UNKNOWN_ID if form is None else self.index[form]

    def encode(self, words: Sequence[str]) -> list[int]:
        """Token ids of a sentence, closed by the end of sentence."""
        return [*map(self.token, words), END_OF_SENTENCE_ID]


def lm_form(word: str, known: Container[str]) -> str | None:
    """The first known form of `word`: as written, without treebank escapes, lower-cased, capitalised; or None."""
    return next((form for form in _forms(word) if form in known), None)


def _forms(word: str) -> Iterator[str]:
    yield word
    plain = TREEBANK_ESCAPES.get(word, word.replace("\\/", "/"))
    yield plain
    yield plain.lower()
    yield plain.capitalize()
