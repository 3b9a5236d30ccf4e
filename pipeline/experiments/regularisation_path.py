"""The regularisation path: what each strength and budget gives, and which of these points are worth their cost."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ldnet.errors import naming
from ldnet.files import read_json
from pipeline.experiments.front import knee, pareto_front
from pipeline.experiments.points import Point
from pipeline.experiments.rows import (
    ENDS,
    MEASURED,
    SCORES,
    ends_in_words,
    experiment_row,
    of_selections,
    over_seeds,
    taught_then,
    with_spread,
)
from pipeline.report.measurements import pick
from pipeline.report.results import only_pruned_was_taught
from pipeline.report.tables import kept_cells, markdown_table, millions

COLUMNS = ("strength", "budget", "LM layers forward", "backward", "MACs per word (M)", "dev F1", "test F1")
ROW_KEYS = (*MEASURED, "strength", "max_layers", "on_front")


def point_row(point: Point, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The measurements of one point; see `experiment_row`."""
    return {"strength": point.strength, "max_layers": point.max_layers, **experiment_row(point, metrics)}


def path_document(params: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], commit: str) -> dict[str, Any]:
    """The points, the ends (the same for all of them), the front and its knee. `params` are all of params.yaml.

    Cost and dev F1 decide, over points and ends together; the test split does not.
    """
    ends = rows[0]["ends"]
    everything = [{key: value for key, value in row.items() if key != "ends"} for row in (*rows, *ends.values())]
    places = [(row["macs_per_word"], row["dev_f1_mean"]) for row in everything]
    front, best = pareto_front(places), knee(places)
    marked = [{**row, "on_front": index in front} for index, row in enumerate(everything)]
    chosen = None if best is None or best >= len(rows) else rows[best]
    return {
        "data": pick(params, "data"),
        "git_commit": commit,
        "params": dict(params),
        "points": marked[: len(rows)],
        "ends": dict(zip(ends, marked[len(rows) :], strict=True)),
        "knee": chosen and {key: chosen[key] for key in ("strength", "max_layers")},
    }


def read_path(file: Path) -> dict[str, Any]:
    """Read a path document. Raises InputError if a key is missing."""
    document = read_json(file)
    with naming(file):
        for key in ("params.profile", "params.train_tagger.seeds", "data", "knee"):
            pick(document, key)
        for variant in ENDS:
            for key in (*SCORES, "on_front"):
                pick(document, f"ends.{variant}.{key}")
        for row in pick(document, "points"):
            for key in ROW_KEYS:
                pick(row, key)
    return dict(document)


def is_knee(document: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether the row is the knee of the document."""
    return bool(document["knee"] == {key: row[key] for key in ("strength", "max_layers")})


def knee_in_words(document: Mapping[str, Any]) -> str:
    """Strength and budget of the knee, or why there is none."""
    if best := document["knee"]:
        return f"strength {best['strength']:g}, budget {best['max_layers']}"
    return "none: no point lies above the chord of the front"


def points_table(rows: Sequence[Mapping[str, Any]], seeds: int) -> str:
    """One line a point, each measured with so many seeds."""
    return markdown_table(COLUMNS, [_cells(row, seeds) for row in rows])


def path_cells(document: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and a row a point, by cost; the last cell is the command that runs the point again, if one does still."""
    rows = sorted(document["points"], key=lambda row: (row["macs_per_word"], row["strength"]))
    marks, seeds = {True: "knee", False: "front"}, len(document["params"]["train_tagger"]["seeds"])
    cells = [
        [*_cells(row, seeds), marks[is_knee(document, row)] if row["on_front"] else "", row["command"]] for row in rows
    ]
    if only_pruned_was_taught(document["params"]):
        return [*COLUMNS, "on the front"], [row[:-1] for row in cells]
    return [*COLUMNS, "on the front", "command"], cells


def path_section(document: Mapping[str, Any]) -> str:
    """The table of one path, with the command that makes it."""
    profile = document["params"]["profile"]
    seeds = len(document["params"]["train_tagger"]["seeds"])
    header, rows = path_cells(document)
    if header[-1] == "command":
        rows = [[*cells, f"`{command}`"] for *cells, command in rows]
    table = markdown_table(header, rows)
    ends = {variant: document["ends"][variant] for variant in ENDS}
    return (
        f"**{profile}** ({_command(document)}[figure](path_{profile}.svg), "
        f"[all numbers](../results/path_{profile}.json))\n\n{table}\n"
        f"F1 of whole spans in percent, {over_seeds(seeds)}; layers are counted from 0, the lowest. "
        f"The ends of the path, {ends_in_words(ends)}."
        f"{of_selections(document['points'])}{taught_then(document)}\n"
    )


def _command(document: Mapping[str, Any]) -> str:
    """What makes all of the document again, and a comma; nothing if its stages are gone."""
    if only_pruned_was_taught(document["params"]):
        return ""
    strengths, budgets = (
        " ".join(map(str, sorted({row[key] for row in document["points"]}))) for key in ("strength", "max_layers")
    )
    return f'`make path NAME={document["params"]["profile"]} STRENGTHS="{strengths}" BUDGETS="{budgets}"`, '


def _cells(row: Mapping[str, Any], seeds: int) -> list[str]:
    return [
        f"{row['strength']:g}",
        str(row["max_layers"]),
        *kept_cells(row["layers_kept"]),
        millions(row["macs_per_word"]),
        with_spread(row["dev_f1_mean"], row["dev_f1_sd"], seeds),
        with_spread(row["test_f1_mean"], row["test_f1_sd"], seeds),
    ]
