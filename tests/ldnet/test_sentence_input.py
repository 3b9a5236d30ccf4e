"""Sentences in groups as they arrive, with the places of empty lines, and errors that name file and line."""

import gzip
import io
import os
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ldnet import sentence_input
from ldnet.errors import InputError
from ldnet.sentence_input import Reader, Say, SentenceRead, check_inputs, conll_reader, read_groups, text_reader
from ldnet.sentence_output import conll_block
from ldnet.text.tokenisation import split_at_blanks


def silent(line: str) -> None:
    pytest.fail(f"said without a reason: {line}")


TEXT = text_reader(split_at_blanks, silent)


def read(content: bytes, tmp_path: Path, reader: Reader = TEXT, name: str = "a.txt") -> list[SentenceRead]:
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return [sentence for group in read_groups(str(tmp_path / name), reader) for sentence in group]


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_every_line_keeps_its_place(name: str, tmp_path: Path) -> None:
    said: list[str] = []
    content = "\ufeffé b\r\n\n  \n\x85 c".encode()
    sentences = read(content, tmp_path, text_reader(split_at_blanks, said.append), name)
    assert len(said) == 1 and f"{name}:4: '\\x85' inside the line, which is read as one sentence" in said[0]
    assert [sentence.line.text for sentence in sentences] == ["é b", "", "  ", "\x85 c"]
    assert [sentence.line.words for sentence in sentences] == [["é", "b"], [], [], ["\x85", "c"]]
    assert [sentence.last_line for sentence in sentences] == [1, 2, 3, 4]
    assert read(b"", tmp_path, name=name) == []
    joined = read("\ufeffa\n\ufeffb\n".encode(), tmp_path, name=name)
    assert [sentence.line.text for sentence in joined] == ["a", "b"]


def test_groups_are_bounded_in_sentences_and_characters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentence_input, "GROUP_SENTENCES", 3)
    monkeypatch.setattr(sentence_input, "GROUP_CHARACTERS", 10)
    (tmp_path / "a.txt").write_text("a\nb\nc\nd\n0123456789\ne\n")
    groups = read_groups(str(tmp_path / "a.txt"), TEXT)
    assert [[sentence.line.text for sentence in group] for group in groups] == [
        ["a", "b", "c"],
        ["d", "0123456789"],
        ["e"],
    ]


def test_groups_are_bounded_in_the_lines_of_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentence_input, "MOST_SENTENCE_CHARACTERS", 50)
    comment = f"# text = {'x' * 30}\n"
    (tmp_path / "a.conll").write_text("the 1\n\n" + f"{comment}cat 1\n\n" * 3 + "a 1\n\n")
    groups = [*read_groups(str(tmp_path / "a.conll"), conll_reader(0, silent))]
    assert [[sentence.line.text for sentence in group] for group in groups] == [["the", "cat", "cat"], ["cat", "a"]]


def test_lines_longer_than_a_block(tmp_path: Path) -> None:
    words = ["long" * 50_000, "x"]
    assert read(" ".join(words).encode() + b"\ny\n", tmp_path)[0].line.words == words


@pytest.fixture
def stdin() -> Iterator[int]:
    """The writing end of a pipe that is standard input."""
    kept = os.dup(0)
    reading, writing = os.pipe()
    os.dup2(reading, 0)
    yield writing
    os.dup2(kept, 0)
    for descriptor in (kept, reading):
        os.close(descriptor)


def test_what_has_arrived_is_not_held_back_while_more_may_come(stdin: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentence_input, "PAUSE_SECONDS", 0.05)
    groups = read_groups("-", TEXT)
    os.write(stdin, b"a\nb\nhal")
    assert [sentence.line.text for sentence in next(groups)] == ["a", "b"]

    def go_on() -> None:
        time.sleep(0.1)
        os.write(stdin, b"f\n\xff\n")
        os.close(stdin)

    threading.Thread(target=go_on).start()
    assert [sentence.line.text for sentence in next(groups)] == ["half"]
    with pytest.raises(InputError, match=r"<stdin>:4: not UTF-8 \(byte 0xff at position 1\)"):
        next(groups)


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_what_comes_before_an_error_is_read(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(gzip.compress(b"a\n\xff\n") if name.endswith(".gz") else b"a\n\xff\n")
    groups = read_groups(str(tmp_path / name), TEXT)
    assert [sentence.line.text for sentence in next(groups)] == ["a"]
    with pytest.raises(InputError, match=f"{name}:2: not UTF-8"):
        next(groups)


COLUMNS = "-DOCSTART- -X- O\n\nJohn NNP B-PER \nruns\tVBZ\tO\n\n\n. . O\n-DOCSTART- -X- O\na\xa0b DT O"


def test_columns_keep_all_that_they_have(tmp_path: Path) -> None:
    sentences = read(COLUMNS.encode(), tmp_path, conll_reader(0, silent))
    assert [sentence.line.words for sentence in sentences if sentence.line.words] == [
        ["John", "runs"],
        ["."],
        ["a\xa0b"],
    ]
    tagged = "".join(conll_block(sentence, ["T"] * len(sentence.line.words)) for sentence in sentences)
    expected = [
        "-DOCSTART- -X- O O", "", "John NNP B-PER T", "runs\tVBZ\tO\tT", "", "", ". . O T", "-DOCSTART- -X- O O",
        "a\xa0b DT O T", "", "",
    ]  # fmt: skip
    assert tagged.split("\n") == expected
    assert [sentence.last_line for sentence in sentences] == [1, 2, 5, 6, 7, 8, 9]


def tagged(content: str, tmp_path: Path, word_column: int | None = 0, say: Say = silent) -> tuple[list[list[str]], str]:
    """The words of the sentences, and what is written with the tags T1, T2, ..."""
    sentences = read(content.encode(), tmp_path, conll_reader(word_column, say))
    words = [list(sentence.line.words) for sentence in sentences if sentence.line.words]
    tags = (f"T{number}" for number in range(1, 99))
    return words, "".join(conll_block(s, [next(tags) for _ in s.line.words]) for s in sentences)


@pytest.mark.parametrize(
    ("content", "word_column", "words", "written"),
    [
        ("# a = 1\n# b c\nx O\ny O\n\n", 0, [["x", "y"]], "# a = 1\n# b c\nx O T1\ny O T2\n\n"),
        ("# all\n\nx\n# in\ny\n", 0, [["x", "y"]], "# all\n\nx T1\n# in\ny T2\n\n"),
        ("#\n#x\n", 0, [["#", "#x"]], "# T1\n#x T2\n\n"),
        ("#x O\n\nx O\n", 0, [["#x"], ["x"]], "#x O T1\n\nx O T2\n\n"),
        ("#Text=a b\n#T_SP=a|b O\n\nx O\n", 0, [["x"]], "#Text=a b\n#T_SP=a|b O\n\nx O T1\n\n"),
        ("###MEDLINE:9\n\nx O\n\n###A:1\n\n", 0, [["x"]], "###MEDLINE:9\n\nx O T1\n\n###A:1\n\n"),
        ("###MEDLINE:9\n\nx\n\n###A:1\n\n", 0, [["x"]], "###MEDLINE:9\n\nx T1\n\n###A:1\n\n"),
        ("-DOCSTART FILE a.xml\nx O\n\n", 0, [["x"]], "-DOCSTART FILE a.xml O\nx O T1\n\n"),
        ("#my corpus\n\nx O\n", 0, [["x"]], "#my corpus\n\nx O T1\n\n"),
        ("# by e-mail\n\nx O\n", 0, [["x"]], "# by e-mail\n\nx O T1\n\n"),
        ("# id a\ten\nx\tO\n#\tO\n\n", 0, [["x", "#"]], "# id a\ten\nx\tO\tT1\n#\tO\tT2\n\n"),
        ("# id a\ten\nx\tNN\n\n", 0, [["# id a", "x"]], "# id a\ten\tT1\nx\tNN\tT2\n\n"),
        ("0.5 x\n1 y\n", 1, [["x", "y"]], "0.5 x T1\n1 y T2\n\n"),
        ("1\tHo Chi\tO\n2\tx\tO\n", 1, [["Ho Chi", "x"]], "1\tHo Chi\tO\tT1\n2\tx\tO\tT2\n\n"),
        ("x\t\ny\tO\n", 0, [["x", "y"]], "x\t\tT1\ny\tO\tT2\n\n"),
        (
            "1-2\tdel\n1\tde\n2\tel\n2.1\tes\n", 1, [["de", "el"]],
            "1-2\tdel\t_\n1\tde\tT1\n2\tel\tT2\n2.1\tes\t_\n\n",
        ),
        (
            "#Text=ab c\n1-1\t0-2\tab\t_\t\n1-1.1\t0-1\ta\tY\t\n1-2\t3-4\tc\t_\t\n", 2, [["ab", "c"]],
            "#Text=ab c\n1-1\t0-2\tab\t_\tT1\n1-1.1\t0-1\ta\tY\t_\n1-2\t3-4\tc\t_\tT2\n\n",
        ),
        ("word pos\nx NN\n", 0, [["x"]], "word pos tag\nx NN T1\n\n"),
        (
            "word pos\nx NN\n\nword pos\ny NN\n", 0, [["x"], ["y"]],
            "word pos tag\nx NN T1\n\nword pos tag\ny NN T2\n\n",
        ),
        ("x NN\n\nword pos\ny NN\n", 0, [["x"], ["y"]], "x NN T1\n\nword pos tag\ny NN T2\n\n"),
        ("x y\n\nText text\n", 0, [["x"], ["Text"]], "x y T1\n\nText text T2\n\n"),
        ("x O\ry O\r\rz O\r", 0, [["x", "y"], ["z"]], "x O T1\ny O T2\n\nz O T3\n\n"),
        ("\ufeffx O\n\n\ufeffy O\n", 0, [["x"], ["y"]], "x O T1\n\ny O T2\n\n"),
        ("\ufeffx O\n\ufeffy O\n\ufeff\nz O\n", 0, [["x"], ["y"], ["z"]], "x O T1\n\ny O T2\n\nz O T3\n\n"),
    ],
)  # fmt: skip
def test_lines_that_are_no_words_come_back(
    content: str, word_column: int, words: list[list[str]], written: str, tmp_path: Path
) -> None:
    assert tagged(content, tmp_path, word_column) == (words, written)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x O\n\nHo Chi O\n", "a.txt:3: expected 2 columns as in line 1, found 3"),
        ("New York O\nx O\ny O\n", "a.txt:1: expected 2 columns as in line 2, found 3"),
        ("x\tO\n\tO\n", "a.txt:2: the word is empty"),
        ('{"text": "x"}\n', "a.txt:1: JSON; expected CoNLL columns"),
        ("word,tag\nx,O\n", "a.txt:1: CSV with a header"),
    ],
)
def test_columns_that_cannot_be_tagged(content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        tagged(content, tmp_path)


def test_compressed_input(stdin: int, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(gzip.compress(b"x y\n"))
    assert [s.line.words for group in read_groups(str(tmp_path / "a.txt"), TEXT) for s in group] == [["x", "y"]]
    os.write(stdin, gzip.compress(b"x y\n"))
    os.close(stdin)
    with pytest.raises(InputError, match=r"<stdin>: is compressed \(gzip\); unpack it"):
        list(read_groups("-", TEXT))


def tar_archive() -> bytes:
    with io.BytesIO() as file, tarfile.open(fileobj=file, mode="w") as tar:
        tar.add(__file__)
        return file.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (tar_archive(), "is a tar archive; unpack it"),
        (b"PK\x03\x04\x14\0\0\0\x08\0", r"is compressed \(zip\); unpack it"),  # .zip, .docx, .xlsx, .odt
        (b"PAR1\x15\x04\x15\x10", "is a Parquet table, not text"),
        (b"%PDF-1.7\n", "is a PDF, not text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", r":1: not UTF-8 \(byte 0x89 at position 1\)"),
    ],
)
def test_what_is_no_text_is_refused_wherever_it_comes_from(
    content: bytes, message: str, stdin: int, tmp_path: Path
) -> None:
    os.write(stdin, content)
    os.close(stdin)
    for columns in (TEXT, conll_reader(None, silent)):
        with pytest.raises(InputError, match=message.replace("compressed", "packed")):
            read(content, tmp_path, columns)
    with pytest.raises(InputError, match=rf"^<stdin>.*{message}"):
        list(read_groups("-", TEXT))


def test_another_column_and_one_that_is_not_there(tmp_path: Path) -> None:
    assert read(b"1 a\n2 b\n", tmp_path, conll_reader(-1, silent))[0].line.words == ["a", "b"]
    with pytest.raises(InputError, match=r"a.txt:2: expected 2 columns as in line 1, found 1"):
        read(b"1 a\n2\n", tmp_path, conll_reader(1, silent))
    with pytest.raises(InputError, match=r"a.txt:2: 1 columns, but --word-column is 1"):
        read(b"\na\n", tmp_path, conll_reader(1, silent))


def test_files_are_looked_at_before_anything_else(tmp_path: Path) -> None:
    check_inputs(("-",))
    with pytest.raises(InputError, match=r"gone\.txt: no such file"):
        check_inputs((str(tmp_path / "gone.txt"),))
    with pytest.raises(InputError, match="is a folder; give the files in it"):
        check_inputs((str(tmp_path),))


@pytest.mark.parametrize(
    ("content", "words", "written"),
    [
        (
            "1-2\tdel\t_\n1\tde\t_\n2\tel\t_\n\n", [["de", "el"]],
            "1-2\tdel\t_\t_\n1\tde\t_\tT1\n2\tel\t_\tT2\n\n",
        ),
        ("1 a\n2 b\n\n3 c\n", [["a", "b"], ["c"]], "1 a T1\n2 b T2\n\n3 c T3\n\n"),
        ("0 a\n1 b\n", [["a", "b"]], "0 a T1\n1 b T2\n\n"),
        ("# a = 1\n\nid form\n1 a\n", [["a"]], "# a = 1\n\nid form tag\n1 a T1\n\n"),
        ("-DOCSTART- O\n\n1 a\n1.1 b\n", [["a"]], "-DOCSTART- O O\n\n1 a T1\n1.1 b _\n\n"),
        ("id form\n\n1 a\n", [["a"]], "id form tag\n\n1 a T1\n\n"),
    ],
)  # fmt: skip
def test_the_words_stand_beside_a_column_that_counts_them(
    content: str, words: list[list[str]], written: str, tmp_path: Path
) -> None:
    said: list[str] = []
    assert tagged(content, tmp_path, None, said.append) == (words, written)
    (line,) = said
    counts = "column 0 counts the words, so that they are read from column 1; --word-column says"
    assert ("words are read from column 1, as the header says" if "id form" in content else counts) in line
    assert tagged(content, tmp_path, 1) == (words, written)


@pytest.mark.parametrize(
    ("content", "doubted"),
    [
        ("1\n2\n", False), ("1 O\n2 B-X\n", False), ("1999 CD\n", False), ("a 1\n", False), ("0 CD O\n", False),
        ("1.1 a\n", False), ("1,5 CD O\n2,5 CD O\n", False), ("no a O\nnon b O\n", False),
        ("3 a\n4 b\n", True), ("1 a\n3 b\n", True), ("1 a O\n1 b O\n", True), ("s1 a O\ns1 b O\n", True),
        ("B-X a\nO b\n", True), ("B-X NN\nO VB\n", False), ("B-X B-Y\nO O\n", False),
        ("1_1\ta\n1_2\tb\n", True), ("d1\t1\ta\nd1\t2\tb\n", True),
    ],
)  # fmt: skip
def test_other_numbers_are_words_and_doubted_beside_words(content: str, doubted: bool, tmp_path: Path) -> None:
    words, said = [[line.split()[0] for line in content.splitlines()]], []
    assert tagged(content, tmp_path, None, said.append)[0] == tagged(content, tmp_path, 0)[0] == words
    assert [line.endswith("are these words? --word-column says where they are") for line in said] == [True] * doubted


def test_the_words_of_webanno(tmp_path: Path) -> None:
    content = "#FORMAT=WebAnno TSV 3.3\n\n\n#Text=ab\n1-1\t0-2\tab\t_\n1-1.1\t0-1\ta\tY\n\n2-1\t3-4\tc\t_\n"
    said: list[str] = []
    assert tagged(content, tmp_path, None, said.append)[0] == [["ab"], ["c"]]
    path = tmp_path / "a.txt"
    assert said == [f"{path}:5: WebAnno TSV, so that words are read from column 2; --word-column says where they are"]
    assert tagged("1-1\ta\tO\n1-2\tb\tO\n", tmp_path, None, said.append)[0] == [["1-1", "1-2"]]


def test_a_comment_names_the_column_of_the_words(tmp_path: Path) -> None:
    said: list[str] = []
    content = "# global.columns = ID UPOS FORM\n1\tX\ta\n2\tX\tb\n\n"
    assert tagged(content, tmp_path, None, said.append)[0] == [["a", "b"]]
    assert len(said) == 1 and "a.txt:1: words are read from column 2, as global.columns says" in said[0]
    assert tagged(content, tmp_path, 1)[0] == [["X", "X"]]
    assert tagged("# global.columns = ID LEMMA\nx y\n\n", tmp_path, None)[0] == [["x"]]


@pytest.mark.parametrize("unseen", ["\u00a0", "\u200b", " \u3000", "\x0c", "\x1a"])
def test_what_cannot_be_seen_ends_a_sentence(unseen: str, tmp_path: Path) -> None:
    assert tagged(f"x\ny\n{unseen}\nz\u00a0\n", tmp_path)[0] == [["x", "y"], ["z\u00a0"]]


@pytest.mark.parametrize("start", ["-DOCSTART-(1) O", "--DOCSTART-- O", "DOCSTART O", "-docstart- -x-"])
def test_document_starts_as_others_write_them(start: str, tmp_path: Path) -> None:
    assert tagged(f"{start}\n\nx O\n\n{start}\ny O\n", tmp_path)[0] == [["x"], ["y"]]
    assert tagged("docstart O\nthe-docstart-x O\n", tmp_path)[0] == [["docstart", "the-docstart-x"]]


def test_a_first_sentence_that_is_very_long_is_doubted(tmp_path: Path) -> None:
    said: list[str] = []
    sentences = read(b"x O\n" * 501, tmp_path, conll_reader(0, said.append))
    assert len(sentences) == len(said) == 1
    assert said[0].endswith("a.txt:1: a sentence of 501 words; is there an empty line after each sentence?")


def test_a_column_that_does_not_count_all_words_is_refused(tmp_path: Path) -> None:
    said: list[str] = []
    message = r"a\.txt:3: 'John' in column 0, which counts the words of the first sentence; .*--word-column"
    with pytest.raises(InputError, match=message):
        tagged("1 CD O\n\nJohn NNP O\n", tmp_path, None, said.append)
    assert len(said) == 1
    assert tagged("1 CD O\n\nJohn NNP O\n", tmp_path, 0)[0] == [["1"], ["John"]]


@pytest.mark.parametrize(
    ("content", "words", "written"),
    [
        (
            "a\tx\tB-X\tn\nb\ty\tO\tn\n\nc\tz\tO\t\n\n", [["a", "b"], ["c"]],
            "a\tx\tB-X\tn\tT1\nb\ty\tO\tn\tT2\n\nc\tz\tO\t\tT3\n\n",
        ),
        ("a\tO\n\nNew York\tO\t\n", [["a"], ["New York"]], "a\tO\tT1\n\nNew York\tO\tT2\n\n"),
        ("a O\n\nb\tO\n\nc O\n", [["a"], ["b"], ["c"]], "a O T1\n\nb\tO\tT2\n\nc O T3\n\n"),
        ("a O\n\nNew York\tO\n", [["a"], ["New York"]], "a O T1\n\nNew York\tO\tT2\n\n"),
        ("a\tO\n\n#\n\n#\tO\n", [["a"], ["#"]], "a\tO\tT1\n\n#\n\n#\tO\tT2\n\n"),
    ],
)  # fmt: skip
def test_what_separates_columns_stays(content: str, words: list[list[str]], written: str, tmp_path: Path) -> None:
    assert tagged(content, tmp_path) == (words, written)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("Paris\tNNP\n\nNew York\n\n", 3),
        ("Paris\tNNP\n\nNew York\nin\tIN\n\n", 3),
        ("a O\n\nNew York\tO\n\nb O\n", 5),
    ],
)
def test_blanks_separate_nothing_where_tabs_did(content: str, line: int, tmp_path: Path) -> None:
    message = rf"a\.txt:{line}: expected 2 columns as in line 1, found 1 \(tabs separate the columns: is one of"
    with pytest.raises(InputError, match=message.replace("line 1", r"line \d")):
        tagged(content, tmp_path)


@pytest.mark.parametrize(
    ("content", "words", "told"),
    [
        ("lemma form pos\nbe is V\n\n", ["is"], "1: words are read from column 1, as the header says"),
        ("Sentence #\tWord\tPOS\nSentence: 1\tx\tN\n\ty\tV\n\n", ["x", "y"], "1: words are read from column 1"),
        ("TOKEN\tNE-LIT\nx\tB-loc\ny\tO\n\n", ["x", "y"], "1: read as a header: it has no tag"),
        ("Wort pos_tag\nx NN\n\n", ["Wort", "x"], "1: 'Wort' is read as a word; if the line is a header, delete it"),
    ],
)
def test_a_header_is_told(content: str, words: list[str], told: str, tmp_path: Path) -> None:
    said: list[str] = []
    assert tagged(content, tmp_path, None, said.append)[0] == [words]
    assert any(told in line for line in said)


def test_ranges_of_words_that_are_miscounted_are_refused(tmp_path: Path) -> None:
    content = "1-2\tdel\n1\tde\n2\tel\n4\tx\n\n"
    with pytest.raises(InputError, match=r"a\.txt:4: column 0 counts words, but 4 does not come next, so ranges"):
        tagged(content, tmp_path, 1)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("x\tO\t_\n.\tO\tEndOfSentence\ny\tO\t_\n\n", "2: a sentence ends here, as a flag says, but no empty line"),
        ("x\tO\tPySBDSegment\ny\tO\tPySBDSegment\n\n", "1: a sentence ends here, as a flag says"),
        ("x\tO\t_\n.\tO\tEndOfSentence\n\n", ""),
    ],
)
def test_flags_say_that_a_sentence_ends(content: str, told: str, tmp_path: Path) -> None:
    said: list[str] = []
    tagged(content, tmp_path, 0, said.append)
    assert [line.partition("a.txt:")[2].startswith(told) for line in said] == [True] * bool(told)
