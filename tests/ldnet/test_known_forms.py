"""The look-up of words among a language model's words."""

import pytest

from ldnet.text.lm_words import lm_form, without_escapes

KNOWN = {"the", "The", "Paris", '"', "(", "1/2", "``x"}


@pytest.mark.parametrize(
    ("word", "form"),
    [
        ("The", "The"),
        ("THE", "the"),
        ("PARIS", "Paris"),
        ("paris", "Paris"),
        ("``", '"'),
        ("''", '"'),
        ("-LRB-", "("),
        ("1\\/2", "1/2"),
        ("``x", "``x"),
        ("-RRB-", None),
        ("unseen", None),
    ],
)
def test_the_first_known_form_is_taken(word: str, form: str | None) -> None:
    assert lm_form(word, KNOWN) == form


@pytest.mark.parametrize(
    ("sentence", "plain"),
    [
        ("`` No , '' he said -LRB- twice -RRB- .", '" No , " he said ( twice ) .'),
        ("1\\/2 of it's `quoted` SUB-LRB-x", "1/2 of it's `quoted` SUB-LRB-x"),
        ("``x y'' -lrb-", "``x y'' -lrb-"),
        ("nothing to change", "nothing to change"),
    ],
)
def test_a_sentence_is_written_without_escapes(sentence: str, plain: str) -> None:
    assert without_escapes(sentence) == plain
