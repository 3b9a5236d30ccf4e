"""What other tools leave between words, and in them."""

import pytest

from pipeline.text.odd_words import blank_at_end, has_escape, is_mark, is_piece

MARKS = [
    "<s>",
    "</s>",
    "<S>",
    "<pad>",
    "<unk>",
    "<mask>",
    "<|endoftext|>",
    "[CLS]",
    "[SEP]",
    "[PAD]",
    "[MASK]",
    "@-@",
    "@,@",
]
PIECES = ["##ing", "\u2581the", "\u0120the", "hel@@", "low</w>"]
ESCAPES = ["AT&amp;T", "&#39;", "&#x2F;", "Caf\\u00e9"]


def test_words_are_of_one_kind() -> None:
    for holds, words in ((is_mark, MARKS), (is_piece, PIECES), (has_escape, ESCAPES)):
        assert all(map(holds, words))
        assert not any(holds(word) for word in (*MARKS, *PIECES, *ESCAPES) if word not in words)


@pytest.mark.parametrize(
    "word",
    ["<", ">", "<3", "[", "CLS", "[sep]", "<a>", "</b>", "#", "##", "#tag", "a@b", "@", "@a@", "R&D", "&", "&;", r"\u"],
)
def test_words_of_texts(word: str) -> None:
    assert not (is_mark(word) or is_piece(word) or has_escape(word))


@pytest.mark.parametrize(
    ("word", "blank"),
    [
        *(("a\u00a0", "\u00a0"), ("\u202fa", "\u202f"), ("a b\u2007", "\u2007"), ("\u3000a", "\u3000")),
        *(("", ""), ("a", ""), ("a\u00a0b", ""), ("\u200ba", ""), ("\u0645\u200c", "")),
    ],
)
def test_blanks_at_an_end(word: str, blank: str) -> None:
    assert blank_at_end(word) == blank
