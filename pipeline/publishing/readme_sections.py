"""The generated sections of the README: results of all profiles, and the stages."""

import posixpath
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ldnet.errors import InputError
from pipeline.publishing.profile_changes import set_first
from pipeline.report.tables import legend_parts, markdown_table, overview_table, short_gain_lines
from pipeline.yaml_text import read_yaml


def results_section(published: Sequence[Mapping[str, Any]], profiles: Path) -> str:
    """One table of every published result and how to read it; for each, the command that makes it, and what to set
    before it if its profile has changed since."""
    if not published:
        return "No results are published yet.\n"
    bullets = "".join(map(_reading, published))
    changes = "".join(set_first(one, profiles) for one in published)
    reading = "".join(f"* {part}\n" for part in legend_parts(*published))
    return f"{overview_table(published)}\n{reading}\n{bullets}{changes}"


def _reading(document: Mapping[str, Any]) -> str:
    """What pruning keeps in one profile, and where its numbers are."""
    profile = document["params"]["profile"]
    command = "make repro" if profile == "demo" else f"make experiment NAME={profile}"
    links = (
        f"[figure](docs/f1_against_cost_{profile}.svg), [differences](docs/results.md#what-pruning-keeps), "
        f"[all numbers](results/{profile}/results.json)"
    )
    return f"* **{profile}** (`{command}`, {links}): {short_gain_lines(document['comparison'])}"


def stages_section(pipeline: Path) -> str:
    """A table of the stages in dvc.yaml: name, description, where it writes. Raises InputError for other files."""
    try:
        stages = read_yaml(pipeline)["stages"]
        rows = [_stage_cells(name, stage) for name, stage in stages.items()]
    except FileNotFoundError:
        raise InputError(f"{pipeline}: no such file; expected the map of the stages") from None
    except (TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{pipeline}: not a DVC pipeline whose stages have desc and outs: {error}") from None
    return markdown_table(["stage", "what it does", "writes"], rows)


def _stage_cells(name: str, stage: Mapping[str, Any]) -> list[str]:
    """Name, description, the folder of its outputs (or the only output). A stage that is written for each of several
    items names them."""
    items = stage.get("foreach", "")
    definition = stage["do"] if "foreach" in stage else stage
    keys = [] if isinstance(items, str) else list(items)  # a reference like ${generate_data} stays one
    outs = [_resolved(out, key, items) for out in map(_path, definition["outs"]) for key in keys or ["<name>"]]
    title = f"`{name}`" + (f" ({', '.join(keys)})" if keys else "")
    return [title, definition["desc"], f"`{_placeholders(posixpath.commonpath(outs))}`"]


def _resolved(out: str, key: str, items: Any) -> str:
    """The output of one of the items; what ${item.x} stands for is said where the item is."""
    out = re.sub(r"\$\{(item|key)\}", key, out)
    return re.sub(r"\$\{item\.(\w+)\}", lambda part: str(items[key][part[1]]), out)


def _path(out: str | Mapping[str, Any]) -> str:
    return out if isinstance(out, str) else next(iter(out))


def _placeholders(path: str) -> str:
    """${data} as <data>."""
    return re.sub(r"\$\{([\w.]+)\}", r"<\1>", path)
