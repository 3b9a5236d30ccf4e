"""A server on this machine that answers requests as a test says, or hangs up."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HANGS_UP = 0
Status = Callable[[int], int]


class UnreliableServer(ThreadingHTTPServer):
    """Gives the request with a number, from 1, the status of that number, or no answer for HANGS_UP."""

    daemon_threads = True

    def __init__(self, status: Status):
        super().__init__(("127.0.0.1", 0), Handler)
        self.status, self.requests, self.counting = status, 0, threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # a connection stays open
    wbufsize = -1  # an answer is sent at once rather than in parts, the second of which would wait
    server: UnreliableServer

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.counting:
            self.server.requests += 1
            status = self.server.status(self.server.requests)
        if status == HANGS_UP:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def unreliable_server(status: Status) -> Iterator[UnreliableServer]:
    """The server, while it runs."""
    with UnreliableServer(status) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
