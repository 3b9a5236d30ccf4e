"""Characters that no text has."""

import pytest

from ldnet.text.odd_characters import Meant, is_odd, meant


@pytest.mark.parametrize(
    "character",
    [*"\0\x0c\x1b\x7f\x85\x92\u2028\u2029\ufeff\ufffd", "\u202a", "\u202e", "\u2066", "\u2069"],
)
def test_characters_that_no_text_has(character: str) -> None:
    assert is_odd(character) and is_odd(f"a{character}b")


@pytest.mark.parametrize("word", ["\u200b", "\u00a0", "\u00ad\u2060", "\u3164\ufe0f", "\u3000", "\u2800"])
def test_words_that_cannot_be_seen(word: str) -> None:
    assert is_odd(word)


@pytest.mark.parametrize("word", ["Café", "Müller", "“x", "…", "Москва", "日本", "åä", "°C"])
def test_words_in_a_wrong_encoding(word: str) -> None:
    misread = word.encode().decode("cp1252", errors="replace")
    assert meant(misread) == Meant(word, "cp1252") or is_odd(misread)  # which has U+FFFD
    assert not meant(word) and not is_odd(word)


@pytest.mark.parametrize(
    ("word", "encoding"), [("Москва", "cp1251"), ("Київ", "cp1251"), ("żółć", "cp1250"), ("příští", "cp1250")]
)
def test_words_of_eastern_europe_in_a_wrong_encoding(word: str, encoding: str) -> None:
    assert meant(word.encode().decode(encoding)) == Meant(word, encoding)
    assert not meant(word)


@pytest.mark.parametrize("word", ["Рік", "Рі", "СЁ", "Ă°", "РЁ", "Ðł"])  # noqa: RUF001  # Cyrillic
def test_one_such_character_may_be_there_by_chance(word: str) -> None:
    assert not meant(word)


@pytest.mark.parametrize(
    "word",
    [
        *(
            "",
            "café",
            "a\u00a0b",
            "\u200ba",
            "\u200f\u05d0",
            "so\u00adft",
            "AMANHÃ",
            "AMANH\u00c3\u2026",
            "IRM\u00c3\u201d",
            "SÃO",
            "PERCHÉ…",
            "â",
            "NIÑO",
            "\U0001f469\u200d\U0001f467",
        ),
        *("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u2764\ufe0f"),
    ],
)
def test_words_of_all_scripts(word: str) -> None:
    assert not is_odd(word) and not meant(word)
