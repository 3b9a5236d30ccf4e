"""Numbered parts against the text that they stand for."""

import random
from pathlib import Path

import numpy as np
import pytest

from ldnet.errors import InputError
from ldnet.text.columns import sentence_hash
from pipeline.corpus.numbered_parts import load_part, number_part, number_words, save_part
from pipeline.corpus.text_parts import Piece

TEXT = "b a b\n\nleft out\n c \u00a0 b\nb a b"


def test_words_are_numbered_as_they_come_and_test_sentences_left_out(tmp_path: Path) -> None:
    part = number_part([Piece(Path("x"), 1, TEXT.encode())], {sentence_hash(["left", "out"])}, 1)
    assert part.words == ["\n", "b", "a", "c", "\u00a0"]
    assert part.numbers.tolist() == [1, 2, 1, 0, 3, 4, 1, 0, 1, 2, 1, 0]
    assert part.ends.tolist() == [4, 8, 12]
    assert part.read == 4
    assert part.ranks[0] == part.ranks[2] != part.ranks[1], "copies have the same rank"
    save_part(part, tmp_path / "part.npz")
    loaded = load_part(tmp_path / "part.npz")
    assert part.altered == loaded.altered == {}
    assert (loaded.words, loaded.read) == (part.words, part.read)
    assert np.array_equal(loaded.numbers, part.numbers) and np.array_equal(loaded.ranks, part.ranks)


def test_test_sentences_in_another_form_are_kept_and_told(tmp_path: Path) -> None:
    digest = sentence_hash(["it", "is", "left", "out"])
    part = number_part([Piece(Path("x"), 1, b"7 it is left out\nit is left out\n")], {digest}, 1)
    save_part(part, tmp_path / "part.npz")
    assert part.altered == load_part(tmp_path / "part.npz").altered == {"before": {digest: "7"}}
    assert (part.read, len(part.ranks)) == (2, 1)


def test_a_part_without_a_word_of_its_own(tmp_path: Path) -> None:
    part = number_part([Piece(Path("x"), 1, b"\n \n")], set(), 1)
    save_part(part, tmp_path / "part.npz")
    assert load_part(tmp_path / "part.npz").words == ["\n"]
    assert len(part.ends) == len(part.ranks) == part.read == 0


@pytest.mark.parametrize("content", [b"", b"x", b"PK\x03\x04" + b"x" * 50])
def test_a_damaged_part_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "part.npz").write_bytes(content)
    with pytest.raises(InputError, match=r"part\.npz: no part of the text .*; delete it to number its words again"):
        load_part(tmp_path / "part.npz")
    np.savez(tmp_path / "part.npz", words=np.zeros(3))
    with pytest.raises(InputError, match=r"part\.npz: no part of the text"):
        load_part(tmp_path / "part.npz")


def test_words_are_numbered_as_by_a_dictionary() -> None:
    rng = random.Random(1)
    kinds = ["a", "ab", "a\0", "\u3000", "caf\u00e9", "\x1c", *map(str, range(50))]
    sentences = [rng.choices(kinds, k=rng.randrange(1, 9)) for _ in range(500)]
    number_of: dict[str, int] = {"\n": 0}
    expected = [number_of.setdefault(word, len(number_of)) for words in sentences for word in (*words, "\n")]
    words, numbers = number_words([" ".join(words).encode() for words in sentences])
    assert words == list(number_of) and numbers.tolist() == expected and numbers.dtype == np.int32


def test_ranks_are_keyed_by_the_seed() -> None:
    one, two = (number_part([Piece(Path("x"), 1, TEXT.encode())], set(), seed) for seed in (1, 2))
    assert (one.ranks != two.ranks).all()
