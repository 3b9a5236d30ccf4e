"""Throughput of tagging a folder of shards in one process and on Spark, in turns: results/bulk_tagging.json, docs."""

import gzip
import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, get_args

import click

from bench.made_by import made_by
from bench.measured_tagger import OF_DESCRIPTION, measured_tagger
from bench.measuring import Racers
from bench.rows import Side, Work
from ldnet.command_line import FILE, FOLDER, Command
from ldnet.decoding.precision import DecodingPrecision
from ldnet.errors import InputError
from ldnet.files import write_bytes, write_json
from ldnet.mlflow_store import configure_mlflow
from ldnet.model_description import read_description
from ldnet.model_folder import load_model
from ldnet.tagged_shards import ShardResult, find_shards, tag_shard
from ldnet.text.lines import read_lines
from pipeline.publishing.filled_pages import fill_sections
from pipeline.report.tables import markdown_table

MASTER = "local[2,4]"
OPTIONS = {"local": ["--workers", "local"], "spark": ["--workers", "spark", "--master", MASTER]}
TITLES = {"local": "one process, two threads", "spark": f"Spark, {MASTER}"}
WARM_UP_SHARDS = 4  # enough for both of Spark's workers to load the model
Rates = dict[str, list[float]]


@click.command(cls=Command, examples=["python -m bench.bulk_tagging --words 200000"])
@click.option(
    "--model", type=FOLDER, default="work/model/pruned_taught", show_default=True, help="As `make export` makes it."
)
@click.option("--text", type=FOLDER, default="data/raw/conll2000/lm", show_default=True, help="Folder of text (.gz).")
@click.option("--words", type=int, default=400_000, show_default=True, help="How much of the text is tagged in a run.")
@click.option("--shards", type=int, default=16, show_default=True, help="In how many files.")
@click.option("--runs", type=click.IntRange(1), default=3, show_default=True, help="Alternating runs of each side.")
@click.option("--precision", type=click.Choice(get_args(DecodingPrecision)), default="float32", show_default=True)
@click.option("--out", type=FILE, default="results/bulk_tagging.json", show_default=True)
@click.option("--docs", type=FILE, default="docs/bulk-tagging.md", show_default=True, help="Its table is filled.")
def main(
    model: Path, text: Path, words: int, shards: int, runs: int, precision: DecodingPrecision, out: Path, docs: Path
) -> None:
    """Tag the same shards with both sides in turns: as whole commands, then in processes that have started already.

    Ends with an error if their outputs differ.
    """
    fill_sections(docs.read_text(encoding="utf-8"), {"bulk": ""}, str(docs))  # fails now rather than at the end
    maker, description = made_by(out), read_description(model)
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        folder = Path(scratch)
        counts = write_shards(text, folder / "text", words, shards)
        with_start = whole_commands(model, folder, precision, counts["words"], runs)
        started = started_processes(model, folder, precision, shards, runs)
    result = {
        "model": {key: description[key] for key in OF_DESCRIPTION},
        "precision": precision,
        **counts,
        "runs": runs,
        **maker,
        "sides": {side: summarise(counts["words"], with_start[side], started[side]) for side in OPTIONS},
    }
    write_json(out, result)
    filled = fill_sections(docs.read_text(encoding="utf-8"), {"bulk": bulk_section(result)}, str(docs))
    write_bytes(docs, filled.encode())
    click.echo(bulk_section(result))


def write_shards(text: Path, folder: Path, words: int, shards: int) -> dict[str, int]:
    """The first lines of the text files in `folder`, about `words` words in so many equal files; their counts."""
    lines = itertools.chain.from_iterable(read_lines(path) for path in sorted(text.glob("*.gz")))
    folder.mkdir()
    counts = {"shards": shards, "lines": 0, "words": 0}
    for number in range(shards):
        with gzip.open(folder / f"{number:03d}.txt.gz", "wb") as file:
            for line in lines:
                file.write(line + b"\n")
                counts["lines"] += 1
                counts["words"] += len(line.split())
                if counts["words"] >= words * (number + 1) / shards:
                    break
            else:
                raise InputError(f"{text}: fewer than {words:,} words in *.gz; give another folder, or fewer --words")
    return counts


def whole_commands(model: Path, folder: Path, precision: str, words: int, runs: int) -> Rates:
    """Words per second of the command, start-up included. Raises InputError if the sides' outputs differ."""
    rates: Rates = {side: [] for side in OPTIONS}
    for run in range(runs):
        for side, options in OPTIONS.items():
            out = folder / f"{side}-{run}"
            command = [sys.executable, "-m", "ldnet", "tag-shards", str(model), str(folder / "text"), str(out)]
            start = time.perf_counter()
            subprocess.run([*command, "--precision", precision, *options], check=True)
            rates[side].append(words / (time.perf_counter() - start))
        here, there = (_contents(folder / f"{side}-{run}") for side in OPTIONS)
        if here != there:
            raise InputError(f"outputs of {' and '.join(OPTIONS)} differ in {len(here.items() ^ there.items())} files")
    return rates


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.jsonl")}


def started_processes(model: Path, folder: Path, precision: DecodingPrecision, shards: int, runs: int) -> Rates:
    """Words per second of processes that have loaded the model, and of a Spark session whose workers have."""
    builds: dict[str, Callable[[Path], Work]] = {
        "local": partial(_local_work, model, precision),
        "spark": partial(_spark_work, model, precision),
    }
    rates: Rates = {side: [] for side in OPTIONS}
    local, spark = (Side(builds[side], smallest=1) for side in OPTIONS)
    with Racers(local, folder, product=False) as here, Racers(spark, folder, product=False) as there:
        for _ in range(runs):
            for side, racers in (("local", here), ("spark", there)):
                racers.rate(min(shards, WARM_UP_SHARDS))  # Spark ends workers that were idle for a minute
                rates[side].append(racers.rate(shards))
    return rates


def _local_work(model: Path, precision: DecodingPrecision, folder: Path) -> Work:
    loaded = load_model(model, precision)
    return partial(_tag, lambda shards, out: [tag_shard(loaded, shard, out) for shard in shards], folder)


def _spark_work(model: Path, precision: DecodingPrecision, folder: Path) -> Work:
    configure_mlflow()
    from ldnet.adapters.mlflow_model import save_mlflow_model
    from ldnet.adapters.spark import spark_session, tag_on_spark, tagging_function

    save_mlflow_model(model, folder / "mlflow", precision)
    sessions = spark_session(MASTER)
    session = sessions.__enter__()
    tag = tagging_function(session, folder / "mlflow")

    def tag_shards(shards: Sequence[Path], out: Path, _: object = sessions) -> list[ShardResult]:
        return tag_on_spark(session, tag, shards, out)  # the session ends with the last reference to `sessions`

    return partial(_tag, tag_shards, folder)


def _tag(tag: Callable[[Sequence[Path], Path], Sequence[ShardResult]], folder: Path, shards: int) -> int:
    """Words of the first so many shards, tagged into a folder that is deleted again."""
    with tempfile.TemporaryDirectory(dir=folder) as out:
        return sum(result.words for result in tag(find_shards(folder / "text")[:shards], Path(out)))


def summarise(words: int, with_start: Sequence[float], started: Sequence[float]) -> dict[str, Any]:
    """Medians of both rates, all runs, and the start-up that explains their difference."""
    return {
        "words_per_second_with_start": round(median(with_start), 1),
        "words_per_second_started": round(median(started), 1),
        "start_seconds": round(words / median(with_start) - words / median(started), 1),
        "runs_with_start": [round(rate, 1) for rate in with_start],
        "runs_started": [round(rate, 1) for rate in started],
    }


def bulk_section(result: Mapping[str, Any]) -> str:
    """The table of the documentation, and what its numbers are."""
    header = ["how", "words/s, whole command", "words/s, started already", "start-up (s)"]
    rows = [list(_cells(TITLES[side], measured)) for side, measured in result["sides"].items()]
    legend = (
        f"{result['words']:,} words in {result['shards']} shards, {result['precision']}. {measured_tagger(result)} "
        f"Machine: {result['machine']}. Medians of {result['runs']} alternating runs; both sides gave the same files, "
        "byte for byte. Start-up: the difference of the two medians, in seconds.\n"
    )
    return f"{markdown_table(header, rows)}\n{legend}"


def _cells(title: str, measured: Mapping[str, Any]) -> Iterator[str]:
    yield title
    yield f"{measured['words_per_second_with_start']:,.0f}"
    yield f"{measured['words_per_second_started']:,.0f}"
    yield f"{measured['start_seconds']:.0f}"


if __name__ == "__main__":
    main()
