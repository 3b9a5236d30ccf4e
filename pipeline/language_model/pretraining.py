"""Pretraining of one direction: Adam, truncated back-propagation, resumable to the bit.

The schedule is ours: warm-up, then a cosine to zero over a number of steps known beforehand (the paper divides the rate
by 10 on plateaus, which a single pass over the corpus never reaches).
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn
from tqdm import tqdm

from pipeline.data.corpus import Corpus, Ids
from pipeline.errors import InputError
from pipeline.files import write_bytes
from pipeline.language_model.dense_lstm import State
from pipeline.language_model.model import EMBEDDING_SPREAD, LanguageModel, LMConfig, detach
from pipeline.language_model.streams import batches_of_shard, steps_of_shard, training_batches
from pipeline.params import LMParams

RECORD_STEPS = 50  # training steps between two points of the curve
HELDOUT_STREAMS = 16
Record = dict[str, float]


def configure(params: LMParams, vocabulary_size: int) -> LMConfig:
    """The configuration of the model that `params` ask for."""
    if params.cutoffs[-1] >= vocabulary_size:
        raise InputError(f"lm.cutoffs: {params.cutoffs} must lie below the vocabulary's {vocabulary_size} words")
    return LMConfig(
        vocabulary_size=vocabulary_size,
        embedding=params.embedding,
        units=params.units,
        layers=params.layers,
        projection=params.projection,
        cutoffs=params.cutoffs,
        dropout=params.dropout,
        layer_dropout=params.layer_dropout,
    )


@torch.no_grad()
def embed_vectors(model: LanguageModel, vectors: NDArray[np.float32]) -> None:
    """Start the embeddings of words that have a pretrained vector (a row that is not zero) from it.

    The vectors are scaled to the spread of the random embeddings of the other words. They are trained like all others.
    """
    if not vectors.size:
        return
    if vectors.shape[1] != model.config.embedding:
        raise InputError(
            f"lm.embedding: {model.config.embedding}, but the vectors of corpus.vectors have {vectors.shape[1]} numbers"
        )
    values = torch.from_numpy(vectors)
    known = values.any(1)
    model.embedding.weight[known] = values[known] * (EMBEDDING_SPREAD / values[known].std())


def learning_rate(step: int, total: int, peak: float, warmup: int) -> float:
    """The rate of training step `step` (from 0) of `total`."""
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))


def pretrain(
    model: LanguageModel,
    corpus: Corpus,
    params: LMParams,
    seed: int,
    checkpoint: Path,
    *,
    reverse: bool,
    checkpoint_steps: int,
) -> Iterator[Record]:
    """Train `model` in place; yield the curve: step, tokens, learning_rate, loss (nats a token), perplexity.

    With lm.precision bfloat16, activations and products are computed in it; weights, their updates and all sums over
    words stay float32, and so does the trained model.
    State goes to `checkpoint` every `checkpoint_steps` steps. Where that file exists, training goes on from it
    and ends with the same weights as an uninterrupted run; the points of the curve made before are yielded again.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=params.learning_rate, fused=True)
    per_epoch = sum(steps_of_shard(shard, params.streams, params.steps) for shard in corpus.shards)
    total = per_epoch * params.epochs
    if total == 0:
        raise InputError(f"lm.streams: the corpus is too small for {params.streams} streams of {params.steps}")
    state: State | None = None
    step = 0
    curve: list[Record] = []
    losses: list[float] = []
    if checkpoint.is_file():
        step, curve, losses, state = _restore(checkpoint, model, optimizer)
        yield from curve
    batches = training_batches(
        corpus.shards, params.streams, params.steps, params.epochs, seed, reverse=reverse, skip=step
    )
    model.train()
    model.precision = getattr(torch, params.precision)
    for batch in tqdm(batches, desc="pretraining", initial=step, total=total, unit=" steps", disable=None):
        rate = learning_rate(step, total, params.learning_rate, params.warmup_steps)
        optimizer.param_groups[0]["lr"] = rate
        loss, state = model(batch.tokens, batch.targets, state)
        state = detach(state)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), params.clip_norm)
        optimizer.step()
        losses.append(loss.item())
        if not math.isfinite(losses[-1]):
            raise InputError(f"lm.learning_rate: the training diverged at step {step}; lower it or raise warmup_steps")
        step += 1
        if step % RECORD_STEPS == 0 or step == total:
            curve.append(_record(step, batch.tokens.numel(), rate, losses))
            losses = []
            yield curve[-1]
        if step % checkpoint_steps == 0 and step < total:
            write_bytes(checkpoint, _snapshot(model, optimizer, state, step, curve, losses))
    model.precision = torch.float32


@torch.no_grad()
def perplexity(model: LanguageModel, ids: Ids, *, reverse: bool, steps: int = 100) -> float:
    """Perplexity on `ids`, read as a few parallel streams with the state carried over."""
    was_training = model.training
    model.eval()
    streams = min(HELDOUT_STREAMS, max(1, len(ids) // (2 * steps)))
    steps = min(steps, len(ids) // streams - 1)
    state: State | None = None
    total_loss, tokens = 0.0, 0
    for batch in batches_of_shard(ids, streams, steps, reverse=reverse):
        loss, state = model(batch.tokens, batch.targets, state)
        total_loss += loss.item() * batch.targets.numel()
        tokens += batch.targets.numel()
    model.train(was_training)
    return math.exp(total_loss / tokens)


def _record(step: int, tokens_per_step: int, rate: float, losses: list[float]) -> Record:
    loss = sum(losses) / len(losses)
    return {
        "step": step,
        "tokens": step * tokens_per_step,
        "learning_rate": round(rate, 8),
        "loss": round(loss, 5),
        "perplexity": round(math.exp(loss), 3),
    }


def _snapshot(
    model: LanguageModel, optimizer: torch.optim.Adam, state: State, step: int, curve: list[Record], losses: list[float]
) -> bytes:
    """All that the rest of the training depends on, as one safetensors file."""
    tensors: dict[str, Tensor] = {"random": torch.get_rng_state()}
    for name, parameter in model.named_parameters():
        moments = optimizer.state[parameter]
        tensors[f"model.{name}"] = parameter.detach()
        tensors[f"mean.{name}"] = moments["exp_avg"]
        tensors[f"variance.{name}"] = moments["exp_avg_sq"]
    for index, (hidden, cell) in enumerate(state):
        tensors[f"hidden.{index}"], tensors[f"cell.{index}"] = hidden.contiguous(), cell.contiguous()
    progress = json.dumps({"step": step, "curve": curve, "losses": losses})
    return bytes(save(tensors, metadata={"progress": progress}))


def _restore(
    checkpoint: Path, model: LanguageModel, optimizer: torch.optim.Adam
) -> tuple[int, list[Record], list[float], State]:
    with safe_open(str(checkpoint), "pt") as file:
        progress: dict[str, Any] = json.loads(file.metadata()["progress"])
        for name, parameter in model.named_parameters():
            parameter.data.copy_(file.get_tensor(f"model.{name}"))
            optimizer.state[parameter] = {
                "step": torch.tensor(float(progress["step"])),
                "exp_avg": file.get_tensor(f"mean.{name}"),
                "exp_avg_sq": file.get_tensor(f"variance.{name}"),
            }
        state = [
            (file.get_tensor(f"hidden.{index}"), file.get_tensor(f"cell.{index}"))
            for index in range(len(model.rnn.layers))
        ]
        torch.set_rng_state(file.get_tensor("random"))
    return progress["step"], progress["curve"], progress["losses"], state
