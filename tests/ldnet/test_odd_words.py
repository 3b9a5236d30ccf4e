"""What other tools leave between words, and in them."""

import pytest

from ldnet.text.odd_words import (
    has_blank_at_end,
    has_escape,
    is_boundary,
    is_cut,
    is_marked,
    is_piece,
    is_placeholder,
    shared_mark,
)

WORDS = {
    is_boundary: ["<s>", "</s>", "<S>", "<pad>", "<|endoftext|>", "[CLS]", "[SEP]", "[PAD]"],
    is_placeholder: ["<unk>", "<mask>", "[MASK]", "[UNK]"],
    is_cut: ["@-@", "@,@"],
    is_piece: ["##ing", "hel@@", "low</w>"],
    is_marked: ["\u2581the", "\u0120the"],
    has_escape: ["AT&amp;T", "&#39;", "&#x2F;", "Caf\\u00e9", "\\n", "\\r\\n"],
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


@pytest.mark.parametrize(
    ("words", "mark"),
    [
        ("en:EU en:rejects en:German en:call", ":"),
        ("EU_NNP is_VBZ so_RB ._.", "_"),
        ("'EU' 'is' 'so' \"it's\"", "'"),
        ("科0 技1 的0 在2", "a digit"),
        ("1. 2. 3. 4.", "."),
        ("\u2581EU \u2581is \u2581so \u2581it", ""),
        ("en:EU en:is en:so", ""),
        ("en:EU en:is en:so EU", ""),
        ("\u0939\u093f \u0915\u093f \u0938\u093f \u0928\u093f", ""),
    ],
)
def test_what_all_words_share(words: str, mark: str) -> None:
    assert shared_mark(words.split()) == mark
    assert shared_mark([*words.split(), "x"]) == ""


def test_few_words_may_lack_what_the_others_share() -> None:
    words = [f"en:{'x' * number}" for number in range(98)]
    assert shared_mark([*words, "a", "b"]) == ":"
    assert shared_mark([*words, "a", "b", "c"]) == ""
