"""Selection of language-model layers by gates that are trained together with the tagger (paper, section 4).

Each batch takes an Adam step on the tagger. Several batches of about equally long sentences share one pass of the
language models, which are most of the work and far faster on many sentences at once, and one step of the gates, on the
sum of the batches' CRF losses and penalties. Gates are values of their own that take plain gradient steps and are
clamped to [0, 1] (with one batch a step that is the published way), or random, and their distributions are trained. No
penalty guarantees the budget: at the end of `enforce_epoch` the least important gates are closed if too many are still
open, and from then on the gates stay and only the tagger adapts. The importance of a gate z is the sum of |z dL/dz|
over the steps of that epoch, where L is the CRF loss: what closing it would change, to first order. The gates that are
still open are all near 1, so size says nothing.
"""

import random
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Protocol

import torch
from torch import Tensor, nn
from tqdm import tqdm

from pipeline.execution.finite import Watch
from pipeline.execution.snapshots import Tensors, pack, reading_snapshot, unpack, write_snapshot
from pipeline.features.contextual import live_features
from pipeline.params import SelectParams
from pipeline.selection.budget import enforce_budget, open_gates
from pipeline.selection.selection import Selection, SelectionTask, gate_record
from pipeline.tagger.batches import collate, shuffled_batches
from pipeline.tagger.epochs import Epochs, Record
from pipeline.tagger.model import Tagger
from pipeline.tagger.training import TaggingData, score_dev


class GateTraining(Protocol):
    """How gates are trained; the gradient of the losses in the gates is there when `step` is called."""

    rate: str  # the key of the gates' learning rate

    @property
    def learnt(self) -> Tensor:
        """What steps change."""

    def place(self) -> None:
        """Before a step: put the values into the gates that the losses shall be computed with."""

    def step(self, batches: int) -> None:
        """One step, by the gates' gradient from the losses of so many batches, and by as many penalties."""

    def settle(self) -> None:
        """After some steps: put the values into the gates that are used where nothing is trained."""

    def snapshot(self) -> Tensors:
        """What the steps to come depend on, besides the gates."""

    def restore(self, tensors: Tensors) -> None:
        """Put it back as it was at a snapshot, whose gates are in their place."""


def train_with_gates(task: SelectionTask, gate_training: GateTraining) -> Iterator[Record]:
    """Train the task's tagger and gates in place; yield the path: loss, dev_f1 and gates after each epoch.

    At the end both are those of the epoch with the best dev F1 among the epochs within the budget. State goes to the
    task's checkpoint after each epoch. Where that file exists, training resumes from it and ends with the same weights
    and gates as an uninterrupted one; the records made before are yielded again. Raises DivergedError where a loss, a
    gradient, a gate or a score on dev is not finite, and InputError for a damaged checkpoint or one that cannot be
    written.
    """
    tagger, selection, data, params, tagging = task.tagger, task.selection, task.data, task.params, task.tagging
    rng = random.Random(task.seed)
    torch.manual_seed(task.seed)
    gates = selection.gates
    tagger.precision = getattr(torch, tagging.precision)
    features = live_features(selection.lm, data.words, gates)
    steps = -(-len(data.train) // tagging.batch_sentences) * params.epochs
    watch = Watch(tagger, "select.learning_rate")
    training = _TaggerTraining(tagger, data, params.learning_rate, tagging.clip_norm, steps, watch)
    state, best_gates = Epochs(tagger, training.optimizer, training.schedule, rng), gates.detach().clone()
    if task.checkpoint and task.checkpoint.is_file():
        with reading_snapshot(task.checkpoint):
            values, tensors = unpack(task.checkpoint.read_bytes())
            state.restore(values, tensors)
            vars(selection).update(values["selection"])
            gates.data.copy_(tensors["gates"])
            best_gates = tensors["best_gates"]
            gate_training.restore(tensors)
        yield from state.records
    done = training.schedule.last_epoch  # in steps
    with tqdm(total=steps, initial=done, desc="selecting layers", unit=" steps", disable=None) as progress:
        for epoch in range(len(state.records) + 1, params.epochs + 1):
            gates.requires_grad_(epoch <= params.enforce_epoch)
            importance = torch.zeros(len(gates))
            tagger.train()
            losses: list[float] = []
            for group in _groups(data, tagging.batch_sentences, params.batches_per_gate_step, rng):
                if gates.requires_grad:
                    gate_training.place()
                when = f"by step {len(losses) + len(group)} of epoch {epoch}"
                losses += training.steps(group, features([index for batch in group for index in batch]), when)
                if gates.requires_grad:
                    assert gates.grad is not None
                    at_gates = {"gates": gates.detach(), "gradient": gates.grad}
                    watch.check("the gradient of the gates", gates.grad, when, at_gates)
                    importance += (gates.detach() * gates.grad).abs()
                    gate_training.step(len(group))
                    watch.check("a gate", gate_training.learnt, when, at_gates, key=gate_training.rate)
                progress.update(len(group))
            if gates.requires_grad:
                gate_training.settle()
            with watch.scoring(f"in epoch {epoch}"):
                _hold_budget(selection, importance, params, epoch)
                dev_f1 = score_dev(tagger, data, features)
            if open_gates(gates) <= params.max_layers and state.keep_if_best(dev_f1):
                selection.dev_f1, selection.epoch = dev_f1, epoch
                best_gates = gates.detach().clone()
            loss_of_epoch = sum(losses) / len(losses)
            state.records.append({"epoch": epoch, "loss": round(loss_of_epoch, 5), **gate_record(dev_f1, gates)})
            if task.checkpoint:
                values, tensors = state.snapshot()
                values["selection"] = selection.progress
                tensors |= {**gate_training.snapshot(), "gates": gates.detach(), "best_gates": best_gates}
                write_snapshot(task.checkpoint, pack(values, tensors, f"epoch {epoch} of {params.epochs}"))
            yield state.records[-1]
    state.end()
    gates.data.copy_(best_gates)


def _groups(data: TaggingData, batch_sentences: int, batches: int, rng: random.Random) -> list[list[list[int]]]:
    """All training sentences in random groups of `batches` batches; within a group, lengths are about equal."""
    groups = []
    for indices in shuffled_batches(data.train, batch_sentences * batches, rng):
        rng.shuffle(indices)
        groups.append([indices[start : start + batch_sentences] for start in range(0, len(indices), batch_sentences)])
    return groups


class _TaggerTraining:
    """Steps of the tagger's optimiser."""

    def __init__(
        self, tagger: Tagger, data: TaggingData, learning_rate: float, clip_norm: float, steps: int, watch: Watch
    ):
        self.tagger, self.data, self.clip_norm, self.watch = tagger, data, clip_norm, watch
        self.optimizer = torch.optim.Adam(tagger.parameters(), lr=learning_rate, fused=True)
        self.schedule = torch.optim.lr_scheduler.LinearLR(self.optimizer, 1.0, 0.0, steps)

    def steps(self, group: Sequence[Sequence[int]], features: Tensor, when: str) -> list[float]:
        """One step a batch, on its columns of `features` (T, B, F); their gradient goes back at the end. The losses.

        Raises DivergedError, which says `when`.
        """
        losses, column = [], 0
        gradient = torch.zeros_like(features) if features.requires_grad else None
        for indices in group:
            batch = collate([self.data.encoded_train[index] for index in indices])
            columns = slice(column, column + len(indices))
            own = features.detach()[: len(batch.words), columns].requires_grad_(features.requires_grad)
            loss = self.tagger(batch, own)
            words = [self.data.train[index].words for index in indices]
            check = partial(self.watch.check, when=when, batch=vars(batch), words=words)
            check("the loss", loss)
            self.optimizer.zero_grad()
            loss.backward()
            check("the gradient's norm", nn.utils.clip_grad_norm_(self.tagger.parameters(), self.clip_norm))
            self.optimizer.step()
            self.schedule.step()
            if gradient is not None and own.grad is not None:
                gradient[: len(batch.words), columns] = own.grad
            losses.append(loss.item())
            column += len(indices)
        if gradient is not None:
            torch.autograd.backward(features, gradient)
        return losses


def _hold_budget(selection: Selection, importance: Tensor, params: SelectParams, epoch: int) -> None:
    """Note when the optimiser meets the budget; where it has not in time, enforce it."""
    met = open_gates(selection.gates) <= params.max_layers
    if met and selection.optimiser_epoch is None and selection.enforcement_epoch is None:
        selection.optimiser_epoch = epoch
    if epoch == params.enforce_epoch and not met:
        enforce_budget(selection.gates, importance, params.max_layers)
        selection.enforcement_epoch = epoch
