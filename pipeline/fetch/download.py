"""Downloads that survive drops and kills: resumed where they stopped, and checked whole against a SHA-256.

Bytes go to <file>.part. Beside it, <file>.part.json says what they are the beginning of (address, size, and the
server's validator: ETag or Last-Modified), so that a later try asks for the rest, and never joins two versions.
"""

import http.client
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tqdm import tqdm

from ldnet.errors import InputError
from ldnet.files import read_json, sha256_of_file, write_json
from ldnet.printable import printable
from pipeline.corpus.whole_files import require_space
from pipeline.fetch.sources import Archive

BLOCK = 1 << 18  # bytes
TIMEOUT = 30.0  # seconds without an answer, or without a byte
FRUITLESS_TRIES = 5  # tries in a row that bring no new byte, before a home is given up
RETRIED_STATUSES = {408, 425, 429, 500, 502, 503, 504}


class DownloadError(InputError):
    """This home cannot give the file; another one may."""


class _InterruptedError(Exception):
    """The transfer stopped for a reason that may pass."""


@dataclass(frozen=True)
class _Beginning:
    """What the bytes in the .part file are the beginning of."""

    url: str
    validator: str
    size: int | None


def download(archive: Archive, folder: Path, pause: Callable[[float], None] = time.sleep) -> Path:
    """Fetch the archive into the folder, or the rest of it, and return its path once its SHA-256 is right.

    Raises DownloadError when the home is out of reach, lacks the file or gives other bytes; InputError when the disk is
    too small.
    """
    if urlsplit(archive.url).scheme not in ("http", "https"):
        raise InputError(f"{archive.url}: expected an http or https address")
    folder.mkdir(parents=True, exist_ok=True)
    path, part, aside = (folder / f"{archive.file}{ending}" for ending in ("", ".part", ".corrupt"))
    if path.is_file():
        if sha256_of_file(path) == archive.sha256:
            return path
        path.replace(aside)
    for _ in range(2):
        resumed = _receive_with_retries(archive, part, pause)
        found = sha256_of_file(part)
        if found == archive.sha256:
            part.replace(path)
            _note(part).unlink(missing_ok=True)
            return path
        _note(part).unlink(missing_ok=True)
        part.replace(aside)
        if not resumed:  # a joined file may be two versions of the remote one: worth one fresh start
            break
    raise DownloadError(
        f"{archive.url}: the file's sha256 is {found}, expected {archive.sha256}; it was moved to {aside}"
    )


def _receive_with_retries(archive: Archive, part: Path, pause: Callable[[float], None]) -> bool:
    """Fill the part file. Returns whether it was put together from more than one transfer."""
    resumed = _beginning(archive, part) is not None
    fruitless = 0
    while True:
        before = _size(part)
        try:
            _receive(archive, part)
            return resumed
        except _InterruptedError as reason:
            progressed = _size(part) > before
            resumed = resumed or _size(part) > 0
            fruitless = 0 if progressed else fruitless + 1
            if fruitless == FRUITLESS_TRIES:
                raise DownloadError(
                    f"{archive.url}: {reason} (tried {fruitless} times); what has arrived is kept, "
                    "fetch again to resume"
                ) from None
            pause(2.0 ** max(0, fruitless - 1))


def _receive(archive: Archive, part: Path) -> None:
    """One transfer: the rest of the file where that is possible, else all of it. Returns when the file is whole."""
    beginning = _beginning(archive, part)
    offset = _size(part) if beginning else 0
    if beginning and offset == beginning.size:
        return
    try:
        response = _ask(archive.url, offset, beginning)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and _total(error) in (None, offset):
            return  # nothing is left to send; the checksum has the last word
        message = f"the server answers {error.code} {error.reason}"
        if error.code == 416:
            _note(part).unlink(missing_ok=True)
        elif error.code not in RETRIED_STATUSES:
            raise DownloadError(f"{archive.url}: {message}") from None
        raise _InterruptedError(message) from None
    except (http.client.HTTPException, OSError) as error:
        raise _InterruptedError(f"no connection: {_reason(error)}") from None
    with response:
        _save(archive, part, offset, beginning, response)


def _ask(url: str, offset: int, beginning: _Beginning | None) -> http.client.HTTPResponse:
    headers = {"User-Agent": "ldnet-data-fetch", "Accept-Encoding": "identity"}
    if beginning:
        headers["Range"] = f"bytes={offset}-"
        if beginning.validator:
            headers["If-Range"] = beginning.validator
    opener = urllib.request.OpenerDirector()  # unlike build_opener(), without file: and ftp:, even after a redirect
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    response = opener.open(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)
    assert isinstance(response, http.client.HTTPResponse)
    return response


def _save(
    archive: Archive, part: Path, offset: int, beginning: _Beginning | None, response: http.client.HTTPResponse
) -> None:
    """Write the answer to the part file: after the bytes that are there (206), or over them (200)."""
    total = _total(response)
    if response.status != 206:  # the server knows no ranges, or the file has changed
        offset = 0
    elif beginning is None or not _continues(response, beginning, offset):
        _note(part).unlink(missing_ok=True)
        raise _InterruptedError("the server sent another part, or a part of another version, than it was asked for")
    if archive.size is not None and total not in (None, archive.size):
        raise DownloadError(f"{archive.url}: the server offers {total:,} bytes, expected {archive.size:,}")
    total = archive.size if total is None else total
    if total is not None:
        require_space(part.parent, total - offset, f"the download of {archive.file}")
    if offset == 0:
        _note(part).unlink(missing_ok=True)  # before the bytes it describes are gone
        part.write_bytes(b"")
        write_json(_note(part), {"url": archive.url, "validator": _validator(response), "size": total})
    _append(part, response, total, archive.file)
    if total is not None and _size(part) != total:
        raise _InterruptedError(f"the connection broke after {_size(part):,} of {total:,} bytes")


def _continues(response: http.client.HTTPResponse, beginning: _Beginning, offset: int) -> bool:
    """Whether a 206 answer starts at the offset and is of the version that the beginning is of."""
    starts = (response.headers.get("Content-Range") or "").startswith(f"bytes {offset}-")
    same_version = _validator(response) in ("", beginning.validator)
    return starts and same_version and (beginning.size is None or _total(response) in (None, beginning.size))


def _append(part: Path, response: http.client.HTTPResponse, total: int | None, name: str) -> None:
    with (
        part.open("ab") as file,
        tqdm(desc=printable(name), total=total, initial=_size(part), unit="B", unit_scale=True, disable=None) as bar,
    ):
        while block := _read(response):
            file.write(block)
            bar.update(len(block))


def _read(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read1(BLOCK)  # what has arrived, so that a slow line loses little to a kill
    except (http.client.HTTPException, OSError) as error:
        raise _InterruptedError(f"the connection broke: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", error)) or type(error).__name__


def _total(response: http.client.HTTPResponse | urllib.error.HTTPError) -> int | None:
    """The size of the whole file as the server tells it, if it does."""
    if content_range := response.headers.get("Content-Range"):
        found = re.search(r"/([0-9]{1,18})$", content_range)
        return int(found[1]) if found else None
    length = response.headers.get("Content-Length") or ""
    return int(length) if re.fullmatch("[0-9]{1,18}", length) and response.status == 200 else None


def _validator(response: http.client.HTTPResponse) -> str:
    """What If-Range may name: a strong ETag, or else the time of the last change."""
    etag = response.headers.get("ETag") or ""
    return etag if etag.startswith('"') else response.headers.get("Last-Modified") or ""


def _beginning(archive: Archive, part: Path) -> _Beginning | None:
    """What is known of the bytes that are here; None if they cannot be continued, as where the note is damaged."""
    if not part.is_file() or _size(part) == 0 or not _note(part).is_file():
        return None
    try:
        beginning = _Beginning(**read_json(_note(part)))
    except (InputError, TypeError):
        return None
    sound = isinstance(beginning.validator, str) and isinstance(beginning.size, int | None)
    return beginning if sound and beginning.url == archive.url else None


def _note(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
