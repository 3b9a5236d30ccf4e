"""Treebank tokens, and where they stand in the line as it was read: in any script, whatever was rewritten."""

import random

import pytest

from ldnet.errors import InputError
from ldnet.text import tokenisation
from ldnet.text.tokenisation import join_words, split_at_blanks, tokenise

COMBINING = "Jose\N{COMBINING ACUTE ACCENT}"
FAMILY = "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL}"
PIECES = [
    *["a", "I", "can", "not", "cannot", "don't", "'s", "'S", "'ll", "'tis", "gimme", "more'n", "wanna ", "U.S.", "12"],
    *["3.5", "1,000", '"', "'", "''", "``", "`", "--", "-", "...", "..", ".", ",", ":", ";", "?", "!", "(", ")", "["],
    *["]", "<", "*", "@", "#", "$", "%", "&", "/", "_", " ", "  ", "\t", "\v", "\x00", "\x1c", "\x85", "\xa0"],
    *["\u2018", "\u2019", "\u201c", "\u201d", "\u201e", "\u2013", "\u2014", "\u2026", "\u2028", "\u3000", "\u200b"],
    *["\ufeff", "\xab", "\xbb", "\ufb01", "\u0130", "\xdf", "\xe9", COMBINING, FAMILY, "\u65e5\u672c", "\u05e9\u05dc"],
]


def surfaces(text: str) -> list[str]:
    return [text[start:end] for start, end in tokenise(text).offsets]


@pytest.mark.parametrize(
    ("text", "words", "written"),
    [
        ("John can't go.", "John ca n't go .", "John ca n't go ."),
        ('He said "no" to U.S. firms.', "He said `` no '' to U.S. firms .", 'He said " no " to U.S. firms .'),
        ("``It's 5 %,'' he said", "`` It 's 5 % , '' he said", "`` It 's 5 % , '' he said"),
        ("a 'sure thing'", "a ' sure thing '", None),  # releases of NLTK differ here
        ("say ''It is'', he said", "say `` It is '' , he said", "say '' It is '' , he said"),
        ("\u201cIt\u2019s on\u201d", "`` It 's on ''", "\u201c It \u2019s on \u201d"),
        ("on \u2014 no\u2026", "on -- no ...", "on \u2014 no \u2026"),
        (f"{COMBINING} \N{WAVING HAND SIGN}{FAMILY}!", f"{COMBINING} \N{WAVING HAND SIGN}{FAMILY} !", None),
        ("\u65e5\u672c \u041c\u043e\u0441, \u05e9\u05dc", "\u65e5\u672c \u041c\u043e\u0441 , \u05e9\u05dc", None),
        ("  a\xa0b\u3000c ", "a b c", None),
        ("", "", None),
        (" \t ", "", None),
    ],
)  # fmt: skip
def test_words_and_what_they_were_in_the_text(text: str, words: str, written: str | None) -> None:
    assert tokenise(text).words == words.split()
    assert surfaces(text) == (words if written is None else written).split()
    assert tokenise(text).text == text


def test_offsets_count_code_points() -> None:
    text = f"{FAMILY} x"
    assert tokenise(text).offsets == [(0, 5), (6, 7)]


def test_any_text_is_tokens_in_order_and_white_space() -> None:
    rng = random.Random(0)
    for _ in range(1000):
        text = "".join(rng.choice(PIECES) for _ in range(rng.randint(0, 12)))
        found = tokenise(text)
        left, after_last = list(text), 0
        for word, (start, end) in zip(found.words, found.offsets, strict=True):
            assert after_last <= start < end and not any(map(str.isspace, word)), text
            left[start:end] = " " * (end - start)
            after_last = end
        assert not "".join(left).strip(), text


def test_long_lines_and_long_words() -> None:
    words = ["Word", ",", "\u201cquoted\u201d"] * 700
    found = tokenise(" ".join(words))
    assert len(found.words) == 700 * 5 and found.offsets[-1][1] == len(found.text)
    assert tokenise("x" * 100_000).offsets == [(0, 100_000)]


def test_a_line_that_takes_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow:
        def tokenize(self, text: str) -> list[str]:
            raise TimeoutError("a pattern of the library")

    monkeypatch.setattr(tokenisation, "_tokeniser", Slow)
    with pytest.raises(InputError, match=r"a line of 1 characters takes too long.*--tokenised"):
        tokenise("x")


def test_blanks_alone_separate_tokenised_words() -> None:
    found = split_at_blanks(" a\xa0b  `` \tc ")
    assert (found.words, found.offsets) == (["a\xa0b", "``", "c"], [(1, 4), (6, 8), (10, 11)])


def test_a_line_made_of_words() -> None:
    found = join_words(["a\xa0b", "c"])
    assert (found.text, found.offsets) == ("a\xa0b c", [(0, 3), (4, 5)])
    assert join_words([]).text == ""
