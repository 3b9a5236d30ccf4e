"""Speeds beside those of an earlier commit, from results/*_since.json: tables of docs/speed.md."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ldnet.files import read_json
from pipeline.report.tables import markdown_table

FORMS = {"tags": "tags", "spans": "spans with confidences"}
NONE = "Not measured yet.\n"


def pretraining_since_section(results: Path) -> str:
    """Tokens a CPU-second and losses of both sides. Raises InputError if the file is not JSON."""
    path = results / "pretraining_since.json"
    if not path.is_file():
        return NONE
    document = read_json(path)
    rows = [
        [
            f"10 x {row['units']}",
            f"{row['words']:,}",
            row["precision"],
            f"{row['now']:,}",
            f"{row['before']:,}",
            _ratio(row["ratio"]),
            f"{row['losses_now'][-1]:.4f}",
            f"{row['losses_before'][-1]:.4f}",
        ]
        for row in document["rows"]
    ]
    header = ["size", "words", "precision", "tokens a CPU-second, now", "before", "ratio", "loss now", "loss before"]
    return f"{markdown_table(header, rows)}\n{_made_with(document, path)}"


def tagging_since_section(results: Path) -> str:
    """Words a second of a loaded tagger, requests a second of a served one, and seconds of whole commands.

    Raises InputError if the file is not JSON.
    """
    path = results / "tagging_since.json"
    if not path.is_file():
        return NONE
    document = read_json(path)
    loaded = [
        [
            f"{FORMS[row['form']]}, {row['precision']}",
            *_sides(row, "words_per_cpu_second"),
            _of(row, "words_per_second"),
        ]
        for row in document["loaded"]
    ]
    served = [
        [str(row["clients"]), *_sides(row, "requests_per_second"), *_both(row, "p50_ms"), *_both(row, "p99_ms")]
        for row in document["served"]
    ]
    commands = [[name, *_sides(row, "seconds")] for name, row in document["commands"].items()]
    sides = ["now", "before", "ratio"]
    tables = [
        markdown_table(["loaded tagger: words a CPU-second", *sides, "ratio of words a second"], loaded),
        markdown_table(
            ["clients: requests a second", *sides, "p50 (ms), now", "before", "p99 (ms), now", "before"], served
        ),
        markdown_table(["`ldnet tag` of raw text, with its start: seconds", *sides], commands),
    ]
    differ, tags = (sum(row[key] for row in document["loaded"]) for key in ("tags_that_differ", "tags"))
    summary = f"Of {tags:,} tags, {differ:,} differ. {document['pairs']} pairs of runs. {_made_with(document, path)}"
    return "\n".join([*tables, summary])


def _sides(row: Mapping[str, Any], key: str) -> list[str]:
    return [*_both(row, key), _of(row, key)]


def _both(row: Mapping[str, Any], key: str) -> list[str]:
    return [
        f"{row[side][key]:,.4g}" if row[side][key] < 1000 else f"{row[side][key]:,.0f}" for side in ("now", "before")
    ]


def _of(row: Mapping[str, Any], key: str) -> str:
    return _ratio(row["ratio"][key])


def _ratio(value: float) -> str:
    return f"{value:.2f}"


def _made_with(document: Mapping[str, Any], path: Path) -> str:
    return (
        f"Before: commit {document['against']}; now: {document['git_commit'][:7]}. {document['machine']}. Medians of "
        f"the runs a side; a ratio is the median of the ratios of the pairs. [All numbers](../results/{path.name}).\n"
    )
