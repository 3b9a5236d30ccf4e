"""A web server that behaves well, or not."""

import hashlib
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pipeline.fetch.sources import Archive

CONTENT = bytes(i * i % 251 for i in range(300_000))


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


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
