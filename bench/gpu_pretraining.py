"""Pretraining on one GPU: is it right, how fast is it, does it resume; then both directions in the time that is given.

`check` takes two minutes. `train` makes one direction; two of them side by side fill a GPU. Weights are written as
float16 in files of a few megabytes, to be brought from the machine with the GPU; `join` makes a language model of them.
"""

import json
import math
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import click
import torch
from safetensors.torch import load_file, save_file

from ldnet.command_line import FILE, FOLDER
from ldnet.errors import InputError
from ldnet.files import read_json, write_json
from pipeline.execution.reproducible import set_up
from pipeline.language_model.model import LanguageModel, save_language_model
from pipeline.params import LMParams, load_params
from pipeline.pretraining import data_parallel
from pipeline.pretraining.data_parallel import ALONE, Workers
from pipeline.pretraining.encoded_corpus import Corpus, load
from pipeline.pretraining.lm_training import RECORD_STEPS, Record, configure, embed_vectors, perplexity, pretrain

SIZES = ((100, 256), (300, 256), (300, 512), (200, 512))  # units, streams
TIMED_STEPS, WARM_UP_STEPS = 100, 50
FILE_BYTES = 16_500_000
NEVER = 10**9


@click.group()
def main() -> None:
    """Pretraining on one GPU."""


@main.command()
@click.option("--params", "params_path", type=FILE, default="params.yaml", show_default=True)
@click.option("--corpus", "corpus_folder", type=FOLDER, default="work/corpus", show_default=True)
@click.option("--out", type=FILE, required=True, help="Where the measurements go (JSON).")
def check(params_path: Path, corpus_folder: Path, out: Path) -> None:
    """Losses against the CPU's, resumption, and tokens a second at several sizes."""
    params = load_params(params_path)
    set_up(params.seed, 8)
    workers, corpus = data_parallel.join(), load(corpus_folder)
    found: dict[str, object] = {"torch": torch.__version__, "device": _name(workers)}
    found["against_cpu"] = _against_cpu(params.pretrain_lm, corpus, workers)
    found["resumption"] = _resumption(params.pretrain_lm, corpus, workers, out.parent)
    click.echo(str(found))
    rates = []
    for units, streams in SIZES:
        lm = params.pretrain_lm.model_copy(update={"units": units, "streams": streams, "precision": "bfloat16"})
        rates.append({"units": units, "streams": streams, "tokens_per_second": round(_rate(lm, corpus, workers))})
        click.echo(str(rates[-1]))
        write_json(out, {**found, "rates": rates})


@main.command()
@click.option("--params", "params_path", type=FILE, default="params.yaml", show_default=True)
@click.option("--corpus", "corpus_folder", type=FOLDER, default="work/corpus", show_default=True)
@click.option("--direction", type=click.Choice(["forward", "backward"]), required=True)
@click.option("--seconds", type=float, required=True, help="About how long it may train.")
@click.option("--out", type=FOLDER, required=True, help="Weights and measurements.")
def train(
    params_path: Path,
    corpus_folder: Path,
    direction: str,
    seconds: float,
    out: Path,
) -> None:
    """One direction, on the whole corpus, with more streams if the time asks for them."""
    began = time.monotonic()
    params = load_params(params_path)
    set_up(params.seed, 1)
    workers, corpus, lm = data_parallel.join(), load(corpus_folder), params.pretrain_lm
    out.mkdir(parents=True, exist_ok=True)
    lm = _with_streams_enough(lm, corpus, workers, began + seconds)
    set_up(params.seed, 1)
    model = _make_model(lm, corpus, workers)
    records: list[Record] = []
    reverse = direction == "backward"
    for record in pretrain(
        model, corpus, lm, params.seed, None, reverse=reverse, checkpoint_steps=NEVER, workers=workers
    ):
        records.append(record)
        if record["step"] % 500 == 0:
            click.echo(f"{direction}: {record} after {time.monotonic() - began:.0f} s")
        if time.monotonic() > began + 1.1 * seconds:  # slower than it was measured: better an early end than none
            break
    trained = time.monotonic() - began
    _write_weights(model, out / "final")
    write_json(out / "curve.json", records)
    measured = {
        "direction": direction,
        "device": _name(workers),
        "torch": torch.__version__,
        "tokens": int(records[-1]["tokens"]),
        "seconds": round(trained, 1),
        "heldout_perplexity": round(perplexity(model, corpus.heldout, reverse=reverse), 4),
        "params": lm.model_dump(),
    }
    write_json(out / "measured.json", measured)
    click.echo(json.dumps(measured))


@main.command()
@click.option("--parts", type=FOLDER, required=True, help="A folder that `train` wrote, OUT/final.")
@click.option("--corpus", "corpus_folder", type=FOLDER, default="work/corpus", show_default=True)
@click.option("--out", type=FOLDER, required=True, help="Where the language model goes, as pretrain_lm writes it.")
def join(parts: Path, corpus_folder: Path, out: Path) -> None:
    """Make a language model of what `train` wrote."""
    corpus = load(corpus_folder)
    measured = read_json(parts.parent / "measured.json")
    model = LanguageModel(configure(LMParams(**measured["params"]), len(corpus.vocabulary)))
    weights = torch.cat([load_file(str(path))["part"] for path in sorted(parts.glob("part-*.safetensors"))])
    state = model.state_dict()
    sizes = [tensor.numel() for tensor in state.values()]
    if len(weights) != sum(sizes):
        raise InputError(f"{parts}: {len(weights)} weights, but this language model has {sum(sizes)}")
    for tensor, values in zip(state.values(), torch.split(weights, sizes), strict=True):
        tensor.copy_(values.view_as(tensor))
    save_language_model(model, corpus.vocabulary, out)


def _name(workers: Workers) -> str:
    return torch.cuda.get_device_name(workers.device) if workers.device.type == "cuda" else "CPU"


def _make_model(lm: LMParams, corpus: Corpus, workers: Workers) -> LanguageModel:
    model = LanguageModel(configure(lm, len(corpus.vocabulary)))
    embed_vectors(model, corpus.vectors)
    return model.to(workers.device)


def _training(
    lm: LMParams, corpus: Corpus, workers: Workers, checkpoint: Path | None = None, every: int = NEVER
) -> tuple[LanguageModel, Iterator[Record]]:
    torch.manual_seed(1)
    model = _make_model(lm, corpus, workers)
    return model, pretrain(model, corpus, lm, 1, checkpoint, reverse=False, checkpoint_steps=every, workers=workers)


def _against_cpu(lm: LMParams, corpus: Corpus, workers: Workers) -> dict[str, float]:
    """Mean losses of the first steps in float32 without ordinary dropout, whose draws differ between devices."""
    lm = lm.model_copy(
        update={"units": 100, "streams": 64, "precision": "float32", "dropout": 0.0, "warmup_steps": 100}
    )
    losses = [next(_training(lm, corpus, on)[1])["loss"] for on in (ALONE, workers)]
    return {"cpu": losses[0], "device": losses[1]}


def _resumption(lm: LMParams, corpus: Corpus, workers: Workers, scratch: Path) -> dict[str, bool]:
    """Whether a training that is stopped at a checkpoint ends with the same weights."""
    lm = lm.model_copy(update={"units": 100, "streams": 64, "epochs": 1, "precision": "bfloat16"})
    corpus = replace(corpus, shards=[corpus.shards[0][: 64 * 20 * 151]])
    whole, records = _training(lm, corpus, workers)
    deque(records, maxlen=0)
    checkpoint = scratch / "checkpoint"
    _, records = _training(lm, corpus, workers, checkpoint, 70)
    deque(islice(records, 2), maxlen=0)
    records.close()  # type: ignore[attr-defined]
    resumed, records = _training(lm, corpus, workers, checkpoint, NEVER)
    deque(records, maxlen=0)
    checkpoint.unlink()
    pairs = zip(whole.parameters(), resumed.parameters(), strict=True)
    return {"same_bits": all(torch.equal(left, right) for left, right in pairs)}


def _rate(lm: LMParams, corpus: Corpus, workers: Workers) -> float:
    """Tokens a second, after a few steps."""
    _, records = _training(lm, corpus, workers)
    deque(islice(records, WARM_UP_STEPS // RECORD_STEPS), maxlen=0)
    began = time.monotonic()
    deque(islice(records, TIMED_STEPS // RECORD_STEPS), maxlen=0)  # a record waits for its losses
    return TIMED_STEPS * lm.streams * lm.steps / (time.monotonic() - began)


def _with_streams_enough(lm: LMParams, corpus: Corpus, workers: Workers, end: float) -> LMParams:
    """With as few streams, a multiple of those asked for, as let the whole corpus be read by `end` (monotonic time).

    A step of small layers takes as long with twice the streams, since the GPU waits for the next small product. The
    learning rate grows with the square root of the streams.
    """
    rate = _rate(lm, corpus, workers)
    needed = lm.epochs * sum(map(len, corpus.shards)) / (end - time.monotonic())
    streams = lm.streams // 4 * max(4, math.ceil(4 * needed / rate))
    learning_rate = lm.learning_rate * (streams / lm.streams) ** 0.5
    click.echo(f"{lm.units} units: {rate:,.0f} tokens/s; {needed:,.0f} needed: {streams} streams")
    return lm.model_copy(update={"streams": streams, "learning_rate": learning_rate})


def _write_weights(model: LanguageModel, folder: Path) -> None:
    """The weights as float16, one after the other, in files of at most FILE_BYTES."""
    flat = torch.cat([tensor.detach().half().cpu().flatten() for tensor in model.state_dict().values()])
    folder.mkdir(parents=True, exist_ok=True)
    for number, part in enumerate(torch.split(flat, FILE_BYTES // 2)):
        save_file({"part": part.clone()}, str(folder / f"part-{number:02d}.safetensors"))


if __name__ == "__main__":
    main()
