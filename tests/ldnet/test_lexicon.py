"""The lexicon: what gets a number, in which order, and what look-ups answer."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from ldnet.errors import InputError
from ldnet.text.columns import Sentence
from ldnet.text.lexicon import Lexicon
from pipeline.text.lexicon_building import build_lexicon, vector_coverage
from pipeline.text.word_vectors import WordVectors, no_vectors


def vectors_of(*words: str) -> WordVectors:
    """Row i holds i + 1, so that no vector looks like a missing one."""
    numbers = np.arange(1, len(words) + 1, dtype=np.float32)
    return WordVectors({word: row for row, word in enumerate(words)}, np.stack([numbers, -numbers], axis=1))


def sentences(*texts: str, tags: str = "O") -> list[Sentence]:
    return [Sentence(tuple(text.split()), tuple(itertools.repeat(tags, len(text.split()))), 1) for text in texts]


def test_order_of_words_characters_and_tags() -> None:
    train = [Sentence(("The", "the", "cat", "Once", "of"), ("B-NP", "E-NP", "S-NP", "O", "O"), 1)]
    lexicon = build_lexicon(train, vectors_of("zebra", "of", "cat", "ant"))
    # `once` has no vector and is seen once: it is left out. Counts first, then strings, then the vectors' order.
    assert lexicon.words == ["<pad>", "<unk>", "the", "cat", "of", "zebra", "ant"]
    assert lexicon.trainable_words == 5
    assert lexicon.characters == ["<pad>", "<unk>", " ", *"echtOTafno"]
    assert lexicon.tags == ["B-NP", "E-NP", "O", "S-NP", "<s>", "<eof>"]


def test_vectors_stand_at_the_ids_of_their_words() -> None:
    word_vectors = vectors_of("zebra", "of", "cat", "<unk>")
    lexicon = build_lexicon(sentences("of the cat the"), word_vectors)
    for word, has, vector in zip(lexicon.words, lexicon.has_vector, lexicon.vectors, strict=True):
        expected = word_vectors.vectors[word_vectors.rows[word]] if word in word_vectors.rows else np.zeros(2)
        assert has == (word in word_vectors.rows), word
        np.testing.assert_array_equal(vector, expected)
    assert (lexicon.vectors.dtype, lexicon.has_vector.dtype) == (np.float32, np.uint8)


@pytest.mark.parametrize(
    ("known", "entries"),
    [
        (["may", "mark"], ["may", "mark"]),  # lower-cased vectors: all words are lower-cased
        (["May", "may", "Mark"], ["Mark", "May", "may"]),  # cased vectors: in the form that has one
        (["May"], ["May", "mark", "may"]),
        ([], ["may", "mark"]),
    ],
)
def test_the_form_in_which_training_words_enter(known: list[str], entries: list[str]) -> None:
    train = sentences("May may may Mark Mark", "May")
    lexicon = build_lexicon(train, vectors_of(*known) if known else no_vectors())
    assert sorted(lexicon.words[2 : lexicon.trainable_words]) == sorted(entries)
    for word in ("May", "may", "Mark"):
        assert lexicon.word_id(word) > 1


def test_look_ups() -> None:
    lexicon = build_lexicon(sentences("the May may the"), vectors_of("the", "May", "may", "USA", "bank"))
    words = lexicon.words
    assert words[lexicon.word_id("May")] == "May"
    assert words[lexicon.word_id("MAY")] == "may"
    assert words[lexicon.word_id("USA")] == "USA"
    assert words[lexicon.word_id("BANK")] == "bank"
    assert lexicon.word_id("usa") == lexicon.word_id("zebra") == 1
    assert lexicon.character_ids("Mxy") == [lexicon.characters.index("M"), 1, lexicon.characters.index("y")]
    assert lexicon.tag_id("O") == 0
    with pytest.raises(InputError, match="'S-X' does not occur in the training data"):
        lexicon.tag_id("S-X")


@pytest.mark.parametrize("digits_as_zero", [True, False])
def test_digits_as_zero_for_words_without_a_vector(digits_as_zero: bool) -> None:
    train = sentences("1996-08-22 1996-08-23 7th X1 1995 1995")
    lexicon = build_lexicon(train, vectors_of("2000", "7th", "00"), digits_as_zero)
    trained = lexicon.words[2 : lexicon.trainable_words]
    # Dates are one word together, which is seen twice; so is 0000. What has a vector stays as it is.
    assert trained == (["0000", "0000-00-00", "7th"] if digits_as_zero else ["1995", "7th"])
    looked_up = ("2031-12-31", "1995", "2000", "2001", "7TH", "8th", "00")
    found = {word: lexicon.words[lexicon.word_id(word)] for word in looked_up}
    if digits_as_zero:
        numbers = {"2031-12-31": "0000-00-00", "1995": "0000", "2001": "0000"}
    else:
        numbers = {"2031-12-31": "<unk>", "1995": "1995", "2001": "<unk>"}
    assert found == {**numbers, "2000": "2000", "7TH": "7th", "8th": "<unk>", "00": "00"}


def test_digits_of_other_scripts_stay() -> None:
    assert build_lexicon(sentences("\u0664 \u0664"), no_vectors(), True).words[2:] == ["\u0664"]


def test_words_that_look_special_are_unknown() -> None:
    lexicon = build_lexicon(sentences("<pad> <unk> <pad> <unk> a a"), vectors_of("<pad>", "<unk>"))
    assert lexicon.words == ["<pad>", "<unk>", "a"]
    assert lexicon.word_id("<pad>") == lexicon.word_id("<unk>") == lexicon.word_id("<PAD>") == 1
    assert lexicon.character_ids(" ") == [1]


def test_without_vectors() -> None:
    lexicon = build_lexicon(sentences("The the cat"), no_vectors())
    assert lexicon.words == ["<pad>", "<unk>", "the"]
    assert lexicon.trainable_words == 3
    assert lexicon.vectors.shape == (3, 0)
    assert not lexicon.has_vector.any()


@pytest.mark.parametrize("word_vectors", [vectors_of("of", "the", "\u2028", "é\u00a0"), no_vectors()])
def test_save_and_load(tmp_path: Path, word_vectors: WordVectors) -> None:
    lexicon = build_lexicon(sentences("of the É the e\rf e\rf \x85 \x85"), word_vectors)
    lexicon.save(tmp_path / "a")
    loaded = Lexicon.load(tmp_path / "a")
    assert (loaded.words, loaded.characters, loaded.tags) == (lexicon.words, lexicon.characters, lexicon.tags)
    assert loaded.sizes() == lexicon.sizes()
    np.testing.assert_array_equal(loaded.vectors, lexicon.vectors)
    np.testing.assert_array_equal(loaded.has_vector, lexicon.has_vector)
    assert not loaded.digits_as_zero and Lexicon.load(_saved_with_zeros(tmp_path / "c")).digits_as_zero
    loaded.save(tmp_path / "b")
    for name in ("lexicon.json", "vectors.safetensors"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def _saved_with_zeros(folder: Path) -> Path:
    build_lexicon(sentences("1"), no_vectors(), True).save(folder)
    return folder


def test_loading_names_the_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"lexicon\.json: no such file"):
        Lexicon.load(tmp_path)
    build_lexicon(sentences("a"), no_vectors()).save(tmp_path)
    (tmp_path / "vectors.safetensors").unlink()
    with pytest.raises(InputError, match=r"vectors\.safetensors: no such file"):
        Lexicon.load(tmp_path)


def test_tags_that_could_not_be_loaded_are_not_saved(tmp_path: Path) -> None:
    build_lexicon(sentences("a", tags="S-type of place"), no_vectors()).save(tmp_path)
    with pytest.raises(InputError, match=r"lexicon\.json: tags: expected O, or B-, .*, found 'S-\\x1b'"):
        build_lexicon(sentences("a", tags="S-\x1b"), no_vectors()).save(tmp_path)
    assert Lexicon.load(tmp_path).tags == ["S-type of place", "<s>", "<eof>"]


def test_coverage_counts_tokens_and_types() -> None:
    coverage = vector_coverage(sentences("the The THE cat", "the Cat dog"), vectors_of("the", "Cat", "The"))
    assert coverage == {
        "tokens": {"exact": 4, "lower": 1, "none": 2},
        "types": {"exact": 3, "lower": 1, "none": 2},
    }
