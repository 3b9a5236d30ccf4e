"""How a word of tagged data is looked up among a language model's words, which come from other text.

Treebanks write quotes and brackets as ``, '' and -LRB-, and headlines shout. Read as `<unk>`, such words would hide
from the language model what it knows: with one quote in three sentences, that is felt.
"""

from collections.abc import Container, Iterator

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


def known_form(word: str, known: Container[str]) -> str | None:
    """The first known form of `word`: as written, without treebank escapes, lower-cased, capitalised; or None."""
    return next((form for form in _forms(word) if form in known), None)


def _forms(word: str) -> Iterator[str]:
    yield word
    plain = TREEBANK_ESCAPES.get(word, word.replace("\\/", "/"))
    yield plain
    yield plain.lower()
    yield plain.capitalize()
