"""Both directions trained on one GPU at once, until the time given is over.

Neither fills a GPU alone, since each waits for its own last product. So each has a CUDA stream of its own.
The rate follows the clock (warm-up, then a cosine to zero), so that a training ends within a given time. So what is
trained is not the same from one time to the next.
"""

import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ldnet.errors import InputError
from pipeline.gpu_pretraining.static_steps import StaticStep
from pipeline.language_model.model import LanguageModel
from pipeline.params import LMParams
from pipeline.pretraining.encoded_corpus import Ids
from pipeline.pretraining.lm_training import CurvePoint

RECORD_STEPS = 100
SNAPSHOT_STEPS = 1000
SPIKE_NATS = 1.0  # a loss that is so much above the lowest one means that the training was lost
TAIL_SHARES = 1.5  # rows that a tail computes, by its share of the corpus ...
TAIL_ROWS = 96  # ... and more, for chance


@dataclass
class Direction:
    """The training of one direction."""

    step: StaticStep
    reverse: bool
    stream: torch.cuda.Stream
    curve: list[CurvePoint] = field(default_factory=list)
    snapshot: list[Tensor] = field(default_factory=list)  # of all that a step changes, when the loss was last in order
    lowest_loss: float = math.inf
    damping: float = 1.0  # of the rate, halved where the training was lost


def tail_rows(ids: Ids, cutoffs: list[int], tokens: int) -> list[int]:
    """How many rows to compute in each softmax tail for so many `tokens` of text like `ids`."""
    bounds = [*cutoffs, 1 << 31]
    shares = [((ids >= start) & (ids < end)).mean() for start, end in itertools.pairwise(bounds)]
    return [min(tokens, math.ceil((TAIL_SHARES * share * tokens + TAIL_ROWS) / 64) * 64) for share in shares]


def prepare(model: LanguageModel, params: LMParams, ids: Ids, *, reverse: bool) -> Direction:
    """`model`, on its GPU, ready to be trained on text like `ids` with its steps recorded.

    Raises InputError where ordinary dropout is asked for, which recorded steps do not have.
    """
    if params.dropout:
        raise InputError(f"pretrain_lm.dropout: {params.dropout}; recorded steps have none, so set it to 0")
    rows = tail_rows(ids, params.cutoffs, params.streams * params.steps)
    precision = getattr(torch, params.precision)
    step = StaticStep(model.train(), params.streams, params.steps, rows, params.clip_norm, precision)
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    step.record(stream)
    return Direction(step, reverse, stream)


def shards_in_order(shard: Callable[[int], Ids], count: int, seed: int) -> Iterator[Ids]:
    """Shards by number for ever: once as they come, then in a new order each time."""
    generator = torch.Generator().manual_seed(seed)
    order = list(range(count))
    while True:
        for index in order:
            yield shard(index)
        order = torch.randperm(count, generator=generator).tolist()


def train(
    directions: Mapping[str, Direction],
    shards: Iterator[Ids],
    params: LMParams,
    seconds: float,
    say: Callable[[str], None],
) -> None:
    """Train the models of `directions` in place for so many seconds; their curves tell how it went."""
    began, step = time.monotonic(), 0
    for direction in directions.values():
        direction.snapshot = [tensor.clone() for tensor in direction.step.changing()]
    while (passed := (time.monotonic() - began) / seconds) < 1:
        ids = torch.tensor(next(shards)).cuda()
        length = len(ids) // params.streams
        runs = {
            name: (ids.flip(0) if direction.reverse else ids)[: length * params.streams].view(params.streams, length).T
            for name, direction in directions.items()
        }  # (length, B)
        torch.cuda.synchronize()
        for start in range(0, (length - 1) // params.steps * params.steps, params.steps):
            warm = min(1.0, (step + 1) / max(1, params.warmup_steps))
            rate = params.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * min(1.0, passed)))
            for name, direction in directions.items():
                with torch.cuda.stream(direction.stream):
                    direction.step.block.copy_(runs[name][start : start + params.steps + 1])
                    direction.step.visible.copy_(torch.rand(params.layers, device="cuda") >= params.layer_dropout)
                    direction.step.rate.fill_(rate * direction.damping)
                    direction.step.run()
            step += 1
            if step % RECORD_STEPS == 0:
                torch.cuda.synchronize()
                passed = (time.monotonic() - began) / seconds
                for name, direction in directions.items():
                    record = _look(direction, step, params, rate)
                    record["seconds"] = round(passed * seconds, 1)
                    if step % (5 * RECORD_STEPS) == 0:
                        say(f"{name}: {record}")
                torch.cuda.synchronize()  # weights may have been put back, on another stream than the steps'
                if passed >= 1:
                    break
    torch.cuda.synchronize()


def _look(direction: Direction, step: int, params: LMParams, rate: float) -> CurvePoint:
    """Add a point to the curve; where the training was lost, go back to the last snapshot with half the rate."""
    loss = direction.step.summed_loss.item() / RECORD_STEPS
    record = {
        "step": step,
        "tokens": step * params.streams * params.steps,
        "learning_rate": round(rate * direction.damping, 8),
        "loss": round(loss, 5),
        "perplexity": round(math.exp(min(loss, 50.0)), 3),
        "largest_norm": round(direction.step.largest_norm.item(), 3),
    }
    direction.curve.append(record)
    direction.step.summed_loss.zero_()
    direction.step.largest_norm.zero_()
    changing = direction.step.changing()
    if not math.isfinite(loss) or loss > direction.lowest_loss + SPIKE_NATS:
        for tensor, kept in zip(changing, direction.snapshot, strict=True):
            tensor.copy_(kept)
        direction.damping /= 2
    else:
        direction.lowest_loss = min(direction.lowest_loss, loss)
        if step % SNAPSHOT_STEPS == 0:
            direction.snapshot = [tensor.clone() for tensor in changing]
    return record
