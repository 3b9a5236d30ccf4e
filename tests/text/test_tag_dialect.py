"""How tags are written: letters, separators, and types alone."""

import pytest

from ldnet.text.tags import Tag
from pipeline.text.tag_dialect import find_dialect, look_alike, seen


@pytest.mark.parametrize(
    ("tags", "expected", "family"),
    [
        ("O B-X I-X", "O B-X I-X", "IOBES"),
        ("O B_X I_X_Y", "O B-X I-X_Y", "IOBES"),
        ("o b-x i-x", "O B-x I-x", "IOBES"),
        ("O B-X L-X U-Y", "O B-X E-X S-Y", "BILOU"),
        ("O B-X M-X E-X W-Y", "O B-X I-X E-X S-Y", "BMEWO"),
        ("O B-X M-X E-X S-Y", "O B-X I-X E-X S-Y", "BMES"),
        ("O O O PER PER art-music", "O O O I-PER I-PER I-art-music", "IOBES"),
        ("O O O O B-X PER", "O O O O B-X ?", "IOBES"),  # one tag with a prefix: then all have one
        ("O NN VB NN", "O ? ? ?", "IOBES"),  # parts of speech
        ("x y z", "? ? ?", "IOBES"),
        ("O O O PER-B PER-I", "O O O ? ?", "IOBES"),
        ("O O O PER:B PER:I", "O O O ? ?", "IOBES"),
        ("O O O B:PER I:PER", "O O O ? ?", "IOBES"),  # a colon, dashes, no type: not types that stand alone
        ("O O O B\u2013PER I\u2010PER", "O O O ? ?", "IOBES"),
        ("O O O \u0412-PER \uff29-PER", "O O O ? ?", "IOBES"),  # Cyrillic, full width
        ("O O O B- I-", "O O O ? ?", "IOBES"),
        ("O O O B I", "O O O ? ?", "IOBES"),
        ("o o o b e", "O O O ? ?", "IOBES"),
        ("O O O BEGIN-PER INSIDE-PER", "O O O ? ?", "IOBES"),
        ("O O O PER PER[1]", "O O O ? ?", "IOBES"),
        ("O O O END-GAME", "O O O ?", "IOBES"),
        ("O B-LOC|B-ORG B-LOC|O B-LOC;B-ORG B-A+B-C B-A,I-C", "O ? ? ? ? ?", "IOBES"),
        ("O B-A#B-C I-A#O B-A__B-C B-A__O B_A#B_C", "O" + " ?" * 5, "IOBES"),
        ("O B-A I-C B-A&B-C B-A_B-C B-A-B-C B-A/O", "O B-A I-C ? ? ? ?", "IOBES"),
        ("O B-A&B-C B-A_B-C B-A-B-C B-A/O", "O B-A&B-C B-A_B-C B-A-B-C B-A/O", "IOBES"),
        ("O B-R&B-artist B-Contact/E-Mail I-Work/O", "O B-R&B-artist B-Contact/E-Mail I-Work/O", "IOBES"),
        ("O B-R&D B-GPE-LOC B-A__B B-A_O B_X_S_Y", "O B-R&D B-GPE-LOC B-A__B B-A_O B-X_S_Y", "IOBES"),
        ("O B-Work/Organisation I-A/C B-A|C", "O B-Work/Organisation I-A/C B-A|C", "IOBES"),
        ("O O O O PER _ - 0", "O O O O I-PER ? ? ?", "IOBES"),
        ("O O O BPER IPER O BLOC", "O O O ? ? O ?", "IOBES"),
        ("O O O BBAN IBAN O PER", "O O O I-BBAN I-IBAN O I-PER", "IOBES"),
        ("O O O O BPER IPER SPER O WLOC _", "O O O O ? ? ? O ? ?", "IOBES"),
        ("O O O BPER BLOC IT", "O O O I-BPER I-BLOC I-IT", "IOBES"),
        ("O O O B LOC", "O O O I-B I-LOC", "IOBES"),
        ("O O O I I S", "O O O I-I I-I I-S", "IOBES"),
        ("O O O", "O O O", "IOBES"),
    ],
)
def test_tags(tags: str, expected: str, family: str) -> None:
    dialect = find_dialect(tags.split())
    read = [dialect.tag(text) for text in tags.split()]
    assert " ".join("?" if tag is None else "-".join(filter(None, tag)) for tag in read) == expected
    assert dialect.family == family


def test_prefixes_are_shown_as_the_corpus_writes_them() -> None:
    dialect = find_dialect(["b_X", "l_X", "O", "u_X"])
    assert [dialect.shown(prefix) for prefix in "BIES"] == ["b_", "I-", "l_", "u_"]
    assert dialect.tag("l_X") == Tag("E", "X")


def test_more_types_than_a_corpus_has_are_words() -> None:
    words = [f"word{number}" for number in range(300)]
    assert find_dialect([*words, *["O"] * 400]).tag("word1") is None
    assert find_dialect([*words[:100], *["O"] * 400]).tag("word1") == Tag("I", "word1")
    assert find_dialect(["O", "", "O"]).tag("") is None


def test_types_that_differ_in_case() -> None:
    assert look_alike(["PER", "per", "LOC", "Loc", "loc", "ORG"]) == [("LOC", "Loc", "loc"), ("PER", "per")]


@pytest.mark.parametrize(
    "other",
    [
        "ORG\u200b",
        "ORG\u00a0",
        "\ufeffORG",
        "O\u00adRG",
        "ORG\ufe0f",
        "\uff2f\uff32\uff27",
        "\u041eRG",
        "org\u3164",
        "O\u034fRG",
        "ORG\x08",
    ],
)
def test_types_that_look_the_same(other: str) -> None:
    assert look_alike(["ORG", "PER", other]) == [tuple(sorted(("ORG", other)))]


def test_composed_and_decomposed_letters_look_the_same() -> None:
    assert look_alike(["PERSONN\u00c9", "PERSONNE\u0301", "PERSONNE"]) == [("PERSONNE\u0301", "PERSONN\u00c9")]
    assert seen("a\u00a0 b") == "a b" and seen("\u2010\u2011\u2013\u2014\u2212\ufe58\uff0d") == "-" * 7


def test_types_that_look_different() -> None:
    assert (
        look_alike(["ORG", "ORG-A", "ORG_A", "\u03a0\u03a1\u039f\u03a3", "\u041f\u0420\u041e", "人名", "地名", "O"])
        == []
    )
