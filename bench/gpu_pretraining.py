"""Pretraining on one GPU: is it right, how fast is it, does it resume; then both directions in the time that is given.

`check` compares losses. `train` trains both directions and writes their weights as float16 in files of a few megabytes.
`join` makes a language model of such files.
"""

import copy
import json
import time
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path

import click
import pandas as pd
import torch
from safetensors.torch import load_file, save_file

from bench.made_by import made_by
from ldnet.command_line import FILE, FOLDER, Command
from ldnet.commands.main import ExampleGroup
from ldnet.errors import InputError
from ldnet.files import read_json, write_json
from pipeline.execution.reproducible import set_up
from pipeline.gpu_pretraining import side_by_side
from pipeline.gpu_pretraining.side_by_side import Direction, shards_in_order
from pipeline.language_model.model import LanguageModel, parameter_count, save_language_model
from pipeline.params import LMParams, Params, load_params
from pipeline.pretraining import data_parallel
from pipeline.pretraining.encoded_corpus import Corpus, Ids, load
from pipeline.pretraining.lm_training import CurvePoint, configure, embed_vectors, learning_rate, perplexity, pretrain
from pipeline.pretraining.streams import steps_of_shard, training_batches

DIRECTIONS = ("forward", "backward")
STREAMS = (512, 768, 1024)  # tried, to see how much of the text would be read in the time given
TIMED_STEPS, WARM_UP_STEPS = 60, 10
CHECKED_STEPS = 50
FILE_BYTES = 16_500_000
NEVER = 10**9
CURVE = ["step", "tokens", "learning_rate", "loss", "perplexity"]  # as pretrain_lm has it


@click.group(cls=ExampleGroup, examples=["python -m bench.gpu_pretraining train --seconds 600 --out gpu"])
def main() -> None:
    """Pretraining on one GPU."""


@main.command(cls=Command, examples=["python -m bench.gpu_pretraining check --out gpu/check.json"])
@click.option("--params", "params_path", type=FILE, default="params.yaml", show_default=True)
@click.option("--corpus", "corpus_folder", type=FOLDER, default="work/corpus", show_default=True)
@click.option("--out", type=FILE, required=True, help="Where the measurements go (JSON).")
def check(params_path: Path, corpus_folder: Path, out: Path) -> None:
    """Losses of recorded steps against those of pretrain_lm, on the CPU and on the GPU, and a stopped training."""
    maker, params, corpus = made_by(out), load_params(params_path), load(corpus_folder)
    measured = {**losses_of_steps(params.pretrain_lm, corpus), **_resumption(params, corpus, out.parent)}
    write_json(out, {**maker, **measured})


@main.command(cls=Command, examples=["python -m bench.gpu_pretraining train --seconds 600 --out gpu"])
@click.option("--params", "params_path", type=FILE, default="params.yaml", show_default=True)
@click.option("--corpus", "corpus_folder", type=FOLDER, default="work/corpus", show_default=True)
@click.option("--seconds", type=float, required=True, help="How long to train.")
@click.option("--out", type=FOLDER, required=True, help="Weights and measurements.")
def train(params_path: Path, corpus_folder: Path, seconds: float, out: Path) -> None:
    """Both directions side by side, on as much of the corpus as the time allows."""
    params, corpus = load_params(params_path), load(corpus_folder)
    shards = shards_in_order(corpus.shards.__getitem__, len(corpus.shards), params.seed)
    train_both(params.pretrain_lm, corpus, shards, params.seed, seconds, out)


def train_both(lm: LMParams, corpus: Corpus, shards: Iterator[Ids], seed: int, seconds: float, out: Path) -> None:
    """Choose the number of streams, train, and write weights, curves and measurements of both directions.

    The rate of `lm` is that of its streams; it grows with the square root of the streams.
    """
    torch.manual_seed(seed)
    models = {name: _make_model(lm, corpus) for name in DIRECTIONS}
    rates = {}
    for streams in STREAMS:
        directions = _prepare(models, lm.model_copy(update={"streams": streams}), corpus)
        rates[streams] = _tokens_per_second(directions, lm.layers)
        click.echo(f"{streams} streams: {rates[streams]:,.0f} tokens/s, both directions together")
        del directions
        torch.cuda.empty_cache()
    chosen = max(rates, key=lambda streams: rates[streams] * (rates[streams] / streams) ** 0.5)  # tokens, then steps
    rate = lm.learning_rate * (chosen / lm.streams) ** 0.5
    lm = lm.model_copy(update={"streams": chosen, "learning_rate": rate})
    directions = _prepare(models, lm, corpus)
    began = time.monotonic()
    side_by_side.train(directions, shards, lm, seconds, click.echo)
    trained = time.monotonic() - began
    for name, direction in directions.items():
        _write_weights(models[name], out / name / "final")
        write_json(out / name / "curve.json", direction.curve)
        models[name].precision = torch.float32
        measured = {
            "direction": name,
            "device": torch.cuda.get_device_name(),
            "torch": torch.__version__,
            "tokens": int(direction.curve[-1]["tokens"]),
            "seconds": round(trained, 1),
            "tokens_per_second_by_streams": {str(streams): round(rate) for streams, rate in rates.items()},
            "heldout_perplexity": round(perplexity(models[name], corpus.heldout, reverse=direction.reverse), 4),
            "params": lm.model_dump(),
        }
        write_json(out / name / "measured.json", measured)
        click.echo(json.dumps(measured))


@main.command(
    cls=Command,
    examples=[
        "python -m bench.gpu_pretraining join --parts gpu/forward/final --out work/lm/forward "
        "--metrics metrics/pretrain_lm_forward.json --curve curves/pretrain_lm_forward.csv"
    ],
)
@click.option("--parts", type=FOLDER, required=True, help="A folder that `train` wrote, OUT/final.")
@click.option("--corpus", "corpus_folder", type=FOLDER, default="work/corpus", show_default=True)
@click.option("--out", type=FOLDER, required=True, help="Where the language model goes, as pretrain_lm writes it.")
@click.option("--metrics", type=FILE, required=True, help="Where the held-out perplexity goes (JSON).")
@click.option("--curve", type=FILE, required=True, help="Where the training curve goes (CSV).")
def join(parts: Path, corpus_folder: Path, out: Path, metrics: Path, curve: Path) -> None:
    """Make of what `train` wrote all that the stage pretrain_lm would have written."""
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
    heldout_perplexity = perplexity(model, corpus.heldout, reverse=measured["direction"] == "backward")
    write_json(
        metrics,
        {
            "heldout_perplexity": round(heldout_perplexity, 4),
            "tokens": measured["tokens"],
            "epochs": round(measured["tokens"] / sum(map(len, corpus.shards)), 2),
            "parameters": parameter_count(model),
        },
    )
    pd.DataFrame(read_json(parts.parent / "curve.json"))[CURVE].to_csv(curve, index=False)
    save_language_model(model, corpus.vocabulary, out)


def losses_of_steps(lm: LMParams, corpus: Corpus) -> dict[str, float]:
    """Mean losses of the first steps in float32 by `pretrain` on the CPU and by recorded steps on the GPU."""
    torch.backends.cudnn.allow_tf32 = False
    update = {"units": 100, "streams": 64, "precision": "float32", "dropout": 0.0, "layer_dropout": 0.0}
    lm = lm.model_copy(update={**update, "warmup_steps": 2 * CHECKED_STEPS})
    torch.manual_seed(1)
    model = LanguageModel(configure(lm, len(corpus.vocabulary)))
    recorded = copy.deepcopy(model).cuda()
    losses = {"cpu": next(pretrain(model, corpus, lm, 1, None, reverse=False, checkpoint_steps=NEVER))["loss"]}
    step = side_by_side.prepare(recorded, lm, corpus.shards[0], reverse=False).step
    batches = training_batches(
        corpus.shards, streams=lm.streams, steps=lm.steps, epochs=1, seed=1, reverse=False, skip=0
    )
    total = sum(steps_of_shard(shard, lm.streams, lm.steps) for shard in corpus.shards)
    for number, batch in enumerate(islice(batches, CHECKED_STEPS)):
        step.block[:-1].copy_(batch.tokens)
        step.block[1:].copy_(batch.targets)
        step.rate.fill_(learning_rate(number, total, lm.learning_rate, lm.warmup_steps))
        step.run()
    losses["recorded_steps"] = round(step.summed_loss.item() / CHECKED_STEPS, 5)
    torch.backends.cudnn.allow_tf32 = True
    click.echo(str(losses))
    return losses


def _make_model(lm: LMParams, corpus: Corpus) -> LanguageModel:
    model = LanguageModel(configure(lm, len(corpus.vocabulary)))
    embed_vectors(model, corpus.vectors)
    return model.cuda()


def _prepare(models: Mapping[str, LanguageModel], lm: LMParams, corpus: Corpus) -> dict[str, Direction]:
    return {
        name: side_by_side.prepare(model, lm, corpus.shards[0], reverse=name == "backward")
        for name, model in models.items()
    }


def _tokens_per_second(directions: Mapping[str, Direction], layers: int) -> float:
    """Of all directions together; the rate of learning is 0, so that weights stay as they are."""
    for count in (WARM_UP_STEPS, TIMED_STEPS):
        torch.cuda.synchronize()
        began = time.monotonic()
        for _ in range(count):
            for direction in directions.values():
                with torch.cuda.stream(direction.stream):
                    direction.step.visible.copy_(torch.rand(layers, device="cuda") >= 0.5)
                    direction.step.run()
        torch.cuda.synchronize()
    tokens = sum(direction.step.block[1:].numel() for direction in directions.values())
    return tokens * TIMED_STEPS / (time.monotonic() - began)


def _resumption(params: Params, corpus: Corpus, scratch: Path) -> dict[str, bool]:
    """Whether a training by pretrain_lm that is stopped at a checkpoint ends with the same weights."""
    set_up(params.seed, 8)
    workers = data_parallel.join()
    lm = params.pretrain_lm.model_copy(update={"units": 100, "streams": 64, "epochs": 1, "precision": "bfloat16"})
    corpus = replace(corpus, shards=[corpus.shards[0][: 64 * 20 * 151]])

    def training(checkpoint: Path | None, every: int) -> tuple[LanguageModel, Generator[CurvePoint]]:
        torch.manual_seed(1)
        model = _make_model(lm, corpus)
        records = pretrain(model, corpus, lm, 1, checkpoint, reverse=False, checkpoint_steps=every, workers=workers)
        return model, records  # type: ignore[return-value]

    whole, records = training(None, NEVER)
    deque(records, maxlen=0)
    checkpoint = scratch / "checkpoint"
    _, records = training(checkpoint, 70)
    deque(islice(records, 2), maxlen=0)
    records.close()
    resumed, records = training(checkpoint, NEVER)
    deque(records, maxlen=0)
    checkpoint.unlink()
    pairs = zip(whole.parameters(), resumed.parameters(), strict=True)
    return {"same_bits": all(torch.equal(left, right) for left, right in pairs)}


def _write_weights(model: LanguageModel, folder: Path) -> None:
    """The weights as float16, one after the other, in files of at most FILE_BYTES."""
    flat = torch.cat([tensor.detach().half().cpu().flatten() for tensor in model.state_dict().values()])
    folder.mkdir(parents=True, exist_ok=True)
    for number, part in enumerate(torch.split(flat, FILE_BYTES // 2)):
        save_file({"part": part.clone()}, str(folder / f"part-{number:02d}.safetensors"))


if __name__ == "__main__":
    main()
