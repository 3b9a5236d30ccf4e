"""The generated sections of the README: results of all profiles, and the stages."""

import posixpath
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ldnet.errors import InputError
from pipeline.publishing.profile_changes import set_first
from pipeline.report.tables import (
    gain_missed,
    legend_parts,
    markdown_table,
    misses_macs,
    overview_table,
    percent,
    signed,
)
from pipeline.six_taggers import TRAININGS
from pipeline.yaml_text import read_yaml


def results_section(published: Sequence[Mapping[str, Any]], profiles: Path) -> str:
    """A table of every published result and how to read it; what pruning keeps of it; and what to set before it is
    made again if its profile has changed since."""
    if not published:
        return "No results are published yet.\n"
    changes = "".join(set_first(one, profiles) for one in published)
    reading = "".join(f"* {part}\n" for part in legend_parts(*published))
    return f"{overview_table(published)}\n{reading}\n{kept_overview(published)}{changes}"


def kept_overview(published: Sequence[Mapping[str, Any]]) -> str:
    """What all layers add to test F1, and how much of it and of their cost is left after pruning: a row a result. What
    misses a goal is bold."""
    header = ["profile"]
    for training in TRAININGS:
        header += [f"gain, {training}", f"kept, {training}: test; dev"]
    rows = [_kept_cells(document) for document in published]
    goals = next(iter(published[0]["comparison"].values()))["goals"]
    return (
        f"{markdown_table([*header, 'MACs of the LMs left', 'more'], rows)}\n"
        "Gain: what all LM layers add to test F1 ([intervals](docs/results.md#what-pruning-keeps)). Kept: how much of "
        f"it the pruned tagger has. Goals: at least {100 * goals['gain_kept']:.0f} % of the gain kept, on test and on "
        f"dev, with at most {100 * goals['lm_macs_kept']:.0f} % of the language models' MACs. Misses are bold.\n"
    )


def _kept_cells(document: Mapping[str, Any]) -> list[str]:
    profile, comparisons = document["params"]["profile"], document["comparison"]
    cells = [profile]
    for training in TRAININGS:
        comparison = comparisons[training]
        missed = gain_missed(comparison)
        kept = [_marked(percent(comparison["gain_kept"][split]), missed[split]) for split in missed]
        gain = signed(comparison["differences"]["full_minus_no_lm"]["test_f1"])
        cells += [gain, "; ".join(kept) or "no share: the gain is not significant"]
    cost = _marked(percent(comparisons[TRAININGS[0]]["lm_macs_kept"]), misses_macs(comparisons))
    links = f"[figure](docs/f1_against_cost_{profile}.svg), [all numbers](results/{profile}/results.json)"
    return [*cells, cost, links]


def _marked(cell: str, missed: bool) -> str:
    return f"**{cell}**" if missed else cell


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
