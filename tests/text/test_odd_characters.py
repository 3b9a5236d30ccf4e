"""Characters that no text has."""

import pytest

from pipeline.text.odd_characters import is_odd


@pytest.mark.parametrize(
    "character", ["\0", "\x0c", "\x1b", "\x7f", "\x85", "\x92", "\u2028", "\u2029", "\ufeff", "\ufffd"]
)
def test_characters_that_no_text_has(character: str) -> None:
    assert is_odd(character) and is_odd(f"a{character}b")


@pytest.mark.parametrize(
    "word", ["", "café", "a\u00a0b", "\u200ba", "\u200f\u05d0", "so\u00adft", "\U0001f469\u200d\U0001f467"]
)
def test_words_of_all_scripts(word: str) -> None:
    assert not is_odd(word)
