"""Word vectors in the GloVe text format: a word and its numbers on each line."""

from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ldnet.errors import InputError
from ldnet.text.columns import decode, read_lines


@dataclass(frozen=True, eq=False)
class WordVectors:
    """rows[word] is the row of vectors (float32, words x dimension) that belongs to a word; words in file order."""

    rows: dict[str, int]
    vectors: NDArray[np.float32]


def no_vectors() -> WordVectors:
    """Vectors of no words, of dimension 0."""
    return WordVectors({}, np.zeros((0, 0), dtype=np.float32))


def read_word_vectors(path: Path) -> WordVectors:
    """Read a plain or .gz file, with or without word2vec's first line (count and dimension). The first of doubles wins.

    Raises InputError naming file and line for rows of another width, what is not a number, bad UTF-8 and empty files.
    """
    rows: dict[str, int] = {}
    numbers = array("f")  # grows in place: 400,000 x 300 numbers take little more than their 480 MB
    promised: int | None = None
    dimension = found = 0
    lines = tqdm(read_lines(path), desc=f"reading {path.name}", unit=" lines", disable=None)
    for number, line in enumerate(lines, start=1):
        fields = line.split()
        if number == 1 and len(fields) == 2 and all(field.isdigit() for field in fields):
            promised, dimension = map(int, fields)
            continue
        dimension = dimension or len(fields) - 1
        if dimension < 1 or len(fields) != dimension + 1:
            expected = f"a word and {dimension} numbers" if dimension > 0 else "a word and its numbers"
            raise InputError(f"{path}:{number}: expected {expected}, found {len(fields)} columns")
        word, values = decode(fields[0], path, number), _floats(fields[1:], path, number)
        found += 1
        if word not in rows:
            rows[word] = len(rows)
            numbers.extend(values)
    if not rows:
        raise InputError(f"{path}: no word vectors; expected a word and its numbers on each line")
    if promised not in (None, found):
        raise InputError(f"{path}:1: promises {promised} word vectors, found {found}; is the file complete?")
    return WordVectors(rows, np.frombuffer(numbers, dtype=np.float32).reshape(len(rows), dimension))


def _floats(fields: list[bytes], path: Path, number: int) -> "array[float]":
    """One row of float32. Infinity is refused also where a number is too large for float32."""
    try:
        values = array("f", map(float, fields))
    except ValueError:
        values = array("f")
    # A sum of finite float32 numbers is finite in double precision, and nan or infinity survive in it.
    total = sum(values)
    if len(values) < len(fields) or total - total != 0:
        wrong = next(field for field in fields if not _is_float32(field))
        shown = wrong.decode("utf-8", errors="replace")
        raise InputError(f"{path}:{number}: expected {len(fields)} finite numbers after the word, found {shown!r}")
    return values


def _is_float32(field: bytes) -> bool:
    try:
        (value,) = array("f", [float(field)])
    except ValueError:
        return False
    return value - value == 0
