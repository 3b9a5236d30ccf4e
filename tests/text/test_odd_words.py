"""What other tools leave between words, and in them."""

import pytest

from pipeline.text.odd_words import (
    has_blank_at_end,
    has_escape,
    is_boundary,
    is_cut,
    is_marked,
    is_piece,
    is_placeholder,
)

WORDS = {
    is_boundary: ["<s>", "</s>", "<S>", "<pad>", "<|endoftext|>", "[CLS]", "[SEP]", "[PAD]"],
    is_placeholder: ["<unk>", "<mask>", "[MASK]", "[UNK]"],
    is_cut: ["@-@", "@,@"],
    is_piece: ["##ing", "hel@@", "low</w>"],
    is_marked: ["\u2581the", "\u0120the"],
    has_escape: ["AT&amp;T", "&#39;", "&#x2F;", "Caf\\u00e9"],
}


def test_words_are_of_one_kind() -> None:
    for holds in WORDS:
        for kind, words in WORDS.items():
            assert [holds(word) for word in words] == [kind is holds] * len(words)


@pytest.mark.parametrize(
    "word",
    [
        "<",
        ">",
        "<3",
        "[",
        "CLS",
        "[sep]",
        "<a>",
        "</b>",
        "#",
        "##",
        "#tag",
        "a@b",
        "@",
        "@a@",
        "R&D",
        "&",
        "&;",
        r"\u",
        "int&ref;",
        r"C:\u1234",
    ],
)
def test_words_of_texts(word: str) -> None:
    assert not any(holds(word) for holds in WORDS)


def test_blanks_at_an_end() -> None:
    assert all(map(has_blank_at_end, ["a\u00a0", "\u202fa", "a b\u2007", "\u3000a"]))
    assert not any(map(has_blank_at_end, ["", "a", "a\u00a0b", "\u200ba", "\u0645\u200c"]))
