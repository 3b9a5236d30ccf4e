"""Parts of the text against the text itself."""

import gzip
import tracemalloc
from pathlib import Path

import pytest

from ldnet.errors import InputError
from ldnet.text.lines import read_lines
from pipeline.corpus.text_parts import Piece, read_parts


def write_files(folder: Path) -> list[Path]:
    texts = [b"a b\n\nc\r\n", b"", b"\xef\xbb\xbfd  e \nf", b"".join(b"%d x\n" % i for i in range(50))]
    paths = [folder / f"{i}.txt" for i in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_bytes(text)
    packed = folder / "4.txt.gz"
    packed.write_bytes(gzip.compress(texts[-1]))
    return [*paths, packed]


@pytest.mark.parametrize("part_bytes", [1, 7, 50, 10**6])
def test_every_line_is_in_one_part_under_its_number(tmp_path: Path, part_bytes: int) -> None:
    paths = write_files(tmp_path)
    parts = list(read_parts(paths, part_bytes))
    found = [
        (piece.path, number, line)
        for part in parts
        for piece in part
        for number, line in enumerate(piece.lines.split(b"\n"), piece.first_line)
    ]
    assert found == [(path, number, line) for path in paths for number, line in enumerate(read_lines(path), 1)]
    sizes = [sum(len(piece.lines) + 1 for piece in part) for part in parts]
    assert all(size >= part_bytes for size in sizes[:-1]) and max(sizes) < part_bytes + 10


def test_sentences_are_split_at_ascii_white_space(tmp_path: Path) -> None:
    ((piece,),) = read_parts(write_files(tmp_path)[2:3], 100)
    assert piece.sentences() == [b"d e", b"f"]
    white = Piece(Path("x"), 1, b"\x0ba\t\tb\x0c \n \r\n c\xc2\xa0d \xc2\x85 \x1c\n")
    assert white.sentences() == [b"a b", "c\u00a0d \u0085 \x1c".encode()]


def test_bad_utf8_is_named_by_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"a\nb\n  \xc3\n\xa9\n")
    for part_bytes in (1, 100):
        piece = list(read_parts([path], part_bytes))[2 if part_bytes == 1 else 0][0]
        with pytest.raises(InputError, match=r"a\.txt:3: not UTF-8 \(byte 0xc3 at position 1\)"):
            piece.sentences()


def test_a_packed_line_of_gigabytes_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.txt.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"a b\n")
        for _ in range(64):
            file.write(b"x" * (1 << 20))
    message = (
        r"a\.txt\.gz:2: a line of more than 4,194,304 bytes; expected a sentence a line; cut the text into sentences"
    )
    tracemalloc.start()
    with pytest.raises(InputError, match=message):
        list(read_parts([path], 1 << 22))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 24 << 20


def test_a_long_line_is_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"word " * 500_000 + b"\nb\n")
    (part,) = read_parts([path], 1 << 22)
    assert [len(sentence) for sentence in part[0].sentences()] == [2_499_999, 1]
