"""Memory and speed of corpus preparation, and memory of pretraining, on generated text of several sizes.

python -m bench.corpus_memory [--millions 10 --millions 100] [--folder <with space>]
"""

import math
import os
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
import psutil
import yaml

from bench.corpus_memory_report import draw, memory_section
from bench.made_by import made_by
from ldnet.command_line import FILE, FOLDER, Command
from ldnet.files import read_json, write_bytes, write_json
from pipeline.pretraining.encoded_corpus import load
from pipeline.publishing.filled_pages import fill_sections
from pipeline.report.figure_files import save_figure

ROOT = Path(__file__).parents[1]
SETTINGS = {"text": "lm/*.txt", "heldout_sentences": 1000, "shard_tokens": 1_000_000, "vectors": ""}
SETTINGS |= {"vector_rows": 0, "other_tests": ""}
COUNT_TOKENS = 250_000  # min_count is 1 for each so many, so that texts of all sizes have about the same vocabulary
WORDS = 500_000  # different ones; a word's frequency is about proportional to 1 / rank
SENTENCE_TOKENS = 25  # on average, ends left out
BLOCK_SENTENCES = 40_000
FILE_BLOCKS = 20  # about 20 million tokens a file
SAMPLE_SECONDS = 0.1


def write_text(folder: Path, tokens: int, seed: int) -> None:
    """Stream sentences of Zipf-distributed words into text files, a block in memory at a time."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    words = [f"w{rank:x}" for rank in range(WORDS)]
    for block in range(math.ceil(tokens / (BLOCK_SENTENCES * SENTENCE_TOKENS))):
        lengths = rng.integers(1, 2 * SENTENCE_TOKENS, min(BLOCK_SENTENCES, math.ceil(tokens / SENTENCE_TOKENS)))
        ranks = np.exp(rng.random(lengths.sum()) * math.log(WORDS)).astype(np.int64)
        drawn = [words[rank] for rank in ranks.tolist()]
        ends = np.cumsum(lengths).tolist()
        lines = (" ".join(drawn[start:end]) for start, end in zip([0, *ends[:-1]], ends, strict=True))
        with (folder / f"{block // FILE_BLOCKS:03d}.txt").open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)


def measure(folder: Path, tokens: int, seed: int) -> dict[str, Any]:
    """Generate so much text in `folder`, let the stage prepare it, and train on it for some steps."""
    write_text(folder / "lm", tokens, seed)
    params = yaml.safe_load((ROOT / "profiles" / "base.yaml").read_text(encoding="utf-8"))
    params["prepare_corpus"] = {**SETTINGS, "min_count": max(1, tokens // COUNT_TOKENS)}
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    (folder / "hashes.txt").touch()
    files = ["--params", "params.yaml", "--raw", ".", "--test-hashes", "hashes.txt", "--metrics", "metrics.json"]
    preparation = follow(["stages.prepare_corpus", *files, "--out", "corpus"], folder)
    corpus = load(folder / "corpus")
    encoded = sum(map(len, corpus.shards))
    return {
        "million_tokens": tokens / 1e6,
        "tokens": encoded,
        "vocabulary": len(corpus.vocabulary),
        "shards": len(corpus.shards),
        "tokens_per_second": round(encoded / preparation["seconds"]),
        "preparation": preparation,
        "pretraining": follow(["bench.begin_pretraining", "params.yaml", "corpus"], folder),
    }


def follow(command: list[str], folder: Path) -> dict[str, Any]:
    """Run a module in `folder`: how long it took, and the curve of its memory (seconds, megabytes)."""
    curve: list[tuple[float, float]] = []
    load_before, cpu_before = os.getloadavg()[0], cpu_seconds_of_children()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DVC_ROOT": str(folder)}
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", *command], cwd=folder, env=environment)

    def sample() -> None:
        while process.poll() is None:
            memory = tree_memory_mb(process.pid)
            curve.append((round(time.perf_counter() - start, 2), round(memory, 1)))
            time.sleep(SAMPLE_SECONDS)

    sampler = threading.Thread(target=sample)
    sampler.start()
    status = process.wait()
    seconds = time.perf_counter() - start
    sampler.join()
    if status:
        raise RuntimeError(f"{command[0]} ended with {status}")
    return {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds_of_children() - cpu_before, 1),
        "load_before": round(load_before, 1),
        "peak_mb": max(memory for _, memory in curve),
        "memory_curve": thinned(curve),
    }


def cpu_seconds_of_children() -> float:
    """What all processes that were started here, and theirs, have used until now."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def tree_memory_mb(pid: int) -> float:
    """Proportional set size of a process and all below it: pages that several share are counted once."""
    total = 0
    try:
        process = psutil.Process(pid)
        for member in [process, *process.children(recursive=True)]:
            total += member.memory_full_info().pss
    except psutil.Error:  # one has just ended
        pass
    return total / 1e6


def thinned(curve: list[tuple[float, float]], points: int = 200) -> list[tuple[float, float]]:
    """At most so many points: the highest of each run of neighbours."""
    size = math.ceil(len(curve) / points)
    return [max(curve[start : start + size], key=lambda point: point[1]) for start in range(0, len(curve), size)]


@click.command(cls=Command, examples=["python -m bench.corpus_memory"])
@click.option("--millions", type=int, multiple=True, default=(10, 100), show_default=True, help="Tokens, in millions.")
@click.option("--folder", type=FOLDER, help="Where text and corpus go for the time (12 GB for a billion tokens).")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the text.")
@click.option("--out", type=FILE, default="results/corpus_memory.json", show_default=True, help="Results (JSON).")
@click.option("--figure", type=FILE, default="docs/corpus_memory.svg", show_default=True, help="The figure.")
@click.option("--document", type=FILE, default="docs/corpora.md", show_default=True, help="Its table is filled.")
def main(millions: tuple[int, ...], folder: Path | None, seed: int, out: Path, figure: Path, document: Path) -> None:
    """Prepare generated text of each size and begin to train on it; write memory, tokens per second and the figure."""
    maker = made_by(out)
    results = []
    for size in millions:
        with TemporaryDirectory(dir=folder) as temporary:
            results.append({**measure(Path(temporary).resolve(), size * 10**6, seed), **maker})
        shown = results[-1]
        click.echo(
            f"{size} M tokens: {shown['tokens_per_second']:,} tokens/s, peak {shown['preparation']['peak_mb']:.0f} MB; "
            f"pretraining: peak {shown['pretraining']['peak_mb']:.0f} MB"
        )
        write_json(out, results)
    save_figure(draw(read_json(out)), figure)
    text = fill_sections(document.read_text(encoding="utf-8"), {"memory": memory_section(results)}, str(document))
    write_bytes(document, text.encode())


if __name__ == "__main__":
    main()
