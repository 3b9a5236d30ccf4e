"""One process against two on the same global batch: the losses of `stages.pretrain_lm`, written as JSON.

`python -m bench.two_processes --out two_processes.json` compares on a generated toy corpus, or on an encoded one with
`--corpus work/corpus`; the language model is that of params.yaml. Without dropout the two differ by rounding alone;
with it, each process draws for its own streams, so their curves agree as two seeds would.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
import yaml
from safetensors.torch import load_file

from bench.made_by import made_by
from ldnet.command_line import FILE, FOLDER, Command
from ldnet.files import write_json
from pipeline.params import load_params
from pipeline.yaml_text import read_yaml

TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
TOY_WORDS, TOY_TOKENS = 2000, 200_000


def write_toy_corpus(folder: Path) -> Path:
    """Text of two kinds of words in turn: drawn by Zipf's law, or determined by the word before."""
    rng = np.random.default_rng(1)
    zipf = 1 / np.arange(1, TOY_WORDS + 1)
    ids = rng.choice(TOY_WORDS, TOY_TOKENS, p=zipf / zipf.sum()).astype(np.int32)
    ids[1::2] = rng.permutation(TOY_WORDS)[ids[::2]]
    folder.mkdir()
    np.save(folder / "train-000.npy", ids[10_000:])
    np.save(folder / "heldout.npy", ids[:10_000])
    np.save(folder / "vectors.npy", np.zeros((0, 0), dtype=np.float32))
    (folder / "vocabulary.json").write_text(json.dumps([str(word) for word in range(TOY_WORDS)]), encoding="utf-8")
    return folder


def train(params: dict[str, Any], corpus: Path, processes: int, folder: Path) -> dict[str, Any]:
    """Run the stage in `folder`; its losses at each point of the curve, held-out perplexity and weights."""
    folder.mkdir()
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    inputs: list[str | Path] = ["--params", folder / "params.yaml", "--direction", "forward", "--corpus", corpus]
    outputs: list[str | Path] = [
        "--out",
        folder / "lm",
        "--metrics",
        folder / "metrics.json",
        "--curve",
        folder / "curve.csv",
    ]
    start = time.monotonic()
    subprocess.run(
        [sys.executable, *(TORCHRUN if processes > 1 else []), "-m", "stages.pretrain_lm", *inputs, *outputs],
        env={**os.environ, "DVC_ROOT": str(folder.parent)},  # tracking and checkpoints go to the temporary folder
        check=True,
    )
    with (folder / "curve.csv").open(encoding="utf-8") as file:
        losses = {int(row["step"]): float(row["loss"]) for row in csv.DictReader(file)}
    perplexity = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))["heldout_perplexity"]
    weights = load_file(folder / "lm" / "weights.safetensors")
    seconds = time.monotonic() - start
    return {"losses": losses, "heldout_perplexity": perplexity, "weights": weights, "seconds": round(seconds, 1)}


def compare(params: dict[str, Any], corpus: Path, folder: Path) -> dict[str, Any]:
    """Train in one and in two processes; both curves and how far apart they and the weights end."""
    folder.mkdir()
    one, two = (train(params, corpus, processes, folder / str(processes)) for processes in (1, 2))
    weights = [(one["weights"][name] - two["weights"][name]).abs().max().item() for name in one["weights"]]
    losses = [abs(one["losses"][step] - two["losses"][step]) for step in one["losses"]]
    results = [{key: run[key] for key in ("losses", "heldout_perplexity", "seconds")} for run in (one, two)]
    differences = {"largest_loss_difference": max(losses), "largest_weight_difference": max(weights)}
    return {"one_process": results[0], "two_processes": results[1], **differences}


@click.command(cls=Command, examples=["python -m bench.two_processes --out two_processes.json"])
@click.option("--params", "params_path", type=FILE, default="params.yaml", show_default=True)
@click.option("--corpus", type=FOLDER, help="Encoded corpus; default: a generated toy corpus.")
@click.option("--out", type=FILE, required=True, help="Where the comparison goes (JSON).")
def main(params_path: Path, corpus: Path | None, out: Path) -> None:
    """Compare the losses of one process and of two, without ordinary dropout and with it."""
    maker = made_by(out)
    dropout = load_params(params_path).pretrain_lm.dropout
    params = read_yaml(params_path)
    compared = {}
    with tempfile.TemporaryDirectory() as name:
        text = corpus or write_toy_corpus(Path(name) / "corpus")
        for key, rate in {"without_dropout": 0.0, "with_dropout": dropout}.items():
            params["pretrain_lm"]["dropout"] = rate
            compared[key] = {"dropout": rate, **compare(params, text, Path(name) / key)}
    write_json(out, {**maker, **compared})


if __name__ == "__main__":
    main()
