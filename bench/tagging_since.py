"""The speed of tagging now against that of an earlier commit, with a pruned tagger of the published CoNLL-2000 size.

`python -m bench.tagging_since --out results/tagging_since.json` extracts that commit's code and lets both tag the same
sentences in turns: words a second of a loaded tagger, seconds of the whole command, requests a second of a server. The
tags of both sides and the largest difference of a score are compared, too.
"""

import http.client
import itertools
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import click
import numpy as np

from bench.conll_tagger import make_model, read_sentences
from bench.made_by import made_by
from bench.pretraining_since import extract
from ldnet.command_line import FILE, FOLDER, Command
from ldnet.files import write_json

SIZES = {"one sentence": 1, "1,000 sentences": 1000, "all": None}
CLIENTS = (1, 8)
START_SECONDS, SERVED_SECONDS, REQUEST_TEXTS = 180.0, 5.0, 10
PRECISIONS = ("float32", "int8")

# Run in either code: where modules have moved since, both places are tried.
TAG = """
import hashlib, json, sys, time
import numpy as np
try:
    from ldnet.model_folder import load_model
except ImportError:
    from pipeline.serving.model_folder import load_model
model, text, precision, form, scores = sys.argv[1:]
lines = open(text, encoding="utf-8").read().splitlines()
model = load_model(model, precision)
sentences = [line.split() for line in lines]
if form == "tags":
    work = model.tag
else:
    def work(few):
        return [found.to_json() for found in model.annotate([" ".join(words) for words in few], tokenised=True)]
work(sentences[:100])
start, cpu = time.perf_counter(), time.process_time()
found = [each for first in range(0, len(sentences), 1000) for each in work(sentences[first:first + 1000])]
seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
words = sum(map(len, sentences))
tags = found if form == "tags" else [each["tags"] for each in found]
np.save(scores, model.bulk.emissions(sentences[:50])[0].numpy())
json.dump(tags, open(scores + ".json", "w"))
print(json.dumps({"words": words, "words_per_second": words / seconds, "words_per_cpu_second": words / cpu}))
"""
SAVE = """
import sys
from pathlib import Path
try:
    from ldnet.adapters.mlflow_model import save_mlflow_model
except ImportError:
    from pipeline.serving.pyfunc_model import save_mlflow_model
save_mlflow_model(Path(sys.argv[1]), Path(sys.argv[2]))
"""
COMMANDS = {"now": "ldnet", "before": "commands.ldnet"}
Codes = Mapping[str, Path]
Measured = dict[str, Any]


@click.command(cls=Command, examples=["python -m bench.tagging_since --out results/tagging_since.json"])
@click.option("--commit", default="6714923", show_default=True, help="The code to compare with.")
@click.option("--raw", type=FOLDER, default="data/raw/conll2000", show_default=True, help="CoNLL-2000.")
@click.option("--words", type=click.IntRange(1), default=1_000_000, show_default=True, help="How many are tagged.")
@click.option("--pairs", type=click.IntRange(1), default=3, show_default=True, help="Alternating runs of each side.")
@click.option("--out", type=FILE, default="results/tagging_since.json", show_default=True)
def main(commit: str, raw: Path, words: int, pairs: int, out: Path) -> None:
    """Let both codes tag in turns."""
    maker = made_by(out)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        codes = {"now": Path.cwd(), "before": extract(commit, scratch / "before")}
        sentences = read_sentences(raw / "train.txt")
        make_model(sentences, scratch / "model", scratch / "parts")
        texts = write_texts([" ".join(sentence.words) for sentence in sentences], words, scratch)
        result = {
            "against": commit,
            **maker,
            "pairs": pairs,
            "loaded": [
                {"form": form, "precision": precision, **loaded(codes, scratch, texts["all"], precision, form, pairs)}
                for form, precision in itertools.product(("tags", "spans"), PRECISIONS)
            ],
            "commands": {size: whole_commands(codes, scratch, text, pairs) for size, text in texts.items()},
            "served": served(codes, scratch, texts["1,000 sentences"], pairs),
        }
    write_json(out, result)
    click.echo(json.dumps(result, indent=1))


def write_texts(lines: Sequence[str], words: int, folder: Path) -> dict[str, Path]:
    """Texts of each of SIZES, the last one of about so many words, from the first line again after the last."""
    texts = {}
    for number, (name, size) in enumerate(SIZES.items()):
        taken: list[str] = []
        count = 0
        for line in itertools.cycle(lines):
            if count >= words or len(taken) == size:
                break
            taken.append(line)
            count += line.count(" ") + 1
        texts[name] = folder / f"{number}.txt"
        texts[name].write_text("\n".join([*taken, ""]), encoding="utf-8")
    return texts


def in_turns(codes: Codes, pairs: int, run: Callable[[str], Measured]) -> dict[str, Any]:
    """The medians of all that `run` measures of each side, and of the ratios of the pairs; and all runs."""
    runs = [{side: run(side) for side in codes} for _ in range(pairs)]
    keys = list(runs[0]["now"])
    sides = {side: {key: _rounded(median(pair[side][key] for pair in runs)) for key in keys} for side in codes}
    ratios = {key: round(median(pair["now"][key] / pair["before"][key] for pair in runs), 3) for key in keys}
    return {**sides, "ratio": ratios, "runs": runs}


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def loaded(codes: Codes, folder: Path, text: Path, precision: str, form: str, pairs: int) -> Measured:
    """Words a second of a tagger that is loaded, and how its output differs from the other side's."""

    def run(side: str) -> Measured:
        arguments = [str(folder / "model"), str(text), precision, form, str(folder / f"{side}.npy")]
        return dict(json.loads(_python(codes[side], "-c", TAG, *arguments).splitlines()[-1]))

    measured = in_turns(codes, pairs, run)
    scores = [np.load(folder / f"{side}.npy") for side in codes]
    now, before = (json.loads((folder / f"{side}.npy.json").read_text(encoding="utf-8")) for side in codes)
    differing = sum(
        ours != theirs
        for of_now, of_before in zip(now, before, strict=True)
        for ours, theirs in zip(of_now, of_before, strict=True)
    )
    return {
        **measured,
        "largest_score_difference": float(f"{np.abs(scores[0] - scores[1]).max():.2g}"),
        "tags_that_differ": differing,
        "tags": sum(map(len, now)),
    }


def whole_commands(codes: Codes, folder: Path, text: Path, pairs: int) -> Measured:
    """Seconds of `ldnet tag` with raw text, its start included."""

    def run(side: str) -> Measured:
        start = time.perf_counter()
        _python(codes[side], "-m", COMMANDS[side], "tag", str(folder / "model"), str(text))
        return {"seconds": time.perf_counter() - start}

    return in_turns(codes, pairs, run)


def served(codes: Codes, folder: Path, text: Path, pairs: int) -> list[Measured]:
    """Requests a second, and the milliseconds of a request, of `mlflow models serve` with 1 and with 8 clients."""
    lines = text.read_text(encoding="utf-8").splitlines()
    bodies = [
        json.dumps({"inputs": lines[first : first + REQUEST_TEXTS]}).encode()
        for first in range(0, len(lines) - REQUEST_TEXTS, REQUEST_TEXTS)
    ]
    with server(codes["now"], folder, "now") as now, server(codes["before"], folder, "before") as before:
        ports = {"now": now, "before": before}
        return [
            {
                "clients": clients,
                "texts_a_request": REQUEST_TEXTS,
                **in_turns(codes, pairs, lambda side, clients=clients: ask(ports[side], bodies, clients)),  # type: ignore[misc]
            }
            for clients in CLIENTS
        ]


@contextmanager
def server(code: Path, folder: Path, side: str) -> Iterator[int]:
    """The port at which the code serves the model."""
    _python(code, "-c", SAVE, str(folder / "model"), str(folder / f"mlflow-{side}"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(folder / f"mlflow-{side}")]
    process = subprocess.Popen(
        [*command, "--env-manager", "local", "-h", "127.0.0.1", "-p", str(port)],
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": ""},
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(port):
            assert process.poll() is None and time.monotonic() < deadline, "the server did not start"
            time.sleep(0.5)
        yield port
    finally:
        os.killpg(process.pid, 15)
        process.wait()


def _answers(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/ping")
        return connection.getresponse().status == 200
    except OSError:
        return False


def ask(port: int, bodies: Sequence[bytes], clients: int) -> Measured:
    """Let so many clients ask without a pause for SERVED_SECONDS, after a second that warms up.

    Raises OSError where the server does not answer one of them, and AssertionError where it refuses.
    """
    times: list[float] = []
    start = time.monotonic() + 1.0

    def client(number: int) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            for body in itertools.islice(itertools.cycle(bodies), number * 7, None):
                began = time.monotonic()
                if began > start + SERVED_SECONDS:
                    return
                connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                content = response.read()
                assert response.status == 200, content
                if began >= start:
                    times.append(time.monotonic() - began)

    with ThreadPoolExecutor(clients) as pool:
        asking = [pool.submit(client, number) for number in range(clients)]
    for each in asking:
        each.result()
    half, most = np.percentile(times, (50, 99))
    return {"requests_per_second": len(times) / SERVED_SECONDS, "p50_ms": 1000 * half, "p99_ms": 1000 * most}


def _python(code: Path, *arguments: str) -> str:
    """What Python prints that is run in the folder `code`."""
    environment = {**os.environ, "PYTHONPATH": str(code)}
    run = subprocess.run(
        [sys.executable, *arguments], cwd=code, env=environment, check=True, capture_output=True, text=True
    )
    return run.stdout


if __name__ == "__main__":
    main()
