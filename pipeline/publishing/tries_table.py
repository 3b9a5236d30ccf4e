"""The tries of `bench.tagger_tries` as a table: a row for each way to train, a column for each number of sentences."""

from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from ldnet.files import read_json
from pipeline.report.tables import NAMES, markdown_table

# Of a row: what it was trained on, and with what outcome, by which code and where. The rest says how.
TRAINED_ON = ("sentences", "variant", "epochs", "seed")
OUTCOME = ("dev_f1", "best_epoch", "git_commit", "machine")
Way = tuple[tuple[str, Any], ...]


def tries_section(results: Path) -> str:
    """The tables of all files of tries in the folder. Raises InputError if one of them is not JSON."""
    return tables_of_files(results, "tagger_tries_", _table)


def tables_of_files(results: Path, begins: str, table: Callable[[Mapping[str, Any]], str]) -> str:
    """The table of each JSON file in the folder whose name begins so, under what comes after that in the name.

    Raises InputError if one of them is not JSON.
    """
    return (
        "\n".join(
            f"**{file.stem.removeprefix(begins)}** ([all numbers](../results/{file.name}))\n\n{table(read_json(file))}"
            for file in sorted(results.glob(f"{begins}*.json"))
        )
        or "None yet.\n"
    )


def _table(document: Mapping[str, Any]) -> str:
    """Dev F1, mean ± standard deviation over the seeds, whose number is in brackets where there are two or more."""
    ways: dict[Way, dict[tuple[int, str, int], list[float]]] = {}
    for row in document["rows"]:
        way = tuple(sorted((key, value) for key, value in row.items() if key not in (*TRAINED_ON, *OUTCOME)))
        of_way = ways.setdefault(way, {})
        of_way.setdefault((row["sentences"], row["variant"], row["epochs"]), []).append(row["dev_f1"])
    found = {column for of_way in ways.values() for column in of_way}
    columns = sorted(found, key=lambda column: (column[0], column[2], list(NAMES).index(column[1])))
    named = [f"{sentences:,} sentences, {epochs} epochs, {NAMES[variant]}" for sentences, variant, epochs in columns]
    cells = [[_said(way), *(score(of_way.get(column, [])) for column in columns)] for way, of_way in ways.items()]
    return markdown_table(["way", *named], cells)


def _said(way: Way) -> str:
    """As `adam, learning rate 0.003, norm`."""
    values = dict(way)
    named = [values.pop("optimizer")]
    for key, value in sorted(values.items(), key=lambda item: (item[0] != "learning_rate", item[0])):
        named.append(key.replace("_", " ") + ("" if value is True else f" {value}"))
    return ", ".join(named)


def score(of_seeds: list[float]) -> str:
    """Dev F1 of one seed, or mean ± standard deviation and the number of seeds; nothing of none."""
    if len(of_seeds) < 2:
        return f"{of_seeds[0]:.2f}" if of_seeds else ""
    return f"{mean(of_seeds):.2f} ± {stdev(of_seeds):.2f} ({len(of_seeds)})"
