"""Whether a served model's memory stays flat: `python -m bench.serving_memory --out results/serving_memory.json`.

Clients send requests of mixed sizes and kinds without a pause, also ones that are refused and the largest that are
allowed, while the memory of the server's processes is noted. A line is fitted to what is noted after a tenth of them.
"""

import http.client
import json
import random
import shutil
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import click
import numpy as np
import psutil

from bench.made_by import made_by
from bench.tagging_since import server
from ldnet.command_line import FILE, MODEL, Command, echo
from ldnet.files import write_json
from ldnet.locate_model import located

ROOT = Path(__file__).parents[1]
NOTE_SECONDS = 0.5  # between two looks at the memory
WARM_SHARE = 0.1  # of the requests, before which memory is not looked at
NORMAL = 1.96  # standard errors on either side of 95 percent
LARGEST_TEXTS, LARGEST_CHARACTERS = 50, 20_000  # texts of the largest request, and how long each is: what is allowed
# How often each kind of request comes, of a thousand.
KINDS = {"one text": 500, "ten texts": 300, "spans of ten texts": 100, "refused": 98, "largest": 2}


@click.command(cls=Command, examples=["python -m bench.serving_memory --out results/serving_memory.json"])
@click.option("--model", type=MODEL, default="demo", show_default=True)
@click.option("--requests", type=click.IntRange(100), default=10_000, show_default=True)
@click.option("--clients", type=click.IntRange(1), default=8, show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--out", type=FILE, required=True, help="Where the numbers go (JSON).")
def main(model: str, requests: int, clients: int, seed: int, out: Path) -> None:
    """Serve the model, ask, and measure."""
    maker = made_by(out)
    with tempfile.TemporaryDirectory() as name, located(model) as found:
        folder = Path(name)
        shutil.copytree(found, folder / "model")
        with server(ROOT, folder, "now") as port:
            load = Load(port, list(islice(mixed(random.Random(seed)), requests)))
            load.run(clients)
    document: dict[str, Any] = {
        "model": model,
        "requests": requests,
        "clients": clients,
        "seed": seed,
        **load.measured(),
    }
    write_json(out, {**document, **maker})
    echo(json.dumps(document))


@dataclass
class Load:
    """Requests to the server at a port, by several clients, and what was noted meanwhile."""

    port: int
    requests: Sequence[tuple[str, bytes]]
    milliseconds: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    statuses: Counter[str] = field(default_factory=Counter)
    notes: list[tuple[int, float]] = field(default_factory=list)  # requests answered, and megabytes then
    seconds: float = 0.0

    def run(self, clients: int) -> None:
        """Send all requests. Raises OSError where the server does not answer a client; the others then stop, too."""
        left = deque(self.requests)
        taking, begun = threading.Lock(), time.monotonic()

        def client() -> None:
            with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)) as connection:
                while True:
                    with taking:
                        if not left:
                            return
                        kind, body = left.popleft()
                    start = time.monotonic()
                    connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
                    response = connection.getresponse()
                    response.read()
                    with taking:
                        self.milliseconds[kind].append(1000 * (time.monotonic() - start))
                        self.statuses[f"{kind}: {response.status}"] += 1

        processes = serving_processes(self.port)
        with ThreadPoolExecutor(clients) as pool:
            asking = {pool.submit(client) for _ in range(clients)}
            try:
                while asking:
                    memory = sum(process.memory_info().rss for process in processes)
                    self.notes.append((self.statuses.total(), memory / 1e6))
                    done, asking = wait(asking, NOTE_SECONDS, FIRST_EXCEPTION)
                    for each in done:
                        each.result()
            finally:
                with taking:
                    left.clear()
        self.seconds = time.monotonic() - begun

    def measured(self) -> dict[str, Any]:
        """Memory as a line over the requests, and how long answers took, by kind."""
        warm = WARM_SHARE * len(self.requests)
        counts, megabytes = (
            np.array(values) for values in zip(*[note for note in self.notes if note[0] >= warm], strict=True)
        )
        slope, error = fitted_slope(counts, megabytes)
        times = {
            kind: {"p50_ms": round(float(np.median(of)), 1), "p99_ms": round(float(np.percentile(of, 99)), 1)}
            for kind, of in self.milliseconds.items()
            if of
        }
        return {
            "megabytes_first": round(float(megabytes[0]), 1),
            "megabytes_last": round(float(megabytes[-1]), 1),
            "megabytes_most": round(float(max(megabytes for _, megabytes in self.notes)), 1),
            "megabytes_per_1000_requests": round(1000 * slope, 3),
            "interval_95": [round(1000 * (slope + side * NORMAL * error), 3) for side in (-1, 1)],
            "notes": len(counts),
            "requests_per_second": round(len(self.requests) / self.seconds, 1),
            "statuses": dict(sorted(self.statuses.items())),
            "times": times,
        }


def mixed(rng: random.Random) -> Any:
    """Requests without end: a kind and a body."""
    words = ["Gaifert", "launched", "its", "Loujairt", "car", ",", "in", "Paris", "on", "Monday", "."]

    def text() -> str:
        return " ".join(rng.choices(words, k=rng.randint(1, 60)))

    refused: list[bytes] = [
        b"{",
        b'{"inputs": [null]}',
        b'{"inputs": [5]}',
        json.dumps({"inputs": ["a"] * 1001}).encode(),
    ]
    long = ("word " * LARGEST_CHARACTERS)[:LARGEST_CHARACTERS]
    while True:
        kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
        body: Mapping[str, Any] = {"inputs": [text() for _ in range(1 if kind == "one text" else 10)]}
        if kind == "spans of ten texts":
            frame = {"columns": ["text"], "data": [[line] for line in body["inputs"]]}
            body = {"dataframe_split": frame, "params": {"format": "spans"}}
        if kind == "largest":
            body = {"inputs": [long] * LARGEST_TEXTS}
        yield kind, rng.choice(refused) if kind == "refused" else json.dumps(body).encode()


def serving_processes(port: int) -> list[psutil.Process]:
    """The process that listens at the port, those that share it, and their children."""
    owners = {
        connection.pid
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid
    }
    found = {process.pid: process for owner in owners for process in _family(owner)}
    return list(found.values())


def _family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def fitted_slope(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """The slope of the line of least squares, and its standard error.

    What is noted one after the other is alike, which makes the error too small; so residuals count as fewer than they
    are, by their correlation with the one before.
    """
    centred = x - x.mean()
    slope = float((centred * y).sum() / (centred**2).sum())
    residuals = y - y.mean() - slope * centred
    alike = float((residuals[1:] * residuals[:-1]).sum() / max((residuals**2).sum(), 1e-12))
    independent = max(3.0, len(x) * (1 - alike) / (1 + alike))
    variance = float((residuals**2).mean()) * independent / (independent - 2)
    return slope, float(np.sqrt(variance / (independent * (centred**2).mean())))


if __name__ == "__main__":
    main()
