"""Filling data/raw/<name>/: from a folder, and from a web server that behaves well, or not."""

import dataclasses
import errno
import gzip
import hashlib
import http.client
import io
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import time
import types
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

import pytest
from click.testing import CliRunner

from commands.fetch_data import main
from ldnet.errors import InputError
from pipeline.fetch.bring import not_taken
from pipeline.fetch.download import FRUITLESS_TRIES, DownloadError, _total, download
from pipeline.fetch.fetch import fetch
from pipeline.fetch.placing import hashed, place, read_sums
from pipeline.fetch.sources import DATA_SETS, Archive, DataSet, Member, PublicSource, Slot, own_data_set

REPOSITORY = Path(__file__).parents[2]
SHARED = REPOSITORY.parent / "shared" / "data"
CONTENT = bytes(i * i % 251 for i in range(300_000))
TRAIN, TEST, VECTORS = b"a B-NP\n\n", b"b O\n\n", b"the 1 2\n"


def silent(line: str) -> None:
    """For fetches whose messages are not looked at."""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# Downloading one file


class Site:
    """What the server has, how it behaves, and what it was asked."""

    def __init__(self) -> None:
        self.files = {"/file": CONTENT}
        self.etag: str | None = '"v1"'
        self.ranges = True
        self.honours_if_range = True
        self.tells_length = True
        self.drops: list[int] = []  # for each answer in turn, the bytes after which the connection breaks
        self.statuses: list[int] = []  # for each answer in turn, the error given instead
        self.block_pause = 0.0  # seconds between blocks
        self.answer_pause = 0.0  # seconds before the answer
        self.asked: list[tuple[str, str | None]] = []
        self.address = ""

    def archive(self, size: int | None = None, content: bytes = CONTENT, path: str = "/file") -> Archive:
        return Archive(url=f"{self.address}{path}", file="file.bin", sha256=sha256(content), size=size)

    def ranges_asked(self) -> list[str | None]:
        return [asked for _, asked in self.asked]


class Handler(BaseHTTPRequestHandler):
    site: Site

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        site = self.site
        asked = self.headers.get("Range")
        site.asked.append((self.path, asked))
        time.sleep(site.answer_pause)
        if site.statuses and (status := site.statuses.pop(0)):
            self.send_error(status)
        elif self.path == "/away":
            self.answer(302, {"Location": f"{site.address}/file"})
        elif self.path == "/local":
            self.answer(302, {"Location": "ftp://127.0.0.1/file"})
        elif self.path not in site.files:
            self.send_error(404)
        else:
            self.send_file(site.files[self.path], asked)

    def send_file(self, content: bytes, asked: str | None) -> None:
        site = self.site
        headers = {"ETag": site.etag} if site.etag else {}
        same = self.headers.get("If-Range") in (None, site.etag) or not site.honours_if_range
        start = int(asked[len("bytes=") : -1]) if asked and site.ranges and same else None
        if start is not None and start >= len(content):
            self.answer(416, {"Content-Range": f"bytes */{len(content)}"})
            return
        if start is not None:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        body = content[start or 0 :]
        if site.tells_length:
            headers["Content-Length"] = str(len(body))
        self.answer(206 if start is not None else 200, headers)
        for i in range(0, len(body := body[: site.drops.pop(0)] if site.drops else body), 10_000):
            self.wfile.write(body[i : i + 10_000])
            time.sleep(site.block_pause)

    def answer(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()


class QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is no news."""


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    server = QuietServer(("127.0.0.1", 0), type("SiteHandler", (Handler,), {"site": site}))
    site.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


class Pauses(list[float]):
    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def assert_whole(folder: Path, content: bytes = CONTENT) -> None:
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"file.bin": content}


def begin(site: Site, folder: Path, size: int = 120_000) -> None:
    """Leave a download that was given up after `size` bytes."""
    site.drops, site.statuses = [size], [0] + [503] * FRUITLESS_TRIES
    with pytest.raises(DownloadError, match="503"):
        download(site.archive(), folder, Pauses())
    assert (folder / "file.bin.part").stat().st_size == size
    site.asked.clear()


def test_download_and_no_second_download(site: Site, tmp_path: Path) -> None:
    assert download(site.archive(size=len(CONTENT)), tmp_path) == tmp_path / "file.bin"
    assert_whole(tmp_path)
    download(site.archive(), tmp_path)
    assert site.asked == [("/file", None)]


def test_a_drop_is_resumed_where_it_broke(site: Site, tmp_path: Path) -> None:
    site.drops, pauses = [120_000, 30_000], Pauses()
    download(site.archive(), tmp_path, pauses)
    assert_whole(tmp_path)
    assert site.ranges_asked() == [None, "bytes=120000-", "bytes=150000-"]
    assert pauses == [1, 1]


def test_server_errors_are_waited_out_with_growing_pauses(site: Site, tmp_path: Path) -> None:
    site.statuses, pauses = [500, 503, 429], Pauses()
    download(site.archive(), tmp_path, pauses)
    assert_whole(tmp_path)
    assert pauses == [1, 2, 4]


def test_giving_up_keeps_what_has_arrived(site: Site, tmp_path: Path) -> None:
    begin(site, tmp_path)
    download(site.archive(), tmp_path)
    assert_whole(tmp_path)
    assert site.ranges_asked() == ["bytes=120000-"]


def test_not_found_is_final_at_once(site: Site, tmp_path: Path) -> None:
    pauses = Pauses()
    with pytest.raises(DownloadError, match="/nothing: the server answers 404"):
        download(site.archive(path="/nothing"), tmp_path, pauses)
    assert pauses == []


def test_nobody_answers(site: Site, tmp_path: Path) -> None:
    nowhere = dataclasses.replace(site.archive(), url="http://127.0.0.1:9/file")
    with pytest.raises(DownloadError, match=r"no connection: .*refused.*tried 5 times"):
        download(nowhere, tmp_path, Pauses())


def test_silence_before_the_answer(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.fetch.download.TIMEOUT", 0.05)
    site.answer_pause = 0.2
    with pytest.raises(DownloadError, match=r"timed out \(tried 5 times\)"):
        download(site.archive(), tmp_path, Pauses())


def test_silence_half_way(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.fetch.download.TIMEOUT", 0.1)
    site.block_pause, pauses = 0.4, Pauses()

    def pause(seconds: float) -> None:
        pauses(seconds)
        site.block_pause = 0.0

    download(site.archive(), tmp_path, pause)
    assert_whole(tmp_path)
    assert pauses == [1]
    assert site.ranges_asked() == [None, "bytes=10000-"]


@pytest.mark.parametrize("resumable", ["unknown ranges", "no validator", "unknown length"])
def test_servers_that_lack_a_feature(site: Site, tmp_path: Path, resumable: str) -> None:
    site.ranges = resumable != "unknown ranges"
    site.etag = None if resumable == "no validator" else '"v1"'
    begin(site, tmp_path)
    site.tells_length = resumable != "unknown length"
    download(site.archive(), tmp_path)
    assert_whole(tmp_path)
    assert site.ranges_asked() == ["bytes=120000-"]


@pytest.mark.parametrize("honours_if_range", [True, False])
def test_a_file_that_changed_between_the_tries_is_fetched_anew(
    site: Site, tmp_path: Path, honours_if_range: bool
) -> None:
    begin(site, tmp_path)
    changed = CONTENT[::-1]
    site.files["/file"], site.etag, site.honours_if_range = changed, '"v2"', honours_if_range
    download(site.archive(content=changed), tmp_path, Pauses())
    assert_whole(tmp_path, changed)
    assert site.ranges_asked() == ["bytes=120000-"] + ([] if honours_if_range else [None])


def test_an_unseen_change_is_caught_by_the_checksum_and_fetched_anew(site: Site, tmp_path: Path) -> None:
    site.etag = None
    begin(site, tmp_path)
    changed = CONTENT[::-1]
    site.files["/file"] = changed
    download(site.archive(content=changed), tmp_path, Pauses())
    assert (tmp_path / "file.bin").read_bytes() == changed
    assert site.ranges_asked() == ["bytes=120000-", None]


def test_nothing_left_to_send(site: Site, tmp_path: Path) -> None:
    site.tells_length, site.drops = False, [len(CONTENT)]
    (tmp_path / "file.bin.part").write_bytes(CONTENT)
    note = f'{{"url": "{site.address}/file", "validator": "\\"v1\\"", "size": null}}'
    (tmp_path / "file.bin.part.json").write_text(note)
    download(site.archive(), tmp_path)
    assert_whole(tmp_path)
    assert site.ranges_asked() == [f"bytes={len(CONTENT)}-"]


def test_killed_just_before_the_end(site: Site, tmp_path: Path) -> None:
    begin(site, tmp_path)
    with (tmp_path / "file.bin.part").open("ab") as part:
        part.write(CONTENT[120_000:])
    download(site.archive(), tmp_path)
    assert_whole(tmp_path)
    assert site.asked == []


def test_more_is_here_than_the_server_has(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(CONTENT * 2)
    note = f'{{"url": "{site.address}/file", "validator": "\\"v1\\"", "size": null}}'
    (tmp_path / "file.bin.part.json").write_text(note)
    download(site.archive(), tmp_path, Pauses())
    assert_whole(tmp_path)
    assert site.ranges_asked() == [f"bytes={2 * len(CONTENT)}-", None]


def test_the_beginning_of_another_address_is_not_continued(site: Site, tmp_path: Path) -> None:
    begin(site, tmp_path)
    site.files["/other"] = CONTENT
    download(site.archive(path="/other"), tmp_path)
    assert_whole(tmp_path)
    assert site.ranges_asked() == [None]


def test_wrong_bytes_are_moved_aside(site: Site, tmp_path: Path) -> None:
    site.files["/file"] = b"<html>please log in</html>"
    with pytest.raises(DownloadError, match=f"expected {sha256(CONTENT)}; it was moved to .*corrupt"):
        download(site.archive(), tmp_path)
    assert len(site.asked) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"file.bin.corrupt"}
    site.files["/file"] = CONTENT
    download(site.archive(), tmp_path)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT


def test_another_size_than_expected_is_refused_before_the_transfer(site: Site, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="offers 300,000 bytes, expected 300,001"):
        download(site.archive(size=300_001), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_redirects_lead_to_http_only(site: Site, tmp_path: Path) -> None:
    download(site.archive(path="/away"), tmp_path / "a")
    assert_whole(tmp_path / "a")
    with pytest.raises(DownloadError, match="ftp"):
        download(site.archive(path="/local"), tmp_path / "b", Pauses())
    for url in ("file:///etc/hostname", "ftp://127.0.0.1/file"):
        with pytest.raises(InputError, match="expected an http or https address"):
            download(dataclasses.replace(site.archive(), url=url), tmp_path / "c")


def test_killed_half_way_and_run_again(site: Site, tmp_path: Path) -> None:
    site.block_pause = 0.05
    script = (
        "import sys; from pathlib import Path; from pipeline.fetch.download import download;"
        "from pipeline.fetch.sources import Archive;"
        "download(Archive(url=sys.argv[1], file='file.bin', sha256=sys.argv[2]), Path(sys.argv[3]))"
    )
    command = [sys.executable, "-c", script, site.archive().url, site.archive().sha256, str(tmp_path)]
    process = subprocess.Popen(command, cwd=REPOSITORY)
    part = tmp_path / "file.bin.part"
    deadline = time.monotonic() + 20
    while not (part.exists() and part.stat().st_size >= 50_000) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.wait()
    arrived = part.stat().st_size
    assert 50_000 <= arrived < len(CONTENT)
    site.block_pause = 0.0
    download(site.archive(), tmp_path)
    assert_whole(tmp_path)
    assert site.ranges_asked() == [None, f"bytes={arrived}-"]


# A data set from its public homes


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


SHARDS = {"corpus/news-1": b"one sentence\n" * 50, "corpus/news-2": b"two\n"}


def public_data_set(site: Site, **overrides: str) -> DataSet:
    """A small data set shaped like conll2000, with its files on the site."""
    site.files = {
        "/train.txt.gz": gzip.compress(TRAIN),
        "/test.txt": TEST,
        "/glove.zip": zipped({"glove.50d.txt": b"no", "glove.100d.txt": VECTORS, "../evil.txt": b"evil"}),
        "/corpus.tar.gz": tarred({"../evil.txt": b"evil", **SHARDS, "corpus/heldout": b"no", "news-2": b"no"}),
    }

    def source(path: str, *members: Member) -> PublicSource:
        file = path.strip("/")
        home = Archive(url=site.address + path, file=file, sha256=overrides.get(file) or sha256(site.files[path]))
        gone = dataclasses.replace(home, url=f"{site.address}/gone", file=f"gone-{file}")
        return PublicSource(homes=(gone, home), members=members, disk_bytes=1000)

    return DataSet(
        name="news",
        slots=tuple(Slot(target=target, places=(target,)) for target in ("train.txt", "test.txt", "vectors.txt.gz")),
        public=(
            source("/train.txt.gz", Member(name="", target="train.txt", sha256=sha256(TRAIN))),
            source("/test.txt", Member(name="", target="test.txt", sha256=sha256(TEST))),
            source("/glove.zip", Member(name="glove.100d.txt", target="vectors.txt.gz", sha256=sha256(VECTORS))),
            source("/corpus.tar.gz", *(Member(name=name, target=f"lm/{name[7:]}.txt.gz") for name in SHARDS)),
        ),
    )


def contents(folder: Path) -> dict[str, bytes]:
    """What the files of a data folder say, unpacked; SHA256SUMS is checked rather than shown."""
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    sums = read_sums(folder / "SHA256SUMS")
    files.pop("SHA256SUMS")
    assert sums == {name: sha256(content) for name, content in files.items()}
    return {name: gzip.decompress(data) if name.endswith(".gz") else data for name, data in files.items()}


FILLED = {
    "train.txt": TRAIN,
    "test.txt": TEST,
    "vectors.txt.gz": VECTORS,
    "lm/news-1.txt.gz": SHARDS["corpus/news-1"],
    "lm/news-2.txt.gz": SHARDS["corpus/news-2"],
}


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


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("glove.zip", zipped({"sub/glove.100d.txt": VECTORS}), "has no file glove.100d.txt"),
        ("glove.zip", zipped({"glove.100d.txt": b"other"}), "glove.100d.txt has sha256"),
        ("glove.zip", b"PK nonsense", "cannot be unpacked"),
        ("train.txt.gz", gzip.compress(TRAIN)[:-6], "cannot be unpacked"),
        ("corpus.tar.gz", tarred({"corpus/news-1": b"x"}), "has no file corpus/news-2"),
    ],
    ids=["other name", "other content", "no archive", "cut short", "part missing"],  # contents have a time in them
)
def test_archives_with_another_content(site: Site, tmp_path: Path, file: str, content: bytes, message: str) -> None:
    data_set = public_data_set(site, **{file: sha256(content)})
    site.files[f"/{file}"] = content
    with pytest.raises(InputError, match=message):
        fetch(data_set, tmp_path, None, silent)
    assert not list(tmp_path.rglob(".*.part"))
    assert not (tmp_path / "news" / "SHA256SUMS").exists()


def test_links_in_an_archive_are_not_followed(site: Site, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name in SHARDS:
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
            archive.addfile(link)
    data_set = public_data_set(site, **{"corpus.tar.gz": sha256(buffer.getvalue())})
    site.files["/corpus.tar.gz"] = buffer.getvalue()
    with pytest.raises(InputError, match="has no file corpus/news-1"):
        fetch(data_set, tmp_path, None, silent)


def test_a_small_disk_is_noticed_before_the_download(site: Site, tmp_path: Path) -> None:
    data_set = public_data_set(site)
    huge = dataclasses.replace(data_set.public[0], disk_bytes=10**18)
    with pytest.raises(InputError, match=r"fetching news needs 1,000,000,000\.0 GB of disk, but only"):
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


# A data set from a folder


def make_brought(folder: Path, files: dict[str, bytes], sums: bool = True) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    if sums:
        lines = (f"{sha256(content)}  {name}\n" for name, content in files.items())
        (folder / "SHA256SUMS").write_text("".join(lines))
    return folder


NESTED = {
    "conll2003/train.txt": TRAIN,
    "conll2003/valid.txt": b"dev O\n",
    "conll2003/test.txt": TEST,
    "glove/glove.6B.100d.txt.gz": gzip.compress(VECTORS),
    "lm/a.txt.gz": gzip.compress(b"a\n"),
    "lm/b.txt.gz": gzip.compress(b"b\n"),
    "lm/README.md": b"not a text of the corpus",
}
CONLL2003 = {
    "train.txt": TRAIN,
    "dev.txt": b"dev O\n",
    "test.txt": TEST,
    "vectors.txt.gz": VECTORS,
    "lm/a.txt.gz": b"a\n",
    "lm/b.txt.gz": b"b\n",
}


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


def test_a_checksum_file_of_another_form(tmp_path: Path) -> None:
    brought = make_brought(tmp_path / "from", NESTED)
    (brought / "SHA256SUMS").write_text(f"{'0' * 64} *./lm/a.txt.gz\n\nmd5 lm/b.txt.gz\n")
    with pytest.raises(InputError, match=r"SHA256SUMS:3: expected '<sha256>  <file>', found 'md5 lm/b\.txt\.gz'"):
        fetch(DATA_SETS["conll2003"], tmp_path / "raw", brought, silent)


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
    folder = fetch(own_data_set("mine"), tmp_path / "raw", brought, silent)
    assert sorted(read_sums(folder / "SHA256SUMS")) == ["lm/a.txt", "lm/b.txt", "test.txt", "train.txt"]
    named = [path.relative_to(brought).as_posix() for path in not_taken(own_data_set("mine"), brought)]
    assert named == ["lm/folder", "lm/nowhere.txt", "lm/pipe.txt"]


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


# The command


def run(tmp_path: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, [*arguments, "--root", str(tmp_path / "raw")])
    return result.exit_code, result.output


def test_command_copies(tmp_path: Path) -> None:
    brought = make_brought(tmp_path / "from", NESTED)
    code, output = run(tmp_path, "conll2003", "--from", str(brought))
    assert code == 0
    assert sha256(TRAIN) in output
    assert contents(tmp_path / "raw" / "conll2003") == CONLL2003


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["demo"], 0, "dvc repro"),
        (["conll2003"], 1, "Reuters"),
        (["conll2003"], 1, "FROM=<folder>"),
        (["mine"], 1, "train.txt"),
        (["../mine"], 1, "NAME: expected letters"),
        ([".downloads"], 1, "NAME: expected letters"),
        (["mine", "--from", "no-such-folder"], 1, "no-such-folder: no such folder"),
    ],
)
def test_command_messages(tmp_path: Path, arguments: list[str], code: int, message: str) -> None:
    found, output = run(tmp_path, *arguments)
    assert found == code
    assert message in output
    assert not (tmp_path / "raw").exists()


def test_the_table_of_sources_is_consistent() -> None:
    for data_set in DATA_SETS.values():
        targets = {slot.target for slot in data_set.slots if slot.required}
        members = {member.target for source in data_set.public for member in source.members}
        assert not data_set.public or targets <= members
        shards = {target for target in members if target.startswith("lm/")}
        assert len(shards) == {"conll2000": 1, "conll2003": 0, "paper": 99}[data_set.name]
        assert set(data_set.shards) == (shards if data_set.name == "paper" else set())
        for source in data_set.public:
            assert len({home.file for home in source.homes}) == len(source.homes)
            assert all(home.url.startswith("https://") and len(home.sha256) == 64 for home in source.homes)


def test_progress_shows_a_name_without_what_a_terminal_obeys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    (tmp_path / "a").write_bytes(CONTENT)
    with (tmp_path / "a").open("rb") as file:
        assert b"".join(hashed(file, hashlib.sha256(), "copying lm/\x1b]0;owned\x07.txt")) == CONTENT
    shown = capsys.readouterr().err
    assert "copying lm/\\u001b]0;owned\\u0007.txt" in shown and "\x1b]0;" not in shown and "\x07" not in shown


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_names_the_file_that_was_to_be_there(tmp_path: Path) -> None:
    (tmp_path / ".lm-a.txt.part").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device") as error:
        place(tmp_path, "lm/a.txt", [b"x" * 100_000], lambda _: None)
    assert error.value.filename == str(tmp_path / "lm" / "a.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["lm"]


def test_an_error_of_what_is_copied_keeps_its_own_file(tmp_path: Path) -> None:
    def blocks() -> Iterator[bytes]:
        yield b"a"
        raise OSError(errno.EIO, "Input/output error", "brought/a.txt")

    with pytest.raises(OSError, match="Input/output error") as error:
        place(tmp_path, "a.txt", blocks(), lambda _: None)
    assert error.value.filename == "brought/a.txt" and not any(tmp_path.iterdir())


@pytest.mark.parametrize("length", ["9" * 5000, "\u00b2"])
def test_a_length_that_is_none_is_not_read(length: str) -> None:
    for headers in ({"Content-Length": length}, {"Content-Range": f"bytes 0-1/{length}"}):
        response = types.SimpleNamespace(headers=headers, status=200)
        assert _total(cast(http.client.HTTPResponse, response)) is None
