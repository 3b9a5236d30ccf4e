"""Downloading one file from a web server that behaves well, or not."""

import dataclasses
import http.client
import subprocess
import sys
import time
import types
from pathlib import Path
from typing import cast

import pytest

from ldnet.errors import InputError
from pipeline.fetch.download import FRUITLESS_TRIES, DownloadError, _total, download
from tests.fetch.web_site import CONTENT, Site, sha256
from tests.imports import ROOT


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


@pytest.mark.parametrize(
    "note",
    [
        '{"url": "http',
        "[]",
        '"text"',
        '{"url": "URL"}',
        '{"url": "URL", "validator": "", "size": null, "more": 1}',
        '{"url": "URL", "validator": ["x"], "size": null}',
        '{"url": "URL", "validator": "", "size": "120000"}',
    ],
)
def test_a_damaged_note_means_a_fresh_start(site: Site, tmp_path: Path, note: str) -> None:
    begin(site, tmp_path)
    (tmp_path / "file.bin.part.json").write_text(note.replace("URL", f"{site.address}/file"))
    download(site.archive(), tmp_path)
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
    process = subprocess.Popen(command, cwd=ROOT)
    part = tmp_path / "file.bin.part"
    deadline = time.monotonic() + 20
    while not (part.exists() and part.stat().st_size >= 50_000) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.wait(timeout=60)
    arrived = part.stat().st_size
    assert 50_000 <= arrived < len(CONTENT)
    site.block_pause = 0.0
    download(site.archive(), tmp_path)
    assert_whole(tmp_path)
    assert site.ranges_asked() == [None, f"bytes={arrived}-"]


@pytest.mark.parametrize("length", ["9" * 5000, "\u00b2"])
def test_a_length_that_is_none_is_not_read(length: str) -> None:
    for headers in ({"Content-Length": length}, {"Content-Range": f"bytes 0-1/{length}"}):
        response = types.SimpleNamespace(headers=headers, status=200)
        assert _total(cast(http.client.HTTPResponse, response)) is None
