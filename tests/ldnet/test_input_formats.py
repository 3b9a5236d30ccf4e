"""JSON, CSV, web pages and columns given as text, and text and CSV given as columns: refused, or doubted."""

from pathlib import Path

import pytest

from ldnet import sentence_input
from ldnet.errors import InputError
from ldnet.input_formats import doubt_about_text
from ldnet.sentence_input import conll_reader, read_groups, text_reader
from ldnet.text.tokenisation import split_at_blanks, tokenise

COLUMNS = "EU B-ORG\nrejects O\ncall O\n\nPeter B-PER\n\n"


def read(content: str, tmp_path: Path, form: str) -> tuple[int, list[str]]:
    """How many sentences there are, and what is said."""
    said: list[str] = []
    (tmp_path / "a").write_text(content)
    reader = text_reader(split_at_blanks, said.append) if form == "text" else conll_reader(None, said.append)
    return sum(map(len, read_groups(str(tmp_path / "a"), reader))), said


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"text":"John"}\n', r"a:1: JSON; expected text, a sentence a line: take .*jq -r \.text"),
        ('\n\n["John", "Mary"]\n', "a:3: JSON; expected text"),
        ('[\n {"text": "John"}\n]\n', "a:1: JSON"),
        ("<!DOCTYPE html>\n<p>x</p>\n", "a:1: a web page or XML"),
        ("sentence,label\nJohn left,x\n", "a:1: CSV with a header"),
        (COLUMNS, "a:1: CoNLL columns; expected text, a sentence a line; --input conll reads columns"),
        (COLUMNS.replace(" ", "\t"), "a:1: CoNLL columns"),
        ("# id = 1\n1\tJohn\t_\n2\tcame\t_\n3\tin\t_\n\n", "a:1: CoNLL columns"),
        ("-DOCSTART- -X- O O\n\nx NN O O\n", "a:1: CoNLL columns"),
        ("\n-DOCSTART-\n\n", "a:2: CoNLL columns"),
        (
            "sep=;\nid;text\n1;Ada left\n",
            "a:1: CSV that begins with Excel's sep= line; expected text, a sentence a line",
        ),
        ("EU NNP B-ORG\nrejects VBZ O\ncall NN O\n\n", "a:1: CoNLL columns"),
        ("x O\ny O\nz O\n\n-DOCSTART-\n\n", "a:1: CoNLL columns"),
    ],
)
def test_what_is_no_text_is_refused(content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read(content, tmp_path, "text")


def test_who_asks_says_what_is_expected_and_what_reads_columns() -> None:
    lines = [*enumerate(COLUMNS.split("\n"), 1)]
    with pytest.raises(InputError, match=r"a:1: CoNLL columns; expected x; y reads them$"):
        doubt_about_text(lines, "a", "expected x", "y reads them")
    assert doubt_about_text(lines[:3], "a", "expected x", "y reads them").endswith("; y reads them")


@pytest.mark.parametrize(
    "content",
    [
        "id-1\tJohn came.\nid-2\tHe left.\nid-3\tIt ended.\n",
        "EU B-ORG\nrejects O\ncall O\n",
        "1\tJohn came.\nfoo\tHe left.\n3\tIt ended.\n\n",
        "1\tThe cat sat .\n2\tA dog ran .\n\n3\tIt rained .\n",
        "John\tB-PER\ncame\tfar\nin\tO\n\n",
    ],
)
def test_what_may_be_columns_is_read_with_a_warning(content: str, tmp_path: Path) -> None:
    sentences, said = read(content, tmp_path, "text")
    assert sentences == content.count("\n") and len(said) == 1
    assert said[0].endswith(
        ":1: these may be columns, but are read as text, a sentence a line; --input conll reads columns"
    )


@pytest.mark.parametrize(
    "content",
    [
        "", "\n\n", "{ John }\n", '["John came.\n', "a < b\n", "John, Mary and x\nA, B\n", "Word, tag.\n", "One O\n",
        "I saw Mary\nHe saw John\n\nYou saw Ed\n", "1 a\n2 b\n3 c\n\n", "a\nb\nc\nd\ne\nf\ng\n", '"Come."\n',
        "a, b\nc, d\ne, O. f\n", "and/or he/she\n", "the_DT cat_NN\nsat on the mat and/or\n",
        '"So it is", he said.\n"Yes", she said.\n', "Ada left.\nBo came.\nYes .\n", "Ada left.\nBo came.\n",
        "他 在 上海 。\n", "在线 コンピュータ 。\n", "Ada left Ulm.\nBo\nAll.\nBo came.\n",
    ],
)  # fmt: skip
def test_text_is_not_doubted(content: str, tmp_path: Path) -> None:
    assert read(content, tmp_path, "text") == (content.count("\n"), [])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\nb\nc\nd\n.\n\ne\n.\n", "a:1: one word a line, but read as text, a sentence a line; --input conll reads"),
        ("a\nb\n.\nc\nd\n.\n", "a:1: one word a line, but read as text, a sentence a line; --input conll reads"),
        ('1,"John came."\n2,"He left, too."\n', "a:1: this may be CSV, its columns separated by commas, but is read"),
        ('"John came.";x\n"He left.";y\n', "a:1: this may be CSV, its columns separated by semicolons, but is read"),
        ("a b .\n\n00:01,000 --> 00:02,000\n", "a:3: '00:01,000 --> 00:02,000' is the time of a subtitle, but is read"),
        ("a b .\nJos\u00c3\u00a9 .\n", "is text in UTF-8 that was read as another encoding, but is read as a sentence"),
        ("a b .\n\u3000a .\n", "a:2: '\\u3000a .' is text with blanks that separate no words"),
        ("Ada left Ulm.\nBo came.\nIt is so.\n", "a:1: 'Ada left Ulm.' seems not to be tokenised; write blanks"),
        ("Ada\u00a0left\nBo\u00a0came\n", "only ASCII blanks separate words, and there are U+00A0 in all lines"),
        ("他在上海。\n我也在。\n", "a:1: '他在上海。' has words that no blanks separate; write blanks"),
        ("ฉันอยู่ที่กรุงเทพ\n", "has words that no blanks separate; write blanks between words, and --tokenised"),
        ("John,B-PER\ncame,O\nin,O\n", "a:1: this may be CSV, its columns separated by commas, but is read as text"),
        ('"John came."\n"He left."\n', "a:1: quotation marks around each line are read as words of it"),
        ("a\nb c\rd e\r\nf g\n", "a:2: '\\r' inside the line, which is read as one sentence"),
        (
            "the_DT cat_NN sat_VBD ._.\nit_PRP sat_VBD\nso_RB\tit_PRP\n",
            "a:1: these may be words joined to their tags, but are read",
        ),
        (
            "Ada/B-PER left/O\nfor/O Ulm/S-LOC\nand/O Bo/S-PER\n",
            "a:1: these may be words joined to their tags, but are",
        ),
        ("a\nb c\x0bd e\n", "a:2: '\\x0b' inside the line, which is read as one sentence"),
        ("a\nb c\u2028d e\n", "a:2: '\\u2028' inside the line, which is read as one sentence"),
    ],
)
def test_what_may_be_no_text_is_read_with_a_warning(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(content.encode())
    said: list[str] = []
    sentences = sum(map(len, read_groups(str(tmp_path / "a"), text_reader(split_at_blanks, said.append))))
    assert sentences == content.count("\n") and len(said) == 1 and message in said[0]


@pytest.mark.parametrize("name", ["LOOKED_AT", "GROUP_CHARACTERS"])
def test_only_the_first_lines_are_held_back(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentence_input, name, 2)
    assert read("John\nMary\n" + COLUMNS, tmp_path, "text") == (8, [])
    with pytest.raises(InputError, match="a:1: JSON"):
        read('{"a":1}\n' * 9, tmp_path, "text")


def test_lines_that_come_slowly_are_looked_at_together_and_doubted_once() -> None:
    said: list[str] = []
    lines = [(1, "a\tb c"), None, (2, "d\te f"), None, (3, "g\th i"), None, (4, "j\tk l"), None, (5, "m\tn o")]
    read = text_reader(split_at_blanks, said.append)(iter(lines), "<stdin>")
    assert [sentence and sentence.last_line for sentence in read] == [1, None, 2, None, 3, None, 4, None, 5]
    assert len(said) == 1 and said[0].startswith("<stdin>:1: these may be columns")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("EU,NNP\nis,VB\n\n", "a:1: CSV, its columns separated by commas; expected CoNLL columns"),
        ("EU;NNP;O\nis;VB;O\n", "a:1: CSV, its columns separated by semicolons"),
        ("# a = 1\n\nEU|NNP\nis|VB\n", "a:3: CSV, its columns separated by vertical bars"),
        ("New York,NNP\nis,VB\n\n", "a:1: CSV"),
        ("a,5;x\nb;y\n", "a:1: CSV, its columns separated by semicolons"),
        ('"EU",NNP\n",",O\nx,O\n', "a:1: CSV"),
        ('{"text":"John"}\n', "a:1: JSON; expected CoNLL columns"),
        ("sep=\t\nword\ttag\nAda\tO\n", "a:1: CSV that begins with Excel's sep= line; expected CoNLL columns"),
        ('"Ines" "B-PER"\n"left" "O"\n', r"a:1: values in quotation marks \(write them without"),
    ],
)
def test_what_is_no_columns_is_refused(content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read(content, tmp_path, "conll")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("John,B-PER\n\nx,O\n", "a:1: this may be CSV, its columns separated by commas, but is read as columns"),
        ("x,\ny,\n", "a:1: this may be CSV, its columns separated by commas, but is read as columns"),
        ("1,000\nx,500\n", "a:1: this may be CSV, its columns separated by commas, but is read as columns"),
        ("x, NNP\ny, VB\n", "a:1: this may be CSV, its columns separated by commas, but is read as columns"),
        ("EU, NNP\nis, VB\n\n", "a:1: this may be CSV, its columns separated by commas, but is read as columns"),
        ("New\u00a0York\u2009O\nx\u2009O\n", "a:1: '\\u2009' in all lines separates no columns; write tabs for it"),
        ("x O\x0by O\x0b\x0bz O\n", "a:1: '\\x0b' in a line, which is read as one word and its columns"),
        ("a\u2028 O\nx O\n", "a:1: 'a\\u2028' is text with control characters, line separators, lost"),
        ("x O\n[CLS] O\n", "a:1: '[CLS]' is text with marks of another tool's tokeniser, but is read as a word"),
        ("x O\nAT&amp;T O\n", "a:1: 'AT&amp;T' is text with escapes of HTML or JSON, but is read as a word"),
        ("x O\n##ing O\n", "a:1: '##ing' is text with pieces of words, as another tool's tokeniser cuts"),
        ("en:a O\nen:b O\nen:c O\nen:d O\n", "a:1: 'en:a' and all words of the first sentence have ':' in"),
        ("John lives in Paris.\n", "a:1: this may be text, but is read as columns, a word a line; --input text reads"),
    ],
)
def test_what_may_be_no_columns_is_read_with_a_warning(content: str, message: str, tmp_path: Path) -> None:
    _, said = read(content, tmp_path, "conll")
    assert len(said) == 1 and message in said[0]


@pytest.mark.parametrize(
    "content",
    [
        "1,000\n",
        "1,000\n2,500\n",
        ",\n",
        ",\n,\n",
        ", O\n",
        ", , O\n; : O\n",
        "1,000 CD O\n2,000 CD O\n",
        "a\nb\n",
        "U.S. NNP\n",
        "a Mr.\nb Dr.\n",
        "a b c.\nd e O\n",
        "a O 0.98\nb O 0.5\n",
        "New\u00a0York\nx\n",
        "EU, NNP\nis, VB\na, DT\nb, X\nc Y\n",
        "1990 O\n1991 O\n1992 O\n1993 O\n",
        "en:a O\nen:b O\nen:c O\n",
    ],
)
def test_columns_are_not_doubted(content: str, tmp_path: Path) -> None:
    assert read(content, tmp_path, "conll")[1] == []


def test_a_value_that_is_too_long_for_csv_is_a_word(tmp_path: Path) -> None:
    assert read("a,b\n" * 9 + "x" * 200_000 + ",y\n", tmp_path, "conll")[0] == 1


def of_raw(content: str, tmp_path: Path) -> list[str]:
    """What is said of raw text."""
    said: list[str] = []
    (tmp_path / "a").write_text(content, encoding="utf-8")
    assert sum(map(len, read_groups(str(tmp_path / "a"), text_reader(tokenise, said.append)))) == content.count("\n")
    return said


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Ada left .\nBo came .\nIt is so .\n", "a:1: 'Ada left .' seems to be tokenised already; --tokenised reads"),
        ("Ada left again. Bo came, too. It is so.\n", "Bo came, too. It is so.' is several sentences, but is read"),
        ("<p>Ada left.</p>\n<p>Bo came.</p>\n", "a:1: '<p>Ada left.</p>' is markup, but is read as a sentence"),
    ],
)
def test_raw_text_that_is_read_with_a_warning(content: str, message: str, tmp_path: Path) -> None:
    (told,) = of_raw(content, tmp_path)
    assert message in told


def test_lines_that_are_cut_at_a_width_are_told_apart_from_sentences(tmp_path: Path) -> None:
    cut = "the cat that sat on the mat when Ada left Ulm again\n" * 6
    (told,) = of_raw(f"\n{cut}", tmp_path)
    assert "a:2: " in told and "is a line that is cut at a width" in told
    assert of_raw(cut.replace("\n", "\n\n"), tmp_path) == []


@pytest.mark.parametrize(
    "content",
    ["Ada left.\nBo came.\nIt is so.\n", "\u00a0Ada left\u00a0.\nBo\u00a0 came.\n", "Ada left .\nBo came .\n"],
)
def test_raw_text_is_not_doubted(content: str, tmp_path: Path) -> None:
    assert of_raw(content, tmp_path) == []
