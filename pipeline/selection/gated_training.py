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
from typing import Any, Protocol

import torch
from torch import Tensor
from tqdm import tqdm

from pipeline.execution.finite import Watch
from pipeline.execution.snapshots import Tensors, Values, pack, reading_snapshot, unpack, write_snapshot
from pipeline.features.contextual import live_features
from pipeline.features.sequences import padded_length
from pipeline.params import SelectParams
from pipeline.selection.budget import enforce_budget, open_gates
from pipeline.selection.selection import Selection, SelectionTask, gate_record
from pipeline.tagger.batches import shuffled_batches
from pipeline.tagger.epochs import EpochRecord, Epochs
from pipeline.tagger.optimizer_steps import OptimizerSteps, parameter_groups
from pipeline.tagger.tagging_data import TaggingData
from pipeline.tagger.training import score_dev


class GateTraining(Protocol):
    """How gates are trained; the gradient of the losses in the gates is there when `step` is called."""

    rate_key: str  # of the gates' learning rate, in params.yaml

    @property
    def trained_values(self) -> Tensor:
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


def train_with_gates(task: SelectionTask, gate_training: GateTraining) -> Iterator[EpochRecord]:
    """Train the task's tagger and gates in place; yield the path: loss, dev_f1 and gates after each epoch.

    At the end both are those of the epoch with the best dev F1 among the epochs within the budget. State goes to the
    task's checkpoint after each epoch. Where that file exists, training resumes from it and ends with the same weights
    and gates as an uninterrupted one; the records made before are yielded again. Raises DivergedError where a loss, a
    gradient, a gate or a score on dev is not finite, and InputError for a damaged checkpoint or one that cannot be
    written.
    """
    training = _GatedTraining(task, gate_training)
    if task.checkpoint and task.checkpoint.is_file():
        with reading_snapshot(task.checkpoint):
            training.restore(*unpack(task.checkpoint.read_bytes()))
        yield from training.state.records
    steps, records, epochs = training.steps, training.state.records, task.params.epochs
    with tqdm(total=steps.count, initial=steps.taken, desc="selecting layers", unit=" steps", disable=None) as progress:
        for epoch in range(len(records) + 1, epochs + 1):
            loss, importance = training.train(epoch, progress)
            records.append({"epoch": epoch, "loss": round(loss, 5), **training.score(epoch, importance)})
            if task.checkpoint:
                write_snapshot(task.checkpoint, pack(*training.snapshot(), f"epoch {epoch} of {epochs}"))
            yield records[-1]
    training.end()


class _GatedTraining:
    """The training of a task's tagger and gates, epoch by epoch."""

    def __init__(self, task: SelectionTask, gate_training: GateTraining):
        tagger, selection, tagging = task.tagger, task.selection, task.tagging
        self.task, self.gate_training, self.gates = task, gate_training, selection.gates
        self.rng = random.Random(task.seed)
        torch.manual_seed(task.seed)
        tagger.compute_in(tagging.precision)
        self.features = live_features(selection.lm, task.data.words, self.gates)
        self.watch = Watch(tagger, "select.learning_rate")
        groups = parameter_groups(tagger, task.params.learning_rate, tagging.word_rate)
        optimizer = torch.optim.Adam(groups, fused=True)
        count = -(-len(task.data.train) // tagging.batch_sentences) * task.params.epochs
        self.steps = OptimizerSteps(tagger, task.data, optimizer, tagging.clip_norm, count, self.watch)
        self.state = Epochs(tagger, optimizer, self.steps.schedule, self.rng)
        self.best_gates = self.gates.detach().clone()

    def train(self, epoch: int, progress: "tqdm[Any]") -> tuple[float, Tensor]:
        """One epoch: its mean loss, and the importance of the gates (2 L), which is zero if they are not trained."""
        self.gates.requires_grad_(epoch <= self.task.params.enforce_epoch)
        importance = torch.zeros(len(self.gates))
        self.task.tagger.train()
        losses: list[float] = []
        size, together = self.task.tagging.batch_sentences, self.task.params.batches_per_gate_step
        for group in _groups(self.task.data, self.rng, batch_sentences=size, batches=together):
            if self.gates.requires_grad:
                self.gate_training.place()
            when = f"by step {len(losses) + len(group)} of epoch {epoch}"
            losses += _take_steps(self.steps, group, self.features([index for batch in group for index in batch]), when)
            if self.gates.requires_grad:
                importance += self._gate_step(len(group), when)
            progress.update(len(group))
        if self.gates.requires_grad:
            self.gate_training.settle()
        return sum(losses) / len(losses), importance

    def _gate_step(self, batches: int, when: str) -> Tensor:
        """One step of the gates, by the gradient of so many batches; the importance that each gate had before it."""
        assert self.gates.grad is not None
        evidence = {"gates": self.gates.detach().clone(), "gradient": self.gates.grad}  # the gates before the step
        self.watch.check("the gradient of the gates", self.gates.grad, when, evidence)
        importance = (self.gates.detach() * self.gates.grad).abs()
        self.gate_training.step(batches)
        self.watch.check("a gate", self.gate_training.trained_values, when, evidence, key=self.gate_training.rate_key)
        return importance

    def score(self, epoch: int, importance: Tensor) -> EpochRecord:
        """Hold the budget, and keep tagger and gates if they are the best within it; dev F1 and the gates."""
        task, selection = self.task, self.task.selection
        with self.watch.scoring(f"in epoch {epoch}"):
            _hold_budget(selection, importance, task.params, epoch)
            dev_f1 = score_dev(task.tagger, task.data, self.features)
        if open_gates(self.gates) <= task.params.max_layers and self.state.keep_if_best(dev_f1):
            selection.dev_f1, selection.epoch = dev_f1, epoch
            self.best_gates = self.gates.detach().clone()
        return gate_record(dev_f1, self.gates)

    def end(self) -> None:
        """Give tagger and gates the values of the best epoch."""
        self.state.end()
        self.gates.data.copy_(self.best_gates)

    def snapshot(self) -> tuple[Values, Tensors]:
        """The state after the last epoch."""
        values, tensors = self.state.snapshot()
        gates = {"gates": self.gates.detach(), "best_gates": self.best_gates}
        return {**values, "selection": self.task.selection.progress}, {
            **tensors,
            **self.gate_training.snapshot(),
            **gates,
        }

    def restore(self, values: Values, tensors: Tensors) -> None:
        """Put everything back as it was at a snapshot."""
        self.state.restore(values, tensors)
        vars(self.task.selection).update(values["selection"])
        self.gates.data.copy_(tensors["gates"])
        self.best_gates = tensors["best_gates"]
        self.gate_training.restore(tensors)


def _groups(data: TaggingData, rng: random.Random, *, batch_sentences: int, batches: int) -> list[list[list[int]]]:
    """All training sentences in random groups of `batches` batches; within a group, lengths are about equal."""
    groups = []
    for indices in shuffled_batches(data.train, batch_sentences * batches, rng):
        rng.shuffle(indices)
        groups.append([indices[start : start + batch_sentences] for start in range(0, len(indices), batch_sentences)])
    return groups


def _take_steps(steps: OptimizerSteps, group: Sequence[Sequence[int]], features: Tensor, when: str) -> list[float]:
    """One step a batch, on its columns of `features` (T, B, F); their gradient goes back at the end. The losses.

    Raises DivergedError, which says `when`.
    """
    losses, column = [], 0
    gradient = torch.zeros_like(features) if features.requires_grad else None
    for indices in group:
        length = padded_length(len(steps.data.encoded_train[index].words) for index in indices)
        columns = slice(column, column + len(indices))
        own = features.detach()[:length, columns].requires_grad_(features.requires_grad)
        losses.append(steps.take(indices, own, when))
        if gradient is not None and own.grad is not None:
            gradient[:length, columns] = own.grad
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
