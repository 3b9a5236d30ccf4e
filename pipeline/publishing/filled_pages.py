"""Generated sections of README and docs, which stand between markers."""

from collections.abc import Mapping
from pathlib import Path

import click

from ldnet.errors import InputError
from ldnet.files import write_bytes

REMEDY = "`make publish` or `python -m commands.publish --readme-only`"


def fill_sections(text: str, sections: Mapping[str, str], name: str) -> str:
    """The text with each section put between its markers. Raises InputError unless each marker is there once."""
    for section, content in sections.items():
        begin, end = f"<!-- {section}:begin -->", f"<!-- {section}:end -->"
        if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
            raise InputError(f"{name}: expected the markers {begin} and {end}, once each and in this order")
        before, after = text.split(begin)[0], text.split(end)[1]
        text = "\n".join(filter(None, [f"{before}{begin}", content.strip(), f"{end}{after}"]))
    return text


def fill_page(page: Path, sections: Mapping[str, str], check: bool = False, remedy: str = REMEDY) -> None:
    """Put the sections between their markers. A check writes nothing; if the page is stale, it ends with an error that
    names the remedy."""
    try:
        text = page.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{page}: no such file; expected a page with markers to fill") from None
    filled = fill_sections(text, sections, str(page))
    if check and filled != text:
        raise click.ClickException(f"{page} is stale: {remedy}")
    if not check:
        write_bytes(page, filled.encode())
