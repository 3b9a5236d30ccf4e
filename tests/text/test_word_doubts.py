"""Words that may not be meant as words: one line for each kind, with the first place and how many there are."""

from pathlib import Path

import pytest

from pipeline.text.raw_columns import read_columns
from pipeline.text.word_doubts import doubts_of_words


def doubts(folder: Path, words: list[str]) -> list[str]:
    """What is said of a file with these words, without the place of the file."""
    path = folder / "train.txt"
    path.write_text("".join(f"{word}\tO\n" for word in words), encoding="utf-8")
    return [line.removeprefix(f"{path}:") for line in doubts_of_words(read_columns(path, 0, 1))]


def test_words_of_all_kinds_are_not_doubted(tmp_path: Path) -> None:
    words = ["<", ">", "<3", "[", "CLS", "[sep]", "<a>", "</b>", "#", "##", "#tag", "a@b", "\u0120or\u0121", "a\u00a0b"]
    assert doubts(tmp_path, [*words, *["x"] * 20]) == []


@pytest.mark.parametrize("word", ["AT&amp;T", "&#39;"])
def test_escapes(tmp_path: Path, word: str) -> None:
    told = "escapes of HTML and JSON are read as they are written; write the characters that they stand for"
    assert doubts(tmp_path, ["a", word, "R&D", "&", "&;"]) == [f"2: the word {word!r}; {told}"]


def test_a_column_without_words(tmp_path: Path) -> None:
    tags = ["B-NP", "I-NP", "O"]
    assert doubts(tmp_path, tags) == [
        " all words look like tags, the first of them 'B-NP', 'I-NP', 'O'; is prepare_conll.word_column right?"
    ]
    assert doubts(tmp_path, ["O"] * 3) == doubts(tmp_path, [*tags, "x"]) == []


def test_names_of_documents_are_no_words(tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    documents = [f"d{number} x O\nd{number} y O\n\n" for number in range(20)]
    path.write_text("".join(documents))
    assert list(doubts_of_words(read_columns(path, 0, -1)))[1:] == [
        f"{path}: 20 of 20 sentences have the same word throughout, the first of them 'd0'; is "
        "prepare_conll.word_column right?"
    ]
    assert list(doubts_of_words(read_columns(path, 1, -1))) == []
    path.write_text("".join(documents[:19]))
    (told,) = doubts_of_words(read_columns(path, 0, -1))
    assert told.startswith(f"{path}: all words have a digit in them, the first of them 'd0', 'd1', 'd2'")


REMEDIES = {
    **dict.fromkeys(["<s>", "</s>", "<S>", "<pad>", "<|endoftext|>", "[CLS]", "[SEP]", "[PAD]"], "delete their lines"),
    **dict.fromkeys(["<unk>", "<mask>", "[MASK]", "[UNK]"], "put the words back"),
    **dict.fromkeys(["@-@", "@,@"], "write the character alone"),
}


@pytest.mark.parametrize("mark", REMEDIES)
def test_marks_of_tokenisers(tmp_path: Path, mark: str) -> None:
    told = f"; marks of another tool's tokeniser are read as words; {REMEDIES[mark]}"
    assert doubts(tmp_path, ["a", mark]) == [f"2: the word {mark!r}{told}"]
    assert doubts(tmp_path, ["a", mark, "b", mark]) == [f"2: the word {mark!r}, and 1 more such words{told}"]


def test_words_that_share_a_sign(tmp_path: Path) -> None:
    words = ["de:In", "de:Ulm", "de:.", "de:Er"]
    told = "are these the words alone, and is prepare_conll.word_column right?"
    shown = "the first of them 'de:In', 'de:Ulm', 'de:.'"
    assert doubts(tmp_path, words) == [f" all words have ':' in them, {shown}; {told}"]
    assert doubts(tmp_path, [*words, "x"]) == doubts(tmp_path, words[:3]) == []
    (found,) = doubts(tmp_path, ["\u79d10", "\u62801", "\u76840", "\u5728\u0663"])
    assert found.startswith(" all words have a digit in them, the first of them '\u79d10'")


def bounds(folder: Path, sentences: list[str]) -> list[str]:
    """What is said of a file with these sentences, without the place of the file."""
    path = folder / "train.txt"
    path.write_text("".join("".join(f"{word} O\n" for word in text.split()) + "\n" for text in sentences))
    return [line.removeprefix(f"{path}: ") for line in doubts_of_words(read_columns(path, 0, 1))]


def test_words_that_begin_or_end_all_sentences(tmp_path: Path) -> None:
    others = [f"{letter} b c ." for letter in "defghijklmnopqrstuvwxyz"]
    mark = "is this a mark of another tool, and no word? Delete its lines"
    for first in ("BOS", "<sentence>", "--"):
        assert bounds(tmp_path, [f"{first} {text}" for text in others[:3]]) == [
            f"3 of 3 sentences begin with '{first}'; {mark}"
        ]
    assert bounds(tmp_path, [f"{text} EOS" for text in others[:18]] + others[18:20]) == [
        f"18 of 20 sentences end with 'EOS'; {mark}"
    ]
    assert bounds(tmp_path, [f"{text} EOS" for text in others[:17]] + others[17:19]) == []
    assert bounds(tmp_path, [f"BOS {text}" for text in others[:2]]) == []
    for first in ("the", "The", "I", '"'):
        assert bounds(tmp_path, [f"{first} {text}" for text in others]) == []
    assert bounds(tmp_path, [f"{text} .." for text in others]) == []


def test_documents_are_no_sentences(tmp_path: Path) -> None:
    assert bounds(tmp_path, ["a b . c d ! e ?", "f . g . h ."]) == [
        "a sentence has 3.0 full stops on average; is there a blank line after each sentence?"
    ]
    assert bounds(tmp_path, ["a b . c d ! e ?", "f . g . h"]) == bounds(tmp_path, ["a . b . c ."]) == []


def test_words_in_another_encoding_say_what_is_meant(tmp_path: Path) -> None:
    assert doubts(tmp_path, ["a", "Caf\u00c3\u00a9", "SÃO"]) == [
        "2: the word 'Caf\u00c3\u00a9'; 'Café' is meant, in UTF-8 that was read as cp1252; convert the file again"
    ]
    (told,) = doubts(tmp_path, ["a", "Москва", "Москва".encode().decode("cp1251")])
    assert told.endswith("; 'Москва' is meant, in UTF-8 that was read as cp1251; convert the file again")


@pytest.mark.parametrize("piece", ["##ing", "\u0120the"])
def test_pieces_of_words(tmp_path: Path, piece: str) -> None:
    told = "pieces of words, as another tool's tokeniser cuts and marks them, are read as words; give whole words"
    assert doubts(tmp_path, ["a", *[piece] * 3]) == [f"2: the word {piece!r}, and 2 more such words; {told}"]
    assert doubts(tmp_path, ["a", *[piece] * 2]) == []
    assert bool(doubts(tmp_path, [*[piece] * 3, *["b"] * 57])) == piece.startswith("##")
    assert doubts(tmp_path, [*[piece] * 3, *["b"] * 58]) == []


@pytest.mark.parametrize(
    ("word", "code"), [("a\u00a0", "00A0"), ("\u202fa", "202F"), ("a\u2007", "2007"), ("\u3000a", "3000")]
)
def test_blanks_that_separate_nothing(tmp_path: Path, word: str, code: str) -> None:
    found = doubts(tmp_path, ["a", word, "b\u00a0c", "\u00a0d"])
    assert found == [
        f"2: the word {word!r}, and 1 more such words; a blank that separates no words (U+{code}) is at an end and is "
        "read as part of the word; take it away"
    ]
