"""Pretraining of one direction: Adam, truncated back-propagation, resumable to the bit.

A step reads a few hundred different words, so Adam is lazy for the embeddings: rows that are not read keep their
values and moments. On a GPU, nothing of a step is asked for before it is needed, so that the next step can be prepared.

The schedule is ours: warm-up, then a cosine to zero over a number of steps known beforehand (the paper divides the rate
by 10 on plateaus, which a single pass over the corpus never reaches). Several processes may train one model: see
data_parallel.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from ldnet.errors import InputError
from pipeline.execution.finite import MOST_NATS, Watch, is_finite
from pipeline.execution.memory import ADAM_COPIES, require_memory, weight_bytes
from pipeline.execution.snapshots import pack, put_back, reading_snapshot, unpack, weights_and_moments, write_snapshot
from pipeline.language_model.dense_lstm import State
from pipeline.language_model.model import EMBEDDING_SPREAD, LanguageModel, LMConfig, detach
from pipeline.params import LMParams
from pipeline.pretraining.data_parallel import ALONE, Workers
from pipeline.pretraining.encoded_corpus import Corpus, Ids
from pipeline.pretraining.streams import LMBatch, batches_of_shard, steps_of_shard, training_batches

RECORD_STEPS = 50  # training steps between two points of the curve
HELDOUT_STREAMS = 16
CurvePoint = dict[str, float]


@dataclass
class Progress:
    """How far a training has come: all that changes from step to step, besides the weights and their moments."""

    step: int = 0
    curve: list[CurvePoint] = field(default_factory=list)
    losses: list[Tensor] = field(default_factory=list)  # since the last point of the curve, scalars
    batches: list[LMBatch] = field(default_factory=list)  # of the latest of these losses
    state: State | None = None  # after the last step, of this process's streams


def configure(params: LMParams, vocabulary_size: int) -> LMConfig:
    """The configuration of the model that `params` ask for.

    Raises InputError where it fits neither the corpus nor the memory.
    """
    if params.cutoffs[-1] >= vocabulary_size:
        raise InputError(
            f"pretrain_lm.cutoffs: {params.cutoffs} must lie below the vocabulary's {vocabulary_size} words"
        )
    config = LMConfig(
        vocabulary_size=vocabulary_size,
        embedding=params.embedding,
        units=params.units,
        layers=params.layers,
        projection=params.projection,
        cutoffs=params.cutoffs,
        dropout=params.dropout,
        layer_dropout=params.layer_dropout,
    )
    copies = 1 if torch.cuda.is_available() else ADAM_COPIES  # what a GPU holds is not this memory's matter
    of_a_token = params.embedding + params.layers * params.units + params.cutoffs[0]
    needed = copies * weight_bytes(lambda: LanguageModel(config)) + 4 * params.streams * params.steps * of_a_token
    keys = "pretrain_lm.layers, units, embedding, projection, streams, steps"
    require_memory(needed, f"a language model of {vocabulary_size:,} words", keys)
    return config


@torch.no_grad()
def embed_vectors(model: LanguageModel, vectors: NDArray[np.float32]) -> None:
    """Start the embeddings of words that have a pretrained vector (a row that is not zero) from it.

    The vectors are scaled to the spread of the random embeddings of the other words. They are trained like all others.
    """
    if not vectors.size:
        return
    if vectors.shape[1] != model.config.embedding:
        raise InputError(
            f"pretrain_lm.embedding: {model.config.embedding}, but the vectors of prepare_corpus.vectors have "
            f"{vectors.shape[1]} numbers"
        )
    values = torch.from_numpy(vectors)
    known = values.any(1)
    if not known.any():
        raise InputError("prepare_corpus.vectors: they have no word of the vocabulary; expected vectors of its words")
    if not (spread := values[known].std()) > 0:
        raise InputError("prepare_corpus.vectors: all their numbers are the same, so they say nothing; expected others")
    model.embedding.weight[known] = values[known] * (EMBEDDING_SPREAD / spread)


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
    checkpoint: Path | None,
    *,
    reverse: bool,
    checkpoint_steps: int,
    workers: Workers = ALONE,
) -> Iterator[CurvePoint]:
    """Train `model` in place; yield the curve: step, tokens, learning_rate, loss (nats a token), perplexity.

    With pretrain_lm.precision bfloat16, activations and products are computed in it; weights, their updates and all
    sums over words stay float32, and so does the trained model.
    State goes to `checkpoint` every `checkpoint_steps` steps. Where that file exists, training resumes from it
    and ends with the same weights as an uninterrupted run; the points of the curve made before are yielded again.
    All `workers` call this alike and get the same curve and weights; only the first one has a `checkpoint`.
    Raises InputError for a damaged checkpoint, and DivergedError where a loss or a gradient is not finite: in one
    process on a CPU before the step is taken, elsewhere at the next point of the curve or checkpoint, since to look at
    each loss would mean to wait for it.
    """
    share = workers.share(params.streams)
    total = params.epochs * sum(steps_of_shard(shard, params.streams, params.steps) for shard in corpus.shards)
    if total == 0:
        raise InputError(f"pretrain_lm.streams: the corpus is too small for {params.streams} streams of {params.steps}")
    model.to(workers.device)
    optimizers = make_optimizers(model, params.learning_rate)
    progress = Progress()
    if found := workers.broadcast(checkpoint.read_bytes() if checkpoint and checkpoint.is_file() else b""):
        with reading_snapshot(checkpoint):
            progress = _restore(found, model, optimizers, share, workers)
        yield from progress.curve
    replica = workers.replicate(model)
    model.train()
    model.compute_in(params.precision)
    batches = training_batches(
        corpus.shards,
        streams=params.streams,
        steps=params.steps,
        epochs=params.epochs,
        seed=seed,
        reverse=reverse,
        skip=progress.step,
        share=share,
    )
    hidden = None if workers.rank == 0 else True  # None: hidden unless this is a terminal
    for batch in tqdm(batches, desc="pretraining", initial=progress.step, total=total, unit=" steps", disable=hidden):
        rate = learning_rate(progress.step, total, params.learning_rate, params.warmup_steps)
        _step(replica, optimizers, batch.to(workers.device), progress, rate, params.clip_norm, workers)
        if progress.step % RECORD_STEPS == 0 or progress.step == total:
            progress.curve.append(_record(model, progress, params.streams * params.steps, rate))
            progress.losses, progress.batches = [], []
            yield progress.curve[-1]
        if progress.step % checkpoint_steps == 0 and progress.step < total:
            snapshot = _snapshot(model, optimizers, progress, workers, total)
            if checkpoint:
                write_snapshot(checkpoint, snapshot)
    model.compute_in("float32")


@torch.no_grad()
def perplexity(model: LanguageModel, ids: Ids, *, reverse: bool, steps: int = 100) -> float:
    """Perplexity on `ids`, read as a few parallel streams with the state carried over.

    What remains at the end of the streams, fewer than `steps` tokens each, is left out, as in training.
    Raises DivergedError where it is not finite.
    """
    was_training = model.training
    model.eval()
    streams = min(HELDOUT_STREAMS, max(1, len(ids) // (2 * steps)))
    steps = min(steps, len(ids) // streams - 1)
    state: State | None = None
    total_loss, tokens = 0.0, 0
    for batch in batches_of_shard(ids, streams, steps, reverse=reverse):
        batch = batch.to(model.embedding.weight.device)
        loss, state = model(batch.tokens, batch.targets, state)
        total_loss += loss.item() * batch.targets.numel()
        tokens += batch.targets.numel()
    model.train(was_training)
    return math.exp(_mean_loss(model, total_loss / tokens, "before its end, by the held-out text"))


def make_optimizers(model: LanguageModel, rate: float) -> list[torch.optim.Optimizer]:
    """Lazy Adam for the embeddings, Adam for all other weights.

    Adam's momentum would move a word on for some steps after it was read, ten times as far in all as in the first of
    them; lazy Adam does not come back to it. Without momentum, one step moves it as far (and perplexity is better).
    """
    others = [parameter for parameter in model.parameters() if parameter is not model.embedding.weight]
    return [
        torch.optim.SparseAdam([model.embedding.weight], lr=rate, betas=(0.0, 0.999)),
        torch.optim.Adam(others, lr=rate, fused=True),
    ]


def _step(
    replica: nn.Module,
    optimizers: Sequence[torch.optim.Optimizer],
    batch: LMBatch,
    progress: Progress,
    rate: float,
    clip_norm: float,
    workers: Workers,
) -> None:
    """One step of truncated back-propagation. The loss that it adds to `progress` is that of all processes' streams."""
    at_once = _looks_at_once(workers)
    loss, state = replica(batch.tokens, batch.targets, progress.state)
    if at_once:
        _watch(replica).check("the loss", loss, f"at step {progress.step}", vars(batch))
    progress.state = detach(state)
    for optimizer in optimizers:
        optimizer.zero_grad()
    loss.backward()
    norm = clip_gradients(list(replica.parameters()), clip_norm)
    if at_once:
        _watch(replica).check("the gradient's norm", norm, f"at step {progress.step}", vars(batch))
    for optimizer in optimizers:
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
    progress.losses.append(workers.mean(loss.detach()))
    progress.batches.append(batch)
    progress.step += 1


def _looks_at_once(workers: Workers) -> bool:
    """Whether a step's loss can be looked at without waiting for a GPU or for other processes."""
    return workers.size == 1 and workers.device.type == "cpu"


def clip_gradients(parameters: Sequence[nn.Parameter], clip_norm: float) -> Tensor:
    """Scale the gradients of `parameters`, sparse ones among them, so that their common norm is at most `clip_norm`.

    Returns the norm before. As torch's clip_grad_norm_, which takes no sparse gradients and also multiplies by 1.
    """
    gradients = []
    for parameter in parameters:
        if parameter.grad is not None:
            if parameter.grad.is_sparse:
                parameter.grad = parameter.grad.coalesce()
                gradients.append(parameter.grad.values())
            else:
                gradients.append(parameter.grad)
    norm: Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
    if norm.device.type == "cuda" or norm > clip_norm:  # to ask a GPU would mean to wait for it
        torch._foreach_mul_(gradients, (clip_norm / (norm + 1e-6)).clamp(max=1))
    return norm


def _record(model: LanguageModel, progress: Progress, tokens_per_step: int, rate: float) -> CurvePoint:
    losses = _finite_losses(model, progress)
    loss = _mean_loss(model, sum(losses) / len(losses), f"before step {progress.step}", progress.batches[-1:])
    return {
        "step": progress.step,
        "tokens": progress.step * tokens_per_step,
        "learning_rate": round(rate, 8),
        "loss": round(loss, 5),
        "perplexity": round(math.exp(loss), 3),
    }


def _watch(model: nn.Module) -> Watch:
    return Watch(model, "pretrain_lm.learning_rate", "lower it or raise pretrain_lm.warmup_steps")


def _finite_losses(model: LanguageModel, progress: Progress) -> list[float]:
    """The losses since the last point of the curve. Raises DivergedError where one is not finite."""
    losses = torch.stack(progress.losses).tolist() if progress.losses else []
    for number, loss in enumerate(losses):
        index = number - len(losses)  # from the end: batches of a process before this one are not known
        batch = vars(progress.batches[index]) if -index <= len(progress.batches) else None
        _watch(model).check("the loss", loss, f"at step {progress.step + index}", batch)
    return losses


def _mean_loss(model: LanguageModel, loss: float, when: str, batches: Sequence[LMBatch] = ()) -> float:
    """The loss, if its perplexity is a number. Raises DivergedError."""
    if is_finite(loss) and loss <= MOST_NATS:
        return loss
    batch = vars(batches[-1]) if batches else None
    raise _watch(model).diverged(f"the loss is {loss:.6g} nats a token", when, batch)


def _snapshot(
    model: LanguageModel, optimizers: Sequence[torch.optim.Optimizer], progress: Progress, workers: Workers, total: int
) -> bytes:
    """All that the rest of the training depends on, in all processes."""
    values = {"step": progress.step, "curve": progress.curve, "losses": _finite_losses(model, progress)}
    tensors = weights_and_moments(dict(model.named_parameters()), optimizers)
    tensors["random"] = workers.gather(torch.get_rng_state().unsqueeze(0), 0)  # (processes, bytes)
    if workers.device.type == "cuda":
        tensors["random_cuda"] = workers.gather(torch.cuda.get_rng_state(workers.device).unsqueeze(0), 0)
    for index, (hidden, cell) in enumerate(progress.state or []):
        tensors[f"hidden.{index}"] = workers.gather(hidden, 1)  # (1, streams of all, units)
        tensors[f"cell.{index}"] = workers.gather(cell, 1)
    return pack(values, tensors, f"step {progress.step:,} of {total:,}")


def _restore(
    content: bytes,
    model: LanguageModel,
    optimizers: Sequence[torch.optim.Optimizer],
    share: slice,
    workers: Workers,
) -> Progress:
    """Put weights, moments and random numbers back as they were at a snapshot, and give the progress then."""
    values, tensors = unpack(content)
    put_back(tensors, dict(model.named_parameters()), optimizers)
    torch.set_rng_state(tensors["random"][workers.rank].clone())  # a copy, since torch crashes on rows of a tensor
    if workers.device.type == "cuda":
        torch.cuda.set_rng_state(tensors["random_cuda"][workers.rank].clone(), workers.device)
    state: State = []
    for index in range(len(model.rnn.layers)):
        hidden, cell = (tensors[f"{name}.{index}"][:, share].to(workers.device) for name in ("hidden", "cell"))
        state.append((hidden, cell))
    losses = list(torch.tensor(values.pop("losses"), dtype=torch.float32, device=workers.device))
    return Progress(**values, losses=losses, state=state)
