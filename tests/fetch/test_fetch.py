"""Filling data/raw/<name>/ from its public homes."""

import dataclasses
import gzip
import time
from pathlib import Path

import pytest

from ldnet.errors import InputError
from pipeline.fetch.fetch import fetch
from pipeline.fetch.placing import read_sums
from tests.fetch.data_files import (
    FILLED,
    TRAIN,
    VECTORS,
    contents,
    public_data_set,
    silent,
)
from tests.fetch.web_site import Site


def test_fetch_downloads_and_unpacks_just_the_files(site: Site, tmp_path: Path) -> None:
    lines: list[str] = []
    data_set = public_data_set(site)
    folder = fetch(data_set, tmp_path / "raw", None, lines.append)
    assert contents(folder) == FILLED
    assert not list(tmp_path.rglob("evil*"))
    assert any("404" in line for line in lines)
    assert any("vectors.txt.gz" in line and "sha256 ok" in line for line in lines)
    site.asked.clear()
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    fetch(data_set, tmp_path / "raw", None, lines.append)
    assert site.asked == []
    assert "everything is there (5 files, sha256 ok), nothing to do" in lines[-1]
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_two_fetches_give_the_same_bytes(site: Site, tmp_path: Path) -> None:
    sums = []
    for name in ("a", "b"):
        folder = fetch(public_data_set(site), tmp_path / name, None, silent)
        sums.append(read_sums(folder / "SHA256SUMS"))
        time.sleep(0 if name == "b" else 1.1)  # gzip headers count seconds
    assert sums[0] == sums[1]


def test_a_damaged_file_is_fetched_again_and_nothing_else(site: Site, tmp_path: Path) -> None:
    data_set = public_data_set(site)
    folder = fetch(data_set, tmp_path, None, silent)
    (folder / "vectors.txt.gz").write_bytes(b"damaged")
    (folder / "lm" / "news-1.txt.gz").unlink()
    shard = folder / "lm" / "news-2.txt.gz"
    before = shard.stat().st_mtime_ns
    fetch(data_set, tmp_path, None, silent)
    assert contents(folder) == FILLED
    assert shard.stat().st_mtime_ns == before


def test_an_interrupted_fetch_goes_on(site: Site, tmp_path: Path) -> None:
    data_set = public_data_set(site)
    corpus = site.files.pop("/corpus.tar.gz")
    with pytest.raises(InputError, match=r"no public home could give .*corpus\.tar\.gz(.|\n)*404"):
        fetch(data_set, tmp_path, None, silent)
    (tmp_path / "news" / ".lm-news-7.txt.gz.part").write_bytes(b"left by a kill")
    assert not (tmp_path / "news" / "SHA256SUMS").exists()
    site.files["/corpus.tar.gz"] = corpus
    site.asked.clear()
    fetch(data_set, tmp_path, None, silent)
    assert contents(tmp_path / "news") == FILLED
    assert {path for path, _ in site.asked} == {"/gone", "/corpus.tar.gz"}


def test_a_folder_without_checksum_file_is_unfinished(site: Site, tmp_path: Path) -> None:
    data_set = public_data_set(site)
    folder = fetch(data_set, tmp_path, None, silent)
    (folder / "SHA256SUMS").unlink()
    (folder / "lm" / "news-1.txt.gz").unlink()
    (folder / "vectors.txt.gz").write_bytes(gzip.compress(VECTORS)[:-3])
    site.asked.clear()
    fetch(data_set, tmp_path, None, silent)
    assert contents(folder) == FILLED
    assert site.asked == []  # the archives are still there


def test_an_archive_put_there_by_hand_is_used(site: Site, tmp_path: Path) -> None:
    data_set = public_data_set(site)
    (tmp_path / ".downloads").mkdir()
    for path, content in site.files.items():
        (tmp_path / ".downloads" / path.strip("/")).write_bytes(content)
    folder = fetch(data_set, tmp_path, None, silent)
    assert contents(folder) == FILLED
    assert site.asked == []


def test_a_wrong_archive_is_named(site: Site, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"glove\.zip: the file's sha256 is [0-9a-f]+, expected {'0' * 64}"):
        fetch(public_data_set(site, **{"glove.zip": "0" * 64}), tmp_path, None, silent)
    assert (tmp_path / "news" / "train.txt").read_bytes() == TRAIN


def test_a_small_disk_is_noticed_before_the_download(site: Site, tmp_path: Path) -> None:
    data_set = public_data_set(site)
    huge = dataclasses.replace(data_set.public[0], disk_bytes=10**18)
    with pytest.raises(InputError, match=r"fetching news takes at least 1,000,000,000\.0 GB of disk"):
        fetch(dataclasses.replace(data_set, public=(huge,)), tmp_path, None, silent)
    assert site.asked == []


def test_other_lm_text_is_not_mixed_in(site: Site, tmp_path: Path) -> None:
    stray = tmp_path / "news" / "lm" / "mine.txt"
    stray.parent.mkdir(parents=True)
    stray.write_text("x\n")
    with pytest.raises(InputError, match=str(stray)):
        fetch(public_data_set(site), tmp_path, None, silent)
    assert stray.exists()
    assert site.asked == []
