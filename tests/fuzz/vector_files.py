"""Word vectors in the GloVe and word2vec text formats."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from ldnet.text.lines import read_lines
from pipeline.text.word_vectors import read_word_vectors, vector_dimension
from tests.fuzz.cases import Case, InputClass, put
from tests.fuzz.mutations import Draw, mutated

TOKENS = ["0.5", "-1e-3", "1e39", "1e-50", "nan", "Infinity", "0x1p3", "1_0", "3 2", "the 1 2 3", " 1 2 3", "a b 1 2 3"]
CHARACTERS = st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"], exclude_characters="\ufeff")


@cache
def starts() -> Mapping[str, bytes]:
    """With and without a first line of counts."""
    rows = "the 0.1 -0.2 3e-1\ncat 1 2 3\nNew York 0 0 1\n. 0.5 0.25 -0.125\n"
    return {"glove.txt": rows.encode(), "word2vec.txt": f"4 3\n{rows}".encode()}


@st.composite
def _rows(draw: Draw) -> Case:
    """Words and numbers that must be read as they are."""
    dimension = draw(st.integers(2, 4))
    word = st.text(CHARACTERS, min_size=1, max_size=5)
    words = ["the", *draw(st.lists(word, max_size=4, unique=True).map(lambda words: [w for w in words if w != "the"]))]
    number = st.floats(width=32, allow_nan=False, allow_infinity=False)
    rows = [draw(st.lists(number, min_size=dimension, max_size=dimension)) for _ in words]
    lines = [f"{word} {' '.join(map(repr, row))}\n" for word, row in zip(words, rows, strict=True)]
    return Case("glove.txt", "".join(lines).encode(), dict(zip(words, rows, strict=True)))


def cases() -> st.SearchStrategy[Case]:
    """Rows, and changed files."""
    return st.one_of(_rows(), *[mutated(starts, TOKENS)] * 3)


def read(case: Case, folder: Path) -> None:
    """Read it; each word has the last numbers of its first line."""
    said: list[str] = []
    with put(folder, case, starts()[case.file]) as path:
        found = read_word_vectors(path, 0, said.append)
        assert vector_dimension(path) == found.vectors.shape[1]
        expected = plainly_read(path, found.vectors.shape[1])
    assert not [line for line in said if "\n" in line], said
    assert np.isfinite(found.vectors).all() and list(found.rows.values()) == list(range(len(found.vectors)))
    assert found.rows.keys() == expected.keys(), (found.rows, expected)
    for word, row in found.rows.items():
        assert (found.vectors[row] == expected[word]).all(), word
    if case.expected:
        assert {word: found.vectors[row].tolist() for word, row in found.rows.items()} == case.expected


def plainly_read(path: Path, dimension: int) -> dict[str, np.ndarray]:
    """The same by the plainest means: the last fields of a line are the numbers, what is before them is the word."""
    expected: dict[str, np.ndarray] = {}
    for number, line in enumerate(read_lines(path)):
        fields = line.split()
        header = number == 0 and len(fields) == 2 and all(field.isdigit() for field in fields)
        if not fields or (header and not line[:1].isspace()):
            continue
        word, numbers = fields[: len(fields) - dimension], fields[len(fields) - dimension :]
        try:
            text = b" ".join(word).decode()
        except UnicodeDecodeError:
            continue
        if text:
            expected.setdefault(text, np.array([float(value) for value in numbers]).astype(np.float32))
    return expected


CLASS = InputClass(name="word vectors", starts=starts, cases=cases, read=read)
