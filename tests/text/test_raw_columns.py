"""Columns as they are brought: what is accepted, what is refused, and how that is said."""

import gzip
import random
from pathlib import Path

import pytest

from ldnet.errors import InputError
from pipeline.text.raw_columns import RawSentence, read_columns

TINY = Path(__file__).parents[1] / "data" / "tiny.conll"
SHARED = Path(__file__).parents[3] / "shared" / "data"
TWO_SENTENCES = [RawSentence(("a", "b"), ("O", "B-X"), (1, 2)), RawSentence(("c",), ("O",), (4,))]


def read(path: Path, word_column: int, tag_column: int) -> list[RawSentence]:
    return read_columns(path, word_column, tag_column).sentences


def written(folder: Path, content: bytes, name: str = "train.txt") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_columns_document_starts_and_line_numbers() -> None:
    sentences = read(TINY, 0, -1)
    assert [len(sentence.words) for sentence in sentences] == [5, 2, 2, 6]
    assert sentences[1] == RawSentence(("Peter", "Blackburn"), ("B-PER", "I-PER"), (9, 10))
    assert sentences[3].lines[0] == 15
    assert read(TINY, 0, 2)[1].tags == ("B-NP", "I-NP")
    assert read(TINY, -4, -2) == read(TINY, 0, 2)


@pytest.mark.parametrize(
    "content",
    [
        b"a O\nb B-X\n\nc O\n\n",
        b"a O\nb B-X\n\nc O",
        b"a O\r\nb B-X\r\n\r\nc O\r\n",
        b"\xef\xbb\xbfa O\nb B-X\n\nc O\n",
        b"\xef\xbb\xbf a O\nb B-X\n\nc O\n",
        b"a O\nb B-X\n-DOCEND- O\nc O\n",
        b"a O\nb B-X\n\xe2\x80\x93DOCSTART\xe2\x80\x93 O\nc O\n",
        b"a\tO\nb \t  B-X \n \t \n  c O\n\n\n\n",
        b"a O\nb B-X\n-DOCSTART- O\nc O\n",
        b"a O\nb B-X\n-DOCSTART-\nc O\n",
        b"a O\nb B-X\n-DOCSTART- -X- -X- O\nc O\n",
        b"a O\nb B-X\n-docstart- -x- -x- O\nc O\n",
        b"a O\nb B-X\n\xef\xbb\xbf# another file\nc O\n",
    ],
)
def test_ways_to_write_the_same_sentences(tmp_path: Path, content: bytes) -> None:
    assert read(written(tmp_path, content), 0, 1) == TWO_SENTENCES
    assert read(written(tmp_path, gzip.compress(content), "train.txt.gz"), 0, 1) == TWO_SENTENCES


def test_words_alone(tmp_path: Path) -> None:
    path = written(tmp_path, b"# text = a b\na\nb\n\n# a comment\n#c\n-DOCSTART-\nd\n")
    words = [RawSentence(("a", "b"), (), (2, 3)), RawSentence(("#c",), (), (6,)), RawSentence(("d",), (), (8,))]
    found = read_columns(path, 0, None)
    assert found.sentences == words and found.left_out["comment"] == 2
    path = written(tmp_path, b"# 12\na O\n# O\n\n# x\nb B-X\n")
    assert read_columns(path, 0, None) == read_columns(path, 0, 1)
    assert [sentence.tags for sentence in read_columns(path, 1, None).sentences] == [(), ()]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("EU,B-X\nwon,O\n", ":1: CSV, its columns separated by commas, not CoNLL columns; "),
        ("\nEU_NNP\nwon_VBD\n._.\n", ":2: words that are joined to their tags"),
        (
            "EU\xa0O\nwon\xa0O\n",
            ":1: expected words alone, or columns; only blanks and tabs separate columns, and there",
        ),
        ("EU won .\nBye .\nIt is so .\n", ":2: expected 3 columns as in line 1, found 2"),
    ],
)
def test_what_is_neither_words_nor_columns(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        read_columns(written(tmp_path, content.encode()), 0, None)
    assert str(error.value).startswith(f"{tmp_path / 'train.txt'}{message}")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a B-X\n\nword tag\nb O\n\nWord tag\nc O\n", [("a",), ("b",), ("c",)]),
        (b"a B-X\n\xef\xbb\xbfword tag\nb O\n", [("a",), ("b",)]),
        (b"a entity\nword O\n\nWord entity\nc O\n", [("a", "word"), ("Word", "c")]),  # a type alone
        (b"a B-X\nword tag\n", [("a", "word")]),
    ],
)
def test_headers_of_files_that_were_put_together(tmp_path: Path, content: bytes, words: list[tuple[str, ...]]) -> None:
    assert [sentence.words for sentence in read(written(tmp_path, content), 0, 1)] == words


@pytest.mark.parametrize(
    ("content", "columns", "message"),
    [
        (b"sep=;\nword;tag\na;O\n", (0, -1), ":1: CSV that begins with Excel's sep= line, not CoNLL columns; python "),
        (
            b"sep=\t\nword\ttag\na\tO\n",
            (0, -1),
            ":1: CSV that begins with Excel's sep= line, not CoNLL columns; python ",
        ),
        (b"a O\n\nb X O\n", (0, -1), ":3: expected 2 columns as in line 1, found 3"),
        (b"\na X O\nb\n", (0, -1), ":3: expected 3 columns as in line 2, found 1"),
        (b"a O\n", (0, 2), ":1: 2 columns, but prepare_conll.tag_column is 2"),
        (b"a O\n", (-3, 1), ":1: 2 columns, but prepare_conll.word_column is -3"),
        (b"a O\n", (1, -1), ":1: 2 columns; prepare_conll.word_column 1 and prepare_conll.tag_column -1 are the same"),
        (b"word\n", (0, -1), ":1: 1 columns; prepare_conll.word_column 0 and prepare_conll.tag_column -1 are the same"),
        (b"a O\nb\xe9 O\n", (0, 1), ":2: not UTF-8 (byte 0xe9 at position 2)"),
        ("a O\n".encode("utf-16"), (0, 1), ":1: not UTF-8"),
        (b"EU, B-X\nwon, O\n\n.., O\n", (0, 1), ":1: CSV, its columns separated by commas, not CoNLL columns; "),
        ("EU O\x85won O\x85\x85. O\x85".encode(), (0, 1), ":1: lines end with U+0085; expected newlines"),
        (
            "EU\xa0O\nwon\xa0O\n".encode(),
            (0, 1),
            ":1: 1 columns, but prepare_conll.tag_column is 1 (columns count from 0); only blanks and tabs",
        ),
        (
            "EU\xa0O\nwon\xa0O\n".encode(),
            (0, -1),
            ":1: 1 columns; prepare_conll.word_column 0 and prepare_conll.tag_column -1 are the same one",
        ),
        (
            "# x\n-DOCSTART-\n\nEU\u2009O\nNew\xa0York\u2009O\n".encode(),
            (0, 1),
            ":4: 1 columns, but prepare_conll.tag_column is 1 (columns count from 0); only blanks and tabs separate "
            "columns, and there are U+2009 in these lines",
        ),
        (b"a\xed\xa0\x80 O\n", (0, 1), ":1: not UTF-8"),
        (b"", (0, 1), ": no sentences"),
        (
            b"a O\nb " + b"x" * (6 << 20),
            (0, 1),
            ":2: a line of more than 4,194,304 bytes; expected a word and its columns",
        ),
        (b"\n \n\t\n-DOCSTART- -X- O\n", (0, 1), ": no sentences"),
    ],
)
def test_errors_name_file_line_and_what_was_expected(
    tmp_path: Path, content: bytes, columns: tuple[int, int], message: str
) -> None:
    path = written(tmp_path, content)
    with pytest.raises(InputError) as error:
        read(path, *columns)
    assert str(error.value).startswith(f"{path}{message}")


def test_missing_file_says_where_to_put_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"mine/train\.txt: no such file; put raw data there with `make data"):
        read(tmp_path / "mine" / "train.txt", 0, 1)


@pytest.mark.parametrize(
    "content", [b"a O\n", b"", gzip.compress(b"a O\n" * 999, mtime=0)[:-20], b"\x1f\x8b\x08\x00junkjunkjunk"]
)
def test_damaged_gzip(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError, match=r"train\.txt\.gz"):
        read(written(tmp_path, content, "train.txt.gz"), 0, 1)


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path, 0, 1)


def test_rubbish_gives_input_errors_only(tmp_path: Path) -> None:
    generator = random.Random(1)
    pieces = [b"a", b"O", b"B-X", b" ", b"\t", b"\n", b"\r", b"-DOCSTART-", b"\xc3\xa9", b"\xff", b"\x00", b"\xc2\x85"]
    accepted = refused = 0
    for round_ in range(400):
        mixed = b"".join(generator.choices(pieces, k=generator.randint(0, 12)))
        content = generator.randbytes(generator.randint(0, 60)) if round_ % 3 == 0 else mixed
        path = written(tmp_path, content, "x.gz" if round_ % 5 == 0 else "x.txt")
        try:
            sentences = read(path, 0, generator.choice((-1, 1, 2)))
        except InputError as error:
            assert str(error).startswith(str(path))
            refused += 1
        else:
            assert all(len(s.words) == len(s.tags) > 0 for s in sentences)
            accepted += 1
    assert accepted > 5
    assert refused > 100


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real CoNLL files are not here")
def test_real_files_have_their_published_sizes() -> None:
    chunks = read(SHARED / "conll2000" / "test.txt", 0, 2)
    assert (len(chunks), sum(len(s.words) for s in chunks)) == (2012, 47377)
    entities = read(SHARED / "conll2003" / "test.txt", 0, 3)
    assert (len(entities), sum(len(s.words) for s in entities)) == (3453, 46435)
