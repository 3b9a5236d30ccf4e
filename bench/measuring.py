"""Alternating measurements: product and baseline in processes of their own, one working while the other waits."""

import multiprocessing
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Any

import click
import torch

from bench.checks import Check
from bench.rows import DIFFERENCE_LIMIT, Row, Side, Work
from ldnet.errors import InputError
from pipeline.execution.reproducible import set_up

SPAWN = multiprocessing.get_context("spawn")
GEMM_SIZE, GEMM_SECONDS = 3072, 0.5
CORES = 2


class Racers:
    """The processes of one side, which start to work together."""

    def __init__(self, side: Side, folder: Path, *, product: bool):
        self.side = side
        self.members = [SPAWN.Pipe() for _ in range(side.processes)]
        self.processes = [
            SPAWN.Process(target=serve, args=(theirs, side.build, folder, side.threads, product))
            for _, theirs in self.members
        ]
        for process, (_, theirs) in zip(self.processes, self.members, strict=True):
            process.start()
            theirs.close()  # so that the end of the process is noticed here
        self._answers()

    def __enter__(self) -> "Racers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for ours, _ in self.members:
            ours.close()
        for process in self.processes:
            process.join()

    def rate(self, amount: int) -> float:
        """Units a second of all processes together, from the start to the end of the last one."""
        start = time.perf_counter()
        for ours, _ in self.members:
            ours.send(amount)
        units = sum(self._answers())
        return units / (time.perf_counter() - start)

    def amount_for(self, seconds: float) -> int:
        """How much work takes about so long, after a first run that warms up."""
        smallest = self.side.smallest
        self.rate(smallest)
        start = time.perf_counter()
        self.rate(smallest)
        return smallest * max(1, round(seconds / (time.perf_counter() - start)))

    def _answers(self) -> list[int]:
        try:
            return [ours.recv() for ours, _ in self.members]
        except EOFError:
            raise InputError("a measuring process ended early; its error is above") from None


def serve(requests: Connection, build: Callable[[Path], Work], folder: Path, threads: int, product: bool) -> None:
    """Run in a process: load, then do as much work as each request says and answer with the units done."""
    os.environ["TQDM_DISABLE"] = "1"
    if product:
        set_up(1, threads)  # as the product's stages do
    else:
        torch.manual_seed(1)
        torch.set_num_threads(threads)
    work = build(folder)
    requests.send(0)
    while True:
        try:
            amount = requests.recv()
        except EOFError:
            return
        requests.send(work(amount))


def gemm(precision: str, folder: Path) -> Work:
    """Large matrix products for so many milliseconds, to floating-point operations; `folder` is not read."""
    left, right = (torch.randn(GEMM_SIZE, GEMM_SIZE, dtype=getattr(torch, precision)) for _ in range(2))

    def work(milliseconds: int) -> int:
        end = time.perf_counter() + milliseconds / 1000
        done = 0
        while time.perf_counter() < end:
            torch.mm(left, right)
            done += 2 * GEMM_SIZE**3
        return done

    return work


def measure(row: Row, folder: Path, pairs: int, seconds: float) -> dict[str, Any]:
    """Check that both sides compute the same, then let them run in turns; the row of results."""
    check = in_own_process(row.check, folder)
    _refuse_difference(row, check)
    with ExitStack() as stack:
        sides = {"product": stack.enter_context(Racers(row.product, folder, product=True))}
        if row.baseline:
            sides["baseline"] = stack.enter_context(Racers(row.baseline, folder, product=False))
        amounts = {name: racers.amount_for(seconds) for name, racers in sides.items()}
        if check.operations:
            for precision in dict.fromkeys(("float32", row.precision)):
                side = Side(partial(gemm, precision), 1)
                sides[f"gemm_{precision}"] = stack.enter_context(Racers(side, folder, product=False))
                amounts[f"gemm_{precision}"] = round(1000 * GEMM_SECONDS)
        runs: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(pairs):
            for name, racers in sides.items():
                runs[name].append(racers.rate(amounts[name]))
    return summarise(row, check, runs)


def in_own_process(check: Callable[[Path], Check], folder: Path) -> Check:
    """What `check` gives, computed where its memory ends with it."""
    with SPAWN.Pool(1, initializer=torch.set_num_threads, initargs=(CORES,)) as pool:
        return pool.apply(check, (folder,))


def _refuse_difference(row: Row, check: Check) -> None:
    if check.difference is None:
        return
    click.echo(f"{row.name}: largest difference of outputs {check.difference:.1e}")
    if row.precision == "float32" and not check.difference <= DIFFERENCE_LIMIT:
        raise InputError(
            f"{row.name}: outputs of product and baseline differ by {check.difference:.1e}, "
            f"expected at most {DIFFERENCE_LIMIT:.0e}"
        )


def summarise(row: Row, check: Check, runs: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """Medians of the rates, and of the ratios pair by pair."""
    product = median(runs["product"])
    result: dict[str, Any] = {
        "name": row.name,
        "what": row.what,
        "unit": row.unit,
        "goal": row.goal,
        "how": row.how,
        "runs": len(runs["product"]),
        "product": round(product, 1),
        "baseline": None,
        "ratio": None,
        "largest_difference": check.difference,
    }
    if "baseline" in runs:
        result["baseline"] = round(median(runs["baseline"]), 1)
        result["ratio"] = round(_median_ratio(runs["product"], runs["baseline"]), 3)
    if check.operations:
        result["gflops"] = round(product * check.operations / 1e9, 1)
        for name in runs:
            if name.startswith("gemm_"):
                achieved = [rate * check.operations for rate in runs["product"]]
                result[f"{name}_gflops"] = round(median(runs[name]) / 1e9, 1)
                result[f"share_of_{name}"] = round(_median_ratio(achieved, runs[name]), 3)
        if check.executed:
            result["gflops_executed"] = round(product * check.executed / 1e9, 1)
    return result


def _median_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> float:
    return median(a / b for a, b in zip(numerators, denominators, strict=True))
