"""What tests of fetching share."""

import threading
from collections.abc import Iterator

import pytest

from tests.fetch.web_site import Handler, QuietServer, Site


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
