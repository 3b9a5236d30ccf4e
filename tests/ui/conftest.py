"""A browser, and a record of all that its pages complain about or ask for."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ARGUMENTS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
NAMES = ("chromium", "chromium-browser", "google-chrome")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", type=Path, help="folder for screenshots; none are made without it")


@dataclass
class Visit:
    """A page in the browser, the errors of its console and scripts, and the addresses that it asked for."""

    page: Any
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright_api = pytest.importorskip(
        "playwright.sync_api", reason="playwright is missing: make test-ui installs it"
    )
    chromium = next(filter(None, map(shutil.which, NAMES)), None)
    if chromium is None:
        pytest.skip("chromium is missing: apt-get install chromium fonts-dejavu-core")
    with playwright_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


def describe(message: Any) -> str:
    return f"{message.text} [{message.location['url']}]"


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Visit]]:
    """Opens an empty page `width` CSS pixels wide, with `options` of Playwright's contexts."""
    contexts = []

    def open_page(width: int, **options: Any) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        seen = Visit(context.new_page())
        seen.page.set_default_timeout(20_000)
        seen.page.on("console", lambda message: message.type == "error" and seen.errors.append(describe(message)))
        seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
        seen.page.on("request", lambda request: seen.requests.append(request.url))
        return seen

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def screenshot(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Keeps a picture of the page, where --screenshots asks for them."""
    folder: Path | None = request.config.getoption("--screenshots")

    def keep(page: Any, name: str, **options: Any) -> None:
        if folder is not None:
            page.screenshot(path=folder / name, **options)

    return keep
