"""Which files are LM text: each is taken, or named among those that are left out."""

import gzip
from pathlib import Path

import pytest

from ldnet.errors import InputError
from pipeline.corpus.lm_files import brought_as, left_out, listed, lm_text, text_files


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("a.txt", "lm/a.txt"),
        ("a.txt.gz", "lm/a.txt.gz"),
        ("a.TXT", "lm/a.txt"),
        ("a.Txt.GZ", "lm/a.txt.gz"),
        ("a.gz", "lm/a.txt.gz"),
        ("a.txt.bz2", "lm/a.txt.bz2"),
        ("a.xz", "lm/a.txt.xz"),
        ("a.txt.zst", "lm/a.txt.zst"),
        ("part/more/b.txt", "lm/part-more-b.txt"),
        ("news.en-00001-of-00100", "lm/news.en-00001-of-00100.txt"),
        ("news.en-00001-of-00100.gz", "lm/news.en-00001-of-00100.txt.gz"),
        ("README.md", None),
        ("LICENSE", None),
        ("a.json", None),
        ("a.json.gz", None),
        ("a.tar.gz", None),
        (".a.txt", None),
        (".gz", None),
        ("a.csv", None),
        ("a.txt~", None),
        ("a.txt.part", None),
        (".a.txt.swp", None),
        (".ipynb_checkpoints/a-checkpoint.txt", None),
        ("__MACOSX/._a.txt", None),
    ],
)
def test_names(path: str, target: str | None) -> None:
    assert brought_as(path) == target


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("a sentence .\n")


def test_all_files_are_taken_or_left_out(tmp_path: Path) -> None:
    make(tmp_path, "lm/a.txt", "lm/b/c.TXT", "lm/notes.md", "lm/b/d.json", "lm/.hidden")
    taken = lm_text(tmp_path)
    assert taken == {"lm/a.txt": tmp_path / "lm/a.txt", "lm/b-c.txt": tmp_path / "lm/b/c.TXT"}
    assert left_out(tmp_path / "lm", taken.values()) == [tmp_path / "lm/b/d.json", tmp_path / "lm/notes.md"]
    assert lm_text(tmp_path / "nowhere") == {} and left_out(tmp_path / "nowhere", ()) == []


def test_two_files_of_one_name(tmp_path: Path) -> None:
    make(tmp_path, "lm/a.txt", "lm/a.TXT")
    with pytest.raises(InputError, match=r"would be brought as lm/a\.txt, as .* would; rename one of them"):
        lm_text(tmp_path)


def test_the_pattern_and_what_it_leaves_out(tmp_path: Path) -> None:
    make(tmp_path, "lm/a.txt", "lm/b.txt.d/c.txt", "lm/b.TXT", "train.txt")
    assert text_files(tmp_path, "lm/*.txt*") == (
        [tmp_path / "lm/a.txt"],
        [tmp_path / "lm/b.TXT", tmp_path / "lm/b.txt.d/c.txt"],
    )
    assert text_files(tmp_path, "lm/a.txt")[0] == [tmp_path / "lm/a.txt"]
    assert text_files(tmp_path, "*.txt") == ([tmp_path / "train.txt"], [])
    with pytest.raises(InputError, match=r"lm/\*\.txt\.gz: no LM text found; .*; found .*/lm/a\.txt"):
        text_files(tmp_path, "lm/*.txt.gz")


STRAYS = ["._a.txt", ".a.txt.swp", "a.txt~", "a.txt.part", "a.txt.BAK", "a.txt.gz.tmp", "a.txt.md5", "a.txt.sha256"]


def test_what_editors_and_downloads_leave_is_left_out_and_named(tmp_path: Path) -> None:
    make(tmp_path, "lm/a.txt", "lm/a.txt.1", *(f"lm/{name}" for name in STRAYS))
    taken, others = text_files(tmp_path, "lm/*.txt*")
    assert [path.name for path in taken] == ["a.txt", "a.txt.1"]
    assert sorted(path.name for path in others) == sorted(STRAYS)
    make(tmp_path, "lm/.checkpoints/a.txt")
    assert [path.name for path in text_files(tmp_path, "lm/**/*.txt")[0]] == ["a.txt"]
    make(tmp_path, "b.txt", ".b.txt")
    assert text_files(tmp_path, "*.txt") == ([tmp_path / "b.txt"], [tmp_path / ".b.txt"])


@pytest.mark.parametrize("name", [*STRAYS, ".checkpoints/a.txt"])
def test_a_pattern_that_asks_for_such_files_gets_them(tmp_path: Path, name: str) -> None:
    make(tmp_path, f"lm/{name}", "lm/b.txt")
    assert text_files(tmp_path, f"lm/{name}")[0] == [tmp_path / "lm" / name]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"text": "a"}\n', "JSON"),
        ("id,text\n1,a\n", "CSV with a header"),
        ("sep=;\nid;text\n1;a\n", "CSV that begins with Excel's sep= line"),
        ("a O\nb B-X\n\nc O\n", "columns"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, text: str, found: str) -> None:
    make(tmp_path, "lm/a.txt")
    (tmp_path / "lm/b.txt").write_bytes(gzip.compress(text.encode()))
    with pytest.raises(InputError, match=rf"lm/b\.txt:1: {found}.*; expected text, one tokenised sentence a line"):
        text_files(tmp_path, "lm/*.txt*")


def test_long_lists_are_cut() -> None:
    assert listed([Path("a"), Path("b")]) == "a, b"
    assert listed([Path(str(i)) for i in range(12)]).endswith("8, 9 and 2 more")
