"""Measure the product's speed against the baseline, write results/speed.json and the table of docs/speed.md."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from bench.data import RAW, paper_params, prepare_data
from bench.made_by import made_by
from bench.measuring import measure
from bench.rows import ROWS, Row
from bench.table import speed_section
from ldnet.command_line import FILE, FOLDER, Command
from ldnet.files import read_json, write_bytes, write_json
from pipeline.publishing.filled_pages import fill_sections

Result = dict[str, Any]


@click.command(cls=Command, examples=["make bench", "python -m bench.run --only decoding-full-int8 --pairs 3"])
@click.option("--only", multiple=True, type=click.Choice([row.name for row in ROWS]), help="Single rows; repeatable.")
@click.option("--pairs", type=click.IntRange(1), default=5, show_default=True, help="Alternating runs of each side.")
@click.option("--seconds", type=float, default=4.0, show_default=True, help="About how long a run takes.")
@click.option("--raw", type=FOLDER, default=RAW, show_default=True, help="CoNLL-2000; without it, sentences are made.")
@click.option("--results", type=FILE, default="results/speed.json", show_default=True, help="Where the results go.")
@click.option("--page", type=FILE, default="docs/speed.md", show_default=True, help="Its speed table is filled.")
def main(only: Sequence[str], pairs: int, seconds: float, raw: Path, results: Path, page: Path) -> None:
    """Let product and baseline run in turns, two cores each, on the same weights and sentences.

    If their outputs differ, the command fails. With --only, the other rows of an existing results file stay.
    """
    rows = [row for row in ROWS if not only or row.name in only]
    fill_sections(page.read_text(encoding="utf-8"), {"speed": ""}, str(page))  # fails now rather than at the end
    for measured in run(rows, raw, pairs, seconds, made_by(results)):
        click.echo(describe(measured))
        publish(measured, results, page)


def run(
    rows: Sequence[Row], raw: Path, pairs: int, seconds: float, maker: Mapping[str, str | None]
) -> Iterator[Result]:
    """Measure `rows` one after the other; each notes its `maker`."""
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        folder = Path(scratch)
        common = {"data": prepare_data(raw, folder), **maker}
        for row in rows:
            yield {**measure(row, folder, pairs, seconds), **common}


def publish(measured: Result, results: Path, page: Path) -> None:
    """Write the row beside those measured before, and fill the table."""
    rows = {row["name"]: row for row in (read_json(results) if results.is_file() else [])}
    rows[measured["name"]] = measured
    order = [row.name for row in ROWS]
    ordered = sorted(rows.values(), key=lambda row: order.index(row["name"]) if row["name"] in order else len(order))
    add_table_making(ordered)
    write_json(results, ordered)
    text = fill_sections(page.read_text(encoding="utf-8"), {"speed": speed_section(ordered)}, str(page))
    write_bytes(page, text.encode())


def add_table_making(rows: Sequence[Result]) -> None:
    """Give tagger training the ratio that it has when the table's making is spread over the epochs of one seed."""
    by_name = {row["name"]: row for row in rows}
    for suffix in ("", "-bfloat16"):
        if not {f"tagger-training{suffix}", f"feature-table{suffix}"} <= set(by_name):
            continue
        training, table = by_name[f"tagger-training{suffix}"], by_name[f"feature-table{suffix}"]
        training["epochs"] = paper_params().train_tagger.epochs
        per_word = 1 / training["product"] + 1 / (training["epochs"] * table["product"])
        training["ratio_with_table"] = round(training["ratio"] / (training["product"] * per_word), 3)


def describe(row: Result) -> str:
    """One line for the screen."""
    line = f"{row['name']}: {row['product']:,.0f} {row['unit']}"
    if row["baseline"] is not None:
        line += f", baseline {row['baseline']:,.0f}, ratio {row['ratio']:.2f}"
    shares = [f"{100 * value:.0f} % of {key[9:]}" for key, value in row.items() if key.startswith("share_of_")]
    return ", ".join([line, f"goal {row['goal']:g}", *shares])


if __name__ == "__main__":
    main()
