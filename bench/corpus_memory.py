"""Speed and memory of corpus preparation on generated text of several sizes.

python -m bench.corpus_memory --out corpus_memory.json [--millions 10 --millions 100] [--folder <with space>]
"""

import math
import multiprocessing
import os
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
import psutil

from pipeline.data.corpus_preparation import prepare
from pipeline.files import write_json
from pipeline.params import CorpusParams

PARAMS = CorpusParams(text="lm/*.txt", min_count=4, heldout_sentences=1000, shard_tokens=1000000, vectors="")
WORDS = 500_000  # different ones; a word's frequency is proportional to 1 / rank
SENTENCE_TOKENS = 25  # on average, ends left out
BLOCK_SENTENCES = 40_000
FILE_BLOCKS = 20  # about 20 million tokens a file


def write_text(folder: Path, tokens: int, seed: int) -> None:
    """Stream sentences of Zipf-distributed words into text files, a block in memory at a time."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    words = [np.base_repr(rank * 7 + 36, 36).lower() for rank in range(WORDS)]
    frequencies = np.cumsum(1 / np.arange(1, WORDS + 1))
    for block in range(math.ceil(tokens / (BLOCK_SENTENCES * SENTENCE_TOKENS))):
        lengths = rng.integers(1, 2 * SENTENCE_TOKENS, BLOCK_SENTENCES)
        ranks = np.searchsorted(frequencies, rng.random(lengths.sum()) * frequencies[-1]).tolist()
        ends = np.cumsum(lengths).tolist()
        lines = (
            " ".join([words[rank] for rank in ranks[start:end]])
            for start, end in zip([0, *ends[:-1]], ends, strict=True)
        )
        with (folder / f"{block // FILE_BLOCKS:03d}.txt").open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)


def tree_memory_mb(process: psutil.Process) -> float:
    """Proportional set size of a process and all below it: pages that several share are counted once."""
    total = 0
    for member in [process, *process.children(recursive=True)]:
        try:
            total += member.memory_full_info().pss
        except psutil.Error:  # it has just ended
            continue
    return total / 1e6


def measure(folder: Path, processes: int) -> dict[str, Any]:
    """Prepare the text in `folder` in a process of its own; speed and the curve of its memory."""
    (folder / "scratch").mkdir()
    arguments: tuple[Any, ...] = (folder, set(), folder / "out", PARAMS, 1, folder / "scratch", processes)
    worker = multiprocessing.get_context("spawn").Process(target=prepare, args=arguments)
    curve: list[tuple[float, float]] = []
    start = time.perf_counter()
    worker.start()

    def sample() -> None:
        while worker.is_alive():
            curve.append((round(time.perf_counter() - start, 1), round(tree_memory_mb(psutil.Process(worker.pid)), 1)))
            time.sleep(0.5)

    sampler = threading.Thread(target=sample)
    sampler.start()
    worker.join()
    seconds = time.perf_counter() - start
    sampler.join()
    if worker.exitcode:
        raise RuntimeError(f"preparation ended with {worker.exitcode}")
    tokens = sum(len(np.load(path, mmap_mode="r")) for path in (folder / "out").glob("train-*.npy"))
    return {
        "tokens": tokens,
        "processes": processes,
        "seconds": round(seconds, 1),
        "tokens_per_second": round(tokens / seconds),
        "peak_mb": max(memory for _, memory in curve),
        "memory_curve": curve,
    }


@click.command()
@click.option("--millions", type=int, multiple=True, default=(10, 100), show_default=True, help="Tokens, in millions.")
@click.option("--processes", type=int, default=os.cpu_count(), show_default="all processors", help="At once.")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="Where the text goes, for the time.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the text.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where the results go (JSON).")
def main(millions: tuple[int, ...], processes: int, folder: Path | None, seed: int, out: Path) -> None:
    """Prepare generated text of each size; print and write tokens per second and the memory of the process tree."""
    results = []
    for size in millions:
        with TemporaryDirectory(dir=folder) as temporary:
            write_text(Path(temporary) / "lm", size * 10**6, seed)
            results.append(measure(Path(temporary), processes))
        shown = results[-1]
        click.echo(f"{size} M tokens: {shown['tokens_per_second']:,} tokens/s, peak {shown['peak_mb']:.0f} MB")
        write_json(out, results)


if __name__ == "__main__":
    main()
