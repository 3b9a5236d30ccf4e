"""Between two epochs: what the rest of a tagger's training depends on, as it goes to a checkpoint and comes back."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field

import torch

from pipeline.execution.snapshots import Tensors, Values, put_back, weights_and_moments
from pipeline.tagger.model import Tagger

EpochRecord = dict[str, float]
BEST = "best."


def best_of(records: Iterable[EpochRecord]) -> EpochRecord:
    """The record of the epoch whose weights are kept: the first of those with the highest dev F1, which must have all
    its digits."""
    return max(records, key=lambda record: record["dev_f1"])


def rounded(record: EpochRecord) -> EpochRecord:
    """A record as it is shown: dev F1 with four places."""
    return {**record, "dev_f1": round(record["dev_f1"], 4)}


@dataclass
class Epochs:
    """The state of a training: `best` are the weights of the best epoch so far, `best_f1` is its dev F1, and `records`
    are the curve so far."""

    tagger: Tagger
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    rng: random.Random
    best: Tensors = field(default_factory=dict)
    best_f1: float = -1.0
    records: list[EpochRecord] = field(default_factory=list)

    def keep_if_best(self, dev_f1: float) -> bool:
        """Whether the weights as they are now, which have this F1, are better than those of all epochs before."""
        if dev_f1 <= self.best_f1:
            return False
        self.best_f1 = dev_f1
        self.best = {name: weight.detach().clone() for name, weight in self.tagger.named_parameters()}
        return True

    def end(self) -> None:
        """Give the tagger the weights of the best epoch."""
        with torch.no_grad():
            for name, weight in self.tagger.named_parameters():
                weight.copy_(self.best[name])
        self.tagger.eval()

    def snapshot(self) -> tuple[Values, Tensors]:
        """The state after the last epoch in `records`."""
        values = {
            "records": self.records,
            "best_f1": self.best_f1,
            "schedule": self.schedule.state_dict(),
            "rates": [group["lr"] for group in self.optimizer.param_groups],  # the schedule multiplies: rounding counts
            "random": self.rng.getstate(),
        }
        tensors = weights_and_moments(dict(self.tagger.named_parameters()), [self.optimizer])
        tensors |= {BEST + name: weight for name, weight in self.best.items()}
        return values, {**tensors, "random": torch.get_rng_state()}

    def restore(self, values: Values, tensors: Tensors) -> None:
        """Put everything back as it was at a snapshot."""
        put_back(tensors, dict(self.tagger.named_parameters()), [self.optimizer])
        self.schedule.load_state_dict(values["schedule"])
        for group, rate in zip(self.optimizer.param_groups, values["rates"], strict=True):
            group["lr"] = rate
        version, numbers, gauss = values["random"]
        self.rng.setstate((version, tuple(numbers), gauss))
        torch.set_rng_state(tensors["random"].clone())
        self.best = {name.removeprefix(BEST): weight for name, weight in tensors.items() if name.startswith(BEST)}
        self.best_f1, self.records = values["best_f1"], values["records"]
