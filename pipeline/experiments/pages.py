"""The generated sections of the README: results of all profiles, and the stages."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ldnet.errors import InputError
from pipeline.experiments.profile_changes import set_first
from pipeline.report.tables import markdown_table, tables


def fill_sections(text: str, sections: Mapping[str, str], name: str) -> str:
    """The text with each section put between its markers. Raises InputError unless each marker is there once."""
    for section, content in sections.items():
        begin, end = f"<!-- {section}:begin -->", f"<!-- {section}:end -->"
        if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
            raise InputError(f"{name}: expected the markers {begin} and {end}, once each and in this order")
        before, after = text.split(begin)[0], text.split(end)[1]
        text = f"{before}{begin}\n{content.strip()}\n{end}{after}"
    return text


def results_section(published: Sequence[Mapping[str, Any]], profiles: Path) -> str:
    """Tables of every published result, each with the command that makes it, and what to set before it if its profile
    has changed since."""
    sections = [_results(document) + set_first(document["params"], profiles) for document in published]
    return "\n".join(sections) or "No results are published yet.\n"


def _results(document: Mapping[str, Any]) -> str:
    profile = document["params"]["profile"]
    command = "make repro" if profile == "demo" else f"make experiment NAME={profile}"
    figure = f"docs/f1_against_cost_{profile}.svg"
    return (
        f"**{profile}** (`{command}`, [figure]({figure}), [all numbers](results/{profile}.json))\n\n{tables(document)}"
    )


def stages_section(pipeline: Path) -> str:
    """A table of the stages in dvc.yaml: name, description, main outputs. Raises InputError for other files."""
    try:
        stages = yaml.safe_load(pipeline.read_text(encoding="utf-8"))["stages"]
        rows = [_stage_cells(name, stage) for name, stage in stages.items()]
    except FileNotFoundError:
        raise InputError(f"{pipeline}: no such file; expected the map of the stages") from None
    except (yaml.YAMLError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{pipeline}: not a DVC pipeline whose stages have desc and outs: {error}") from None
    return markdown_table(["stage", "what it does", "main outputs"], rows)


def _stage_cells(name: str, stage: Mapping[str, Any]) -> list[str]:
    """Name, description, outputs. A stage written for each of several items names them, with an output for each."""
    items = stage.get("foreach", "")
    definition = stage["do"] if "foreach" in stage else stage
    keys = [] if isinstance(items, str) else list(items)  # a reference such as ${generate_data} stays one
    outs = [
        re.sub(r"\$\{(item|key)\}", key, out)
        for out in map(_path, definition["outs"])
        for key in (keys if re.search(r"\$\{(item|key)\}", out) and keys else ["<name>"])
    ]
    title = f"`{name}`" + (f" ({', '.join(keys)})" if keys else "")
    return [title, definition["desc"], ", ".join(f"`{_placeholders(out)}`" for out in outs)]


def _path(out: str | Mapping[str, Any]) -> str:
    return out if isinstance(out, str) else next(iter(out))


def _placeholders(path: str) -> str:
    """${data} as <data>."""
    return re.sub(r"\$\{([\w.]+)\}", r"<\1>", path)
