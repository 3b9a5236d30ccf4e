"""The speed of pretraining now against that of an earlier commit, in tokens per CPU-second, and their losses.

`python -m bench.pretraining_since --out results/pretraining_since.json` extracts that commit's code and lets both train
in turns on the same encoded corpus, from the same weights, one thread each. Small vocabularies are made from a large
one: rarer words are read as unknown.
"""

import io
import itertools
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import click
import numpy as np

from bench.made_by import made_by
from ldnet.command_line import FILE, FOLDER, Command
from ldnet.errors import InputError
from ldnet.files import write_json

COMMON = {"layers": 10, "embedding": 100, "projection": 300, "dropout": 0.01, "layer_dropout": 0.5, "streams": 64}
COMMON |= {"steps": 20, "epochs": 1, "learning_rate": 0.008, "warmup_steps": 300, "clip_norm": 5.0}
TODAY = {"words": 52_000, "cutoffs": [1500, 6000, 20000]}  # the vocabulary of 8.75 million tokens
LARGE = {"words": 153_000, "cutoffs": [1500, 6000, 20000]}  # of 95 million
PRECISIONS = ("float32", "bfloat16")
SIZES = [{"units": units, **vocabulary} for vocabulary in (TODAY, LARGE) for units in (100, 200)]

# Runs in either code: where modules have moved since, both places are tried.
TRAIN = """
import json, sys, time
import numpy as np, torch
try:
    from pipeline.data.corpus import Corpus
    from pipeline.language_model.pretraining import configure, pretrain
except ImportError:
    from pipeline.pretraining.encoded_corpus import Corpus
    from pipeline.pretraining.lm_training import configure, pretrain
from pipeline.language_model.model import LanguageModel
from pipeline.params import LMParams
shard, words, values = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
if "tokens" in LMParams.__annotations__:  # a dataclass or a pydantic model
    values["tokens"] = 0
params = LMParams(**values)
torch.set_num_threads(1)
torch.manual_seed(1)
ids = np.load(shard)
corpus = Corpus([""] * words, [np.where(ids < words, ids, 0)], ids[:0], np.zeros((0, 0), np.float32))
model = LanguageModel(configure(params, words))
records = pretrain(model, corpus, params, 1, None, reverse=False, checkpoint_steps=10**9)
first = next(records)
start = time.process_time()
second = next(records)
seconds = time.process_time() - start
rate = (second["tokens"] - first["tokens"]) / seconds
print(json.dumps({"tokens_per_cpu_second": rate, "losses": [first["loss"], second["loss"]]}))
"""


@click.command(cls=Command, examples=["python -m bench.pretraining_since --out results/pretraining_since.json"])
@click.option("--commit", default="6714923", show_default=True, help="The code to compare with.")
@click.option("--corpus", type=FOLDER, default="work/corpus", show_default=True, help="Output of prepare_corpus.")
@click.option(
    "--precision",
    "precisions",
    type=click.Choice(PRECISIONS),
    multiple=True,
    default=PRECISIONS,
    show_default=True,
    help="Of both sides.",
)
@click.option("--pairs", type=click.IntRange(1), default=3, show_default=True, help="Alternating runs of each side.")
@click.option("--out", type=FILE, required=True, help="Where the comparison goes (JSON).")
def main(commit: str, corpus: Path, precisions: tuple[str, ...], pairs: int, out: Path) -> None:
    """Compare with an earlier commit at several sizes."""
    maker = made_by(out)
    shards = sorted(corpus.glob("train-*.npy"))
    with tempfile.TemporaryDirectory() as name:
        before = extract(commit, Path(name))
        rows = []
        for precision, size in itertools.product(precisions, SIZES):
            params = {**COMMON, **size, "precision": precision}
            rows.append({**size, "precision": precision, **compare(before, params, shards[0], pairs)})
            click.echo(json.dumps(rows[-1]))
    write_json(out, {"against": commit, **maker, "rows": rows})


def extract(commit: str, folder: Path) -> Path:
    """The files of a commit of this repository, in `folder`. Raises InputError where there is no such commit."""
    archive = subprocess.run(["git", "archive", commit], check=False, capture_output=True)
    if archive.returncode:
        said = archive.stderr.decode(errors="replace").partition("\n")[0]
        raise InputError(f"--commit {commit}: no such commit ({said})")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(folder, filter="data")
    return folder


def compare(before: Path, params: Mapping[str, Any], shard: Path, pairs: int) -> dict[str, Any]:
    """Medians of both rates, and of the ratios of the pairs."""
    runs = [(train(Path.cwd(), params, shard), train(before, params, shard)) for _ in range(pairs)]
    rates = np.array([[side["tokens_per_cpu_second"] for side in run] for run in runs])
    return {
        "now": round(float(median(rates[:, 0]))),
        "before": round(float(median(rates[:, 1]))),
        "ratio": round(float(median(rates[:, 0] / rates[:, 1])), 3),
        "losses_now": runs[0][0]["losses"],
        "losses_before": runs[0][1]["losses"],
    }


def train(code: Path, params: Mapping[str, Any], shard: Path) -> dict[str, Any]:
    """What `TRAIN` prints, run in the folder `code`."""
    settings = {key: value for key, value in params.items() if key != "words"}
    run = subprocess.run(
        [sys.executable, "-c", TRAIN, str(shard.resolve()), str(params["words"]), json.dumps(settings)],
        cwd=code,
        env={**os.environ, "PYTHONPATH": str(code)},
        check=True,
        capture_output=True,
        text=True,
    )
    measured: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return measured


if __name__ == "__main__":
    main()
