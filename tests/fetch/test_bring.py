"""A data set from a folder that is brought."""

import gzip
import os
import shutil
from pathlib import Path

import pytest

from ldnet.errors import InputError
from pipeline.fetch.bring import not_taken, why_no_file
from pipeline.fetch.fetch import fetch
from pipeline.fetch.placing import read_sums
from pipeline.fetch.sources import DATA_SETS, own_data_set
from tests.fetch.data_files import CONLL2003, NESTED, TEST, TRAIN, VECTORS, contents, make_brought, silent
from tests.fetch.web_site import sha256
from tests.imports import ROOT

SHARED = ROOT.parent / "shared" / "data"


@pytest.mark.parametrize("sums", [True, False])
def test_copy_from_a_folder_and_again(tmp_path: Path, sums: bool) -> None:
    brought, lines = make_brought(tmp_path / "from", NESTED, sums), list[str]()
    folder = fetch(DATA_SETS["conll2003"], tmp_path / "raw", brought, lines.append)
    assert contents(folder) == CONLL2003
    assert len(lines) == 6
    assert all("bytes  sha256 " in line for line in lines)
    assert all((f"ok ({brought}/SHA256SUMS)" in line) == sums for line in lines)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    for source in (brought, None, folder):
        fetch(DATA_SETS["conll2003"], tmp_path / "raw", source, lines.append)
        assert "everything is there (6 files, sha256 ok), nothing to do" in lines[-1]
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_a_folder_with_the_target_layout(tmp_path: Path) -> None:
    files = {name: gzip.compress(data) if name.endswith("gz") else data for name, data in CONLL2003.items()}
    folder = fetch(DATA_SETS["conll2003"], tmp_path / "raw", make_brought(tmp_path / "flat", files), silent)
    assert contents(folder) == CONLL2003


def test_all_missing_files_are_listed(tmp_path: Path) -> None:
    brought = make_brought(tmp_path / "from", {"conll2003/test.txt": TEST})
    with pytest.raises(InputError) as caught:
        fetch(DATA_SETS["conll2003"], tmp_path / "raw", brought, silent)
    for file in ("conll2003/train.txt", "conll2003/valid.txt", "glove/glove.6B.100d.txt.gz", "lm/*.txt.gz"):
        assert str(brought / file) in str(caught.value)
    assert "test.txt" not in str(caught.value)
    assert not (tmp_path / "raw").exists()


def test_the_paper_needs_all_shards_of_the_billion_words(tmp_path: Path) -> None:
    brought = make_brought(tmp_path / "from", {"lm/a.txt.gz": b"", "lm/news.en-00001-of-00100.txt.gz": b""})
    with pytest.raises(InputError, match=r"news.en-00002-of-00100.txt.gz to .*00099-of-00100.txt.gz \(98 files\)"):
        fetch(DATA_SETS["paper"], tmp_path / "raw", brought, silent)


def test_a_wrong_checksum_stops_the_copy_and_spares_the_old_file(tmp_path: Path) -> None:
    brought = make_brought(tmp_path / "from", NESTED)
    folder = fetch(DATA_SETS["conll2003"], tmp_path / "raw", brought, silent)
    (folder / "test.txt").write_bytes(b"old")
    (brought / "conll2003" / "test.txt").write_bytes(b"changed")
    with pytest.raises(InputError, match=rf"test\.txt: sha256 is {sha256(b'changed')}, expected {sha256(TEST)}"):
        fetch(DATA_SETS["conll2003"], tmp_path / "raw", brought, silent)
    assert (folder / "test.txt").read_bytes() == b"old"
    assert not list(folder.rglob(".*.part"))


def test_conll2000_must_be_the_published_one(tmp_path: Path) -> None:
    files = {name.replace("conll2003", "conll2000"): content for name, content in NESTED.items()}
    with pytest.raises(InputError, match="as conll2000 is published"):
        fetch(DATA_SETS["conll2000"], tmp_path / "raw", make_brought(tmp_path / "from", files), silent)


def test_what_changed_in_the_folder_is_copied_again(tmp_path: Path) -> None:
    brought = make_brought(tmp_path / "from", NESTED, sums=False)
    folder = fetch(DATA_SETS["conll2003"], tmp_path / "raw", brought, silent)
    (brought / "conll2003" / "test.txt").write_bytes(b"new O\n")
    lines: list[str] = []
    fetch(DATA_SETS["conll2003"], tmp_path / "raw", brought, lines.append)
    assert contents(folder) == CONLL2003 | {"test.txt": b"new O\n"}
    assert len(lines) == 1


def test_text_of_an_earlier_fetch_is_not_mixed_in(tmp_path: Path) -> None:
    brought = make_brought(tmp_path / "from", NESTED)
    folder = fetch(DATA_SETS["conll2003"], tmp_path / "raw", brought, silent)
    (brought / "lm" / "b.txt.gz").unlink()
    with pytest.raises(InputError, match=str(folder / "lm" / "b.txt.gz")):
        fetch(DATA_SETS["conll2003"], tmp_path / "raw", brought, silent)


def test_a_damaged_copy_is_not_taken_for_whole(tmp_path: Path) -> None:
    brought, lines = make_brought(tmp_path / "from", NESTED), list[str]()
    folder = fetch(DATA_SETS["conll2003"], tmp_path / "raw", brought, silent)
    (folder / "train.txt").write_bytes(b"damaged")
    with pytest.raises(InputError, match="cannot be downloaded"):
        fetch(DATA_SETS["conll2003"], tmp_path / "raw", None, lines.append)
    assert lines == [f"{folder / 'train.txt'}: not as SHA256SUMS records it"]
    fetch(DATA_SETS["conll2003"], tmp_path / "raw", brought, silent)
    assert contents(folder) == CONLL2003


def test_own_data_with_and_without_the_optional_files(tmp_path: Path) -> None:
    files = {"train.txt": TRAIN, "test.txt": TEST, "lm/text.txt": b"plain\n"}
    brought = make_brought(tmp_path / "from", files, sums=False)
    folder = fetch(own_data_set("mine"), tmp_path / "raw", brought, silent)
    assert contents(folder) == files
    make_brought(brought, {"mine/dev.txt": b"dev O\n", "vectors.txt.gz": gzip.compress(VECTORS)}, sums=False)
    fetch(own_data_set("mine"), tmp_path / "raw", brought, silent)
    assert contents(folder) == files | {"dev.txt": b"dev O\n", "vectors.txt.gz": VECTORS}
    (brought / "vectors.txt.gz").unlink()
    make_brought(brought, {"vectors.txt": VECTORS}, sums=False)
    plain = fetch(own_data_set("plain"), tmp_path / "raw", brought, silent)
    assert (plain / "vectors.txt").read_bytes() == VECTORS


def test_own_data_under_many_names(tmp_path: Path) -> None:
    """LM text is placed under names that `lm/*.txt*` finds; what is not taken is listed."""
    text = {
        "lm/a.txt": "lm/a.txt",
        "lm/news.en-00001-of-00100": "lm/news.en-00001-of-00100.txt",
        "lm/part/b.TXT": "lm/part-b.txt",
        "lm/c.bz2": "lm/c.txt.bz2",
        "lm/d.txt.xz": "lm/d.txt.xz",
        "lm/e.zst": "lm/e.txt.zst",
        "wiki.vec": "wiki.vec",
        "glove.840B.300d.txt": "glove.840B.300d.txt",
    }
    others = ["lm/README.md", "lm/part/f.json", "notes.txt", "train.conll"]
    files = {"train.txt": TRAIN, "test.txt": TEST} | dict.fromkeys([*text, *others, "lm/.hidden", ".hidden"], b"x 1\n")
    brought, lines = make_brought(tmp_path / "from", files), list[str]()
    folder = fetch(own_data_set("mine"), tmp_path / "raw", brought, lines.append)
    assert sorted(read_sums(folder / "SHA256SUMS")) == sorted(["train.txt", "test.txt", *text.values()])
    assert any(f"{folder}/lm/part-b.txt from {brought}/lm/part/b.TXT" in line for line in lines)
    assert sorted(not_taken(own_data_set("mine"), brought)) == sorted(brought / name for name in others)
    fetch(own_data_set("mine"), tmp_path / "raw", brought, lines.append)
    assert "everything is there (10 files, sha256 ok), nothing to do" in lines[-1]


def test_a_folder_taken_in_place_is_not_renamed(tmp_path: Path) -> None:
    files = {"train.txt": TRAIN, "test.txt": TEST, "lm/part/b.TXT": b"x\n"}
    folder = make_brought(tmp_path / "mine", files, sums=False)
    fetch(own_data_set("mine"), tmp_path, folder, silent)
    assert contents(folder) == files


def test_files_under_similar_names_are_named(tmp_path: Path) -> None:
    files = ["Train.conll", "mine/train.txt.gz", "test.txt.gz", "LM/a.txt", "lm.txt", "retrain.txt"]
    brought = make_brought(tmp_path / "from", dict.fromkeys(files, b"x\n"))
    with pytest.raises(InputError) as told:
        fetch(own_data_set("mine"), tmp_path / "raw", brought, silent)
    train, test, text = str(told.value).replace(f"{brought}/", "").split("\n  ")[1:]
    assert train.endswith("or train.txt; found Train.conll, mine/train.txt.gz (rename it if it is meant)")
    assert "; found test.txt.gz (" in test and "; found LM, lm.txt (" in text


def test_other_text_than_is_taken_is_named(tmp_path: Path) -> None:
    brought = make_brought(tmp_path / "from", {"train.txt": TRAIN, "test.txt": TEST, "lm/a.json": b"{}"})
    with pytest.raises(InputError, match=r"lm/\*\.txt.*; not taken: .*lm/a\.json"):
        fetch(own_data_set("mine"), tmp_path / "raw", brought, silent)


@pytest.mark.parametrize(
    "name", ["lm/a\nb.txt", "lm/a\rb.txt", "lm/a\u2028b/c.txt", "lm/M\udcfcnchen.txt", "train-\udcfc.txt"]
)
def test_a_name_that_a_checksum_file_cannot_hold(tmp_path: Path, name: str) -> None:
    brought = make_brought(tmp_path / "from", {"train.txt": TRAIN, "test.txt": TEST, "lm/b.txt": b"x\n"})
    make_brought(brought, {name: b"x\n"}, sums=False)
    with pytest.raises(InputError, match="has a line end in it, or is not UTF-8; rename the file") as told:
        fetch(own_data_set("mine"), tmp_path / "raw", brought, silent)
    assert str(told.value).startswith(f"{brought}: the name {name!r} has") and not (tmp_path / "raw").exists()


def test_links_that_are_not_followed_are_named(tmp_path: Path) -> None:
    brought = make_brought(tmp_path / "from", {"train.txt": TRAIN, "test.txt": TEST, "lm/a.txt": b"x\n"})
    (brought / "lm" / "folder").symlink_to(make_brought(tmp_path / "other", {"c.txt": b"x\n"}, sums=False))
    (brought / "lm" / "nowhere.txt").symlink_to(tmp_path / "nowhere")
    (brought / "lm" / "b.txt").symlink_to(brought / "train.txt")
    os.mkfifo(brought / "lm" / "pipe.txt")
    (brought / "dev.txt").symlink_to(tmp_path / "nowhere")
    (brought / "mine").mkdir()
    (brought / "mine" / "vectors.txt").symlink_to(tmp_path / "nowhere")
    (brought / "vectors.txt").symlink_to(tmp_path / "other")
    (brought / "test-2.txt").symlink_to(tmp_path / "nowhere")
    folder = fetch(own_data_set("mine"), tmp_path / "raw", brought, silent)
    assert sorted(read_sums(folder / "SHA256SUMS")) == ["lm/a.txt", "lm/b.txt", "test.txt", "train.txt"]
    nothing, to_folder = "a link to nothing", "a link to a folder, which is not followed"
    named = {path.relative_to(brought).as_posix(): path for path in not_taken(own_data_set("mine"), brought)}
    assert {name: why_no_file(path) for name, path in named.items()} == {
        "dev.txt": nothing,
        "test-2.txt": nothing,
        "vectors.txt": to_folder,
        "lm/folder": to_folder,
        "lm/nowhere.txt": nothing,
        "lm/pipe.txt": "no plain file",
        "mine/vectors.txt": nothing,
    }
    assert [why_no_file(path) for path in (brought / "train.txt", tmp_path / "none", tmp_path)] == ["", "", "a folder"]


def test_links_to_nothing_are_named_where_files_are_missing(tmp_path: Path) -> None:
    brought = make_brought(tmp_path / "from", {"test.txt": TEST})
    (brought / "train.txt").symlink_to(tmp_path / "nowhere")
    (brought / "lm").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"train\.txt; train\.txt is a link to nothing\n.*; lm is a link to nothing"):
        fetch(own_data_set("mine"), tmp_path / "raw", brought, silent)
    (brought / "lm").unlink()
    (brought / "lm").mkdir()
    (brought / "lm" / "a.txt").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"; not taken: .*lm/a\.txt \(a link to nothing\)"):
        fetch(own_data_set("mine"), tmp_path / "raw", brought, silent)
    os.mkfifo(brought / "lm" / "pipe.txt")
    for number in range(20):
        (brought / "lm" / f"a{number}.json").write_text("{}")
    with pytest.raises(InputError) as told:
        fetch(own_data_set("mine"), tmp_path / "raw", brought, silent)
    named = str(told.value).partition("; not taken: ")[2].replace(f"{brought}/lm/", "")
    assert named.startswith("a.txt (a link to nothing), pipe.txt (no plain file), a0.json, ")


def test_files_put_there_by_hand_count(tmp_path: Path) -> None:
    lines: list[str] = []
    make_brought(tmp_path / "mine", {"train.txt": TRAIN, "test.txt": TEST}, sums=False)
    with pytest.raises(InputError, match=r"lm/\*\.txt"):
        fetch(own_data_set("mine"), tmp_path, None, lines.append)
    make_brought(tmp_path / "mine", {"lm/text.txt": b"plain\n"}, sums=False)
    fetch(own_data_set("mine"), tmp_path, None, lines.append)
    assert "everything is there (no SHA256SUMS, so contents were not checked)" in lines[-1]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir(mode=0o500)
    with pytest.raises(InputError, match="Permission denied"):
        fetch(DATA_SETS["conll2003"], tmp_path / "raw", make_brought(tmp_path / "from", NESTED), silent)


def test_a_file_in_the_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "raw").write_text("a file")
    with pytest.raises(InputError, match="Not a directory"):
        fetch(DATA_SETS["conll2003"], tmp_path / "raw", make_brought(tmp_path / "from", NESTED), silent)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data folder is not there")
def test_the_real_folder(tmp_path: Path) -> None:
    """All of its files are taken, with as many LM shards as it happens to hold."""
    shards = {f"lm/{path.name}" for path in (SHARED / "lm").glob("*.txt.gz")}
    assert shards
    for name in ("conll2000", "conll2003"):
        lines: list[str] = []
        folder = fetch(DATA_SETS[name], tmp_path, SHARED, lines.append)
        targets = {slot.target for slot in DATA_SETS[name].slots} | shards
        assert set(read_sums(folder / "SHA256SUMS")) == targets
        assert len(lines) == len(targets)
        assert all("SHA256SUMS" in line for line in lines)
        shutil.rmtree(folder)
