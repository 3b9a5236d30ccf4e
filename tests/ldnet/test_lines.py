"""Lines of files: line ends, byte order marks, and compression, which the content shows and not the name."""

import bz2
import gzip
import lzma
import shlex
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from ldnet.errors import InputError
from ldnet.text import lines
from ldnet.text.lines import compression, read_lines, split_lines

TEXT = "\ufeffa é\r\n\n b\n".encode()
LINES = ["a é".encode(), b"", b" b"]


def zstd(content: bytes) -> bytes:
    packed: bytes = pa.compress(content, codec="zstd", asbytes=True)
    return packed


PACK: dict[str, Callable[[bytes], bytes]] = {
    "": lambda content: content,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd,
}


def written(folder: Path, content: bytes, name: str = "a.txt") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize("kind", PACK)
def test_compression_is_seen_in_the_content(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, PACK[kind](TEXT))
    assert compression(path) == kind
    assert list(read_lines(path)) == LINES
    two = written(tmp_path, PACK[kind](TEXT) + PACK[kind](TEXT))  # as `cat` puts them together
    assert list(read_lines(two)) == LINES + LINES


@pytest.mark.parametrize("name", ["a.gz", "a.txt.BZ2", "a.xz", "a.zst"])
def test_a_name_that_promises_another_compression(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"its name says \w+, but it is not compressed"):
        list(read_lines(written(tmp_path, TEXT, name)))
    with pytest.raises(InputError, match="its name says xz, but it is gzip"):
        list(read_lines(written(tmp_path, gzip.compress(TEXT), "b.xz")))
    assert list(read_lines(written(tmp_path, b"", name))) == []


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "zstd"])
def test_a_damaged_file(tmp_path: Path, kind: str) -> None:
    content = PACK[kind](b"".join(b"%d\n" % (i * i) for i in range(9999)))
    half = content[: len(content) // 2]
    for damaged in (half, content + half, content + b"X" + content[1:], content + b"rest"):
        with pytest.raises(InputError, match=r"a\.txt: cannot be read"):
            list(read_lines(written(tmp_path, damaged)))


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "zstd"])
def test_what_follows_a_stream(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Zeros are padding, and another stream may follow them; anything else is damage."""
    if kind == "zstd":
        pytest.importorskip("compression.zstd", reason="pyarrow takes no padding")
    packed = PACK[kind](TEXT)
    for block_bytes in (1, 5, lines.BLOCK_BYTES):
        monkeypatch.setattr(lines, "BLOCK_BYTES", block_bytes)
        assert list(read_lines(written(tmp_path, packed + b"\0" * 8))) == LINES
        assert list(read_lines(written(tmp_path, packed + b"\0" * 4 + packed))) == LINES + LINES
    for damage in (b"X" + packed[1:], b"rest"):
        with pytest.raises(InputError, match=r"a\.txt: cannot be read"):
            list(read_lines(written(tmp_path, packed + damage)))


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "zstd"])
def test_nothing_compressed(tmp_path: Path, kind: str) -> None:
    assert list(read_lines(written(tmp_path, PACK[kind](b"")))) == []
    assert compression(written(tmp_path, PACK[kind](b""))) == kind


def test_zstd_with_a_frame_to_skip(tmp_path: Path) -> None:
    frame = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"skip"
    assert list(read_lines(written(tmp_path, frame + zstd(TEXT)))) == LINES


def test_text_that_begins_as_bzip2_does(tmp_path: Path) -> None:
    assert list(read_lines(written(tmp_path, b"BZh9 O\n"))) == [b"BZh9 O"]


def test_archives_are_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x.txt", TEXT)
    with pytest.raises(InputError, match=r"a\.zip: is packed \(zip\); unpack it"):
        list(read_lines(tmp_path / "a.zip"))
    with pytest.raises(InputError, match=r"a\.7z: is packed \(7z\); unpack it"):
        list(read_lines(written(tmp_path, b"7z\xbc\xaf\x27\x1c\x00\x04", "a.7z")))


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tar_archives_are_named(tmp_path: Path, form: int) -> None:
    text = written(tmp_path, TEXT)
    for name, mode in (("b.tar", "w"), ("b.tar.gz", "w:gz")):
        with tarfile.open(tmp_path / name, mode, format=form) as tar:  # type: ignore[call-overload]
            tar.add(text)
        with pytest.raises(InputError, match=rf"{name}: is a tar archive; unpack it"):
            list(read_lines(tmp_path / name))
    with pytest.raises(InputError, match=r"^x: is a tar archive; unpack it"):
        list(split_lines([None, (tmp_path / "b.tar").read_bytes()], "x"))


def test_text_with_the_mark_of_a_tar_archive_in_its_place(tmp_path: Path) -> None:
    line = b"a" * 256 + b" ustar O"
    assert list(read_lines(written(tmp_path, line + b"\n"))) == [line]


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"PAR1\x15\x04", "a Parquet table"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b"ARROW1\0\0", "an Arrow table"),
        (b"\x93NUMPY\x01\0", "a NumPy array"),
        (b"\x80\x04\x95", "a pickle of Python"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a file of Word or Excel"),
        (b"%PDF-1.4\n", "a PDF"),
        (b"%!PS-Adobe-3.0\n", "PostScript"),
    ],
)
def test_binary_files_are_named(tmp_path: Path, start: bytes, name: str) -> None:
    for content in (start + bytes(999), gzip.compress(start + b"\xff" * 999)):
        with pytest.raises(InputError, match=rf"a\.txt: is {name}, not text; export what is in it as text"):
            list(read_lines(written(tmp_path, content)))
    assert list(read_lines(written(tmp_path, b"PAR1 O\n"))) == [b"PAR1 O"]  # a gene


def test_zstd_without_what_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(lines.importlib, "import_module", missing)
    with pytest.raises(InputError, match=r"zstd is read with Python 3\.14, or with pyarrow"):
        list(read_lines(written(tmp_path, zstd(TEXT))))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_line_ends(end: str, last: bool, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "CERTAIN_BYTES", 4)
    content = (end.join(["a b", "", "c", "d"]) + end * last).encode()
    blocks = [content[i : i + size] for i in range(0, len(content), size)]
    if end == "\r\r\n" and size < 7:
        return  # no file is read in blocks that small, and a pipe shows a newline at once
    assert list(split_lines(blocks, "x")) == [b"a b", b"", b"c", b"d"]


def test_long_texts_of_both_kinds(tmp_path: Path) -> None:
    expected = [b"%d O" % i for i in range(300_000)]
    for end in (b"\n", b"\r"):
        assert list(read_lines(written(tmp_path, end.join(expected) + end))) == expected


def test_mixed_line_ends_are_refused(tmp_path: Path) -> None:
    content = b"a O\r" * 400_000 + b"b O\nc O\n"
    with pytest.raises(InputError, match=r"a\.txt:400001: ends with a newline, but the lines before it with carriage"):
        list(read_lines(written(tmp_path, content)))


@pytest.mark.skipif(not shutil.which("perl"), reason="perl is not here")
@pytest.mark.parametrize("content", ["a\rb\r\n\r\nc\r\n", "a\r\nb\r\n\r\nc\r", "a\rb\r\rc\r\n", "a\nb\r\r\n\nc"])
def test_the_remedy_for_mixed_line_ends(content: str) -> None:
    remedy = shlex.split(lines.SAME_ENDS.partition(": ")[2])
    changed = subprocess.run(remedy, input=content.encode(), capture_output=True, check=True).stdout
    assert changed.removesuffix(b"\n") == b"a\nb\n\nc"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize(
    "text", ["EU B-ORG\nrejects O\n", "\u043c\u044b \u0436\u0438\u043b\u0438 \u0432 \u043b\u0435\u0441\u0443 .\n" * 9]
)
def test_text_of_wide_characters_is_refused(encoding: str, text: str) -> None:
    found = r"x:1: not UTF-8 \(NUL bytes as in UTF-16 and UTF-32\); convert the file to UTF-8"
    with pytest.raises(InputError, match=found):
        list(split_lines([None, text.encode(encoding)], "x"))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("text", ["EU B-ORG\nrejects O\n", "\u65e5\u672c O\n\u8a9e O\n"])
def test_the_line_where_wide_characters_begin(encoding: str, end: str, text: str) -> None:
    before, wide = f"a O{end}b O{end}{end}".encode(), (text * 9).encode(encoding)
    for times, blocks in ((1, [before + wide]), (9000, [before * 9000, wide]), (9000, [before * 9000 + wide])):
        line = 3 * times + 1
        with pytest.raises(InputError, match=rf"x:{line}: not UTF-8"):
            list(split_lines(blocks, "x"))


@pytest.mark.parametrize(
    "content", [b"a\0b c\n\0\0d\n", b"the c\0t s\0t on the m\0t\n" * 99, b"\0" * 999, b"a" * 999 + b"\0" * 99]
)
def test_other_nul_bytes_are_text(content: bytes) -> None:
    assert b"\n".join(line or b"" for line in split_lines([content], "x")) == content.removesuffix(b"\n")


def test_what_is_compressed_twice(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.txt: what is compressed in it is compressed again \(bzip2\); unpack it"):
        list(read_lines(written(tmp_path, gzip.compress(bz2.compress(TEXT)))))


def test_a_byte_order_mark_at_the_start_of_a_file_is_no_word(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeff Ines B-PER\n\ufeff O\n".encode())
    assert [line.decode() for line in read_lines(path)] == [" Ines B-PER", "\ufeff O"]
    assert [line.decode() for line in read_lines(path, mark_is_word=True)] == ["\ufeff Ines B-PER", "\ufeff O"]
    parts = [b"\xef", None, b"\xbb\xbf ", b"a\r\xef\xbb\xbf b\r"]
    assert [line for line in split_lines(parts, "x") if line is not None] == [b" a", b"\xef\xbb\xbf b"]


def test_byte_order_marks_of_files_that_were_put_together() -> None:
    blocks = ["\ufeffa\n\ufeff\n\ufeffb \ufeff\n\ufeff O\n".encode(), None, "c\ufeff".encode()]
    blocks += ["\n\ufeff\ufeff\ufeffd\n\ufeff\ufeff O\n".encode(), b"\xef\xbb\xbf" * 100_000]
    assert [line if line is None else line.decode() for line in split_lines(blocks, "x")] == [
        "a", "", "b \ufeff", "\ufeff O", None, "c\ufeff", "d", "\ufeff O", "",
    ]  # fmt: skip
