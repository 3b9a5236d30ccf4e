"""The look-up of words among a language model's words."""

import pytest

from ldnet.text.lm_words import known_form

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
    assert known_form(word, KNOWN) == form
