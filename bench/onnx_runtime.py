"""Throughput of an exported tagger in this project's runtime and in onnxruntime, in turns: results/onnx.json, docs."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Any

import click

from bench.made_by import made_by
from bench.measured_tagger import OF_DESCRIPTION, measured_tagger
from bench.measuring import Racers
from bench.rows import Side, Work
from ldnet.adapters.onnx_runner import OnnxTagger
from ldnet.command_line import FILE, FOLDER, Command
from ldnet.decoding.precision import DecodingPrecision
from ldnet.errors import InputError
from ldnet.files import read_json, write_bytes, write_json
from ldnet.model_description import read_description
from ldnet.model_folder import load_model
from ldnet.processors import processors
from ldnet.text.lines import read_lines
from ldnet.text.tokenisation import split_words
from pipeline.exporting.onnx_export import ONNX_FOLDER
from pipeline.publishing.filled_pages import fill_sections
from pipeline.report.tables import markdown_table

SENTENCES = "sentences.json"
TITLES = {
    "own_float32": "this project's runtime, float32",
    "onnx_float32": "onnxruntime, float32",
    "own_int8": "this project's runtime, int8",
    "onnx_int8": "onnxruntime, int8",
}


@click.command(cls=Command, examples=["make export ONNX=1 && python -m bench.onnx_runtime"])
@click.option(
    "--model", type=FOLDER, default="work/model/pruned_taught", show_default=True, help="Exported with ONNX=1."
)
@click.option("--text", type=FOLDER, default="data/raw/demo/lm", show_default=True, help="Folder of text (.txt, .gz).")
@click.option("--words", type=click.IntRange(1), default=50_000, show_default=True, help="Tagged by a side in a run.")
@click.option("--runs", type=click.IntRange(1), default=5, show_default=True, help="Alternating runs of each side.")
@click.option("--out", type=FILE, default="results/onnx.json", show_default=True)
@click.option("--docs", type=FILE, default="docs/serving.md", show_default=True, help="Its table is filled.")
def main(model: Path, text: Path, words: int, runs: int, out: Path, docs: Path) -> None:
    """Tag the same sentences with both runtimes, each in both precisions, each in a process of its own.

    A side has a thread for each processor that this process may run on (see `taskset`).
    """
    fill_sections(docs.read_text(encoding="utf-8"), {"onnx": ""}, str(docs))  # fails now rather than at the end
    maker, description = made_by(out), read_description(model)
    if not description["onnx"]:
        raise InputError(f"{model}: no ONNX graph there; export it with `make export ONNX=1`")
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        counts = write_sentences(text, Path(scratch), words)
        rates = measure(model, Path(scratch), runs)
    result = {
        "model": {key: description[key] for key in OF_DESCRIPTION},
        **counts,
        "runs": runs,
        **maker,
        "threads": processors(),
        "words_per_second": {side: round(median(of_side), 1) for side, of_side in rates.items()},
        "all_runs": {side: [round(rate, 1) for rate in of_side] for side, of_side in rates.items()},
    }
    write_json(out, result)
    filled = fill_sections(docs.read_text(encoding="utf-8"), {"onnx": onnx_section(result)}, str(docs))
    write_bytes(docs, filled.encode())
    click.echo(onnx_section(result))


def write_sentences(text: Path, folder: Path, words: int) -> dict[str, int]:
    """The first sentences of the text that together have so many words, to `folder`; their counts."""
    lines = chain.from_iterable(read_lines(path) for path in sorted(text.glob("*.txt*")))
    sentences: list[list[str]] = []
    count = 0
    while count < words:
        line = next(lines, None)
        if line is None:
            raise InputError(f"{text}: fewer than {words:,} words in *.txt*; give another folder, or fewer --words")
        sentences.append(split_words(line.decode()))
        count += len(sentences[-1])
    write_json(folder / SENTENCES, sentences)
    return {"sentences": len(sentences), "words": count}


def measure(model: Path, folder: Path, runs: int) -> dict[str, list[float]]:
    """Words per second of each side in each run, after a run that warms up."""
    builds: dict[str, Callable[[Path], Work]] = {
        "own_float32": partial(_own_work, model, "float32"),
        "onnx_float32": partial(_onnx_work, model, "float32"),
        "own_int8": partial(_own_work, model, "int8"),
        "onnx_int8": partial(_onnx_work, model, "int8"),
    }
    rates: dict[str, list[float]] = {side: [] for side in builds}
    with ExitStack() as stack:
        racers = {
            side: stack.enter_context(Racers(Side(build, smallest=1, threads=processors()), folder, product=True))
            for side, build in builds.items()
        }
        for side in racers.values():
            side.rate(1)
        for _ in range(runs):
            for name, side in racers.items():
                rates[name].append(side.rate(1))
    return rates


def _own_work(model: Path, precision: DecodingPrecision, folder: Path) -> Work:
    return partial(_tag_all, load_model(model, precision).tag, read_json(folder / SENTENCES))


def _onnx_work(model: Path, precision: DecodingPrecision, folder: Path) -> Work:
    tagger = OnnxTagger(model / ONNX_FOLDER, precision, threads=processors())
    return partial(_tag_all, tagger.tag, read_json(folder / SENTENCES))


def _tag_all(tag: Callable[[Sequence[Sequence[str]]], object], sentences: Sequence[Sequence[str]], times: int) -> int:
    """Tag all sentences so many times; the words tagged."""
    for _ in range(times):
        tag(sentences)
    return times * sum(map(len, sentences))


def onnx_section(result: Mapping[str, Any]) -> str:
    """The table of the documentation, and what its numbers are."""
    rates = result["words_per_second"]
    rows = [
        [title, f"{rates[side]:,.0f}", f"{rates[side] / rates['own_float32']:.2f}"] for side, title in TITLES.items()
    ]
    legend = (
        f"{result['words']:,} words in {result['sentences']:,} sentences, models loaded. {measured_tagger(result)} "
        f"Machine: {result['machine']}; threads of a side: {result['threads']}. "
        f"Medians of {result['runs']} alternating runs.\n"
    )
    return f"{markdown_table(['runtime', 'words/s', 'ratio'], rows)}\n{legend}"


if __name__ == "__main__":
    main()
