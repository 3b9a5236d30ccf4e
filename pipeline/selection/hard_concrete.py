"""Hard-concrete gates (Louizos, Welling and Kingma, 2018), held to a budget by a Lagrangian.

A gate is a random variable on [0, 1] with a mass at both ends: a binary concrete one, stretched to (GAMMA, ZETA) and
cut. Its `log_alpha` is learnt, through samples, since the probability of being open has a gradient. How much the
expected number of open layers weighs is learnt, too: two multipliers rise while the budget is not met (Wang, Wohlwend
and Lei, 2020). Shapes: 2 L gates of both directions.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from pipeline.execution.snapshots import Tensors, put_back, weights_and_moments
from pipeline.params import SelectParams
from pipeline.selection.gated_training import train_with_gates
from pipeline.selection.selection import SelectionTask
from pipeline.tagger.epochs import EpochRecord

BETA, GAMMA, ZETA = 2 / 3, -0.1, 1.1  # temperature and stretch, as in the paper
START = 2.5  # log_alpha at first: the deterministic gate is 1, and a sampled one open in 98 of 100 draws
WARM_UP = 0.8  # share of the steps in which the target falls from all layers to the budget
EDGE = 1e-6  # uniform numbers keep this distance from 0 and 1, whose logits are infinite


def select(task: SelectionTask) -> Iterator[EpochRecord]:
    """Train the tagger and the distributions of its gates; the path of the gates."""
    gates = HardConcreteGates(task.selection.gates, task.params, task.weights(), task.gate_steps(), task.seed)
    yield from train_with_gates(task, gates)


def stretch(values: Tensor) -> Tensor:
    """Values in (0, 1) stretched to (GAMMA, ZETA) and cut to [0, 1]."""
    return (values * (ZETA - GAMMA) + GAMMA).clamp(0.0, 1.0)


def sampled(log_alpha: Tensor, uniform: Tensor) -> Tensor:
    """Gates made of uniform random numbers in (0, 1), with a gradient to log_alpha."""
    return stretch(torch.sigmoid((torch.logit(uniform) + log_alpha) / BETA))


def deterministic(log_alpha: Tensor) -> Tensor:
    """The gates in use after training."""
    return stretch(torch.sigmoid(log_alpha))


def open_probability(log_alpha: Tensor) -> Tensor:
    """The probability that a sampled gate is not 0."""
    return torch.sigmoid(log_alpha - BETA * math.log(-GAMMA / ZETA))


class Lagrangian:
    """linear * excess + quadratic * excess^2, where excess is by how much an expected count is beyond its target.

    The count falls along this; the multipliers, at first 0, climb. The target falls in a line from `start` to `budget`
    within the first `warm_up` steps, so that layers close one after the other.
    """

    def __init__(self, start: float, budget: float, warm_up: int, learning_rate: float):
        self.start, self.budget, self.warm_up, self.learning_rate = start, budget, warm_up, learning_rate
        self.linear = self.quadratic = 0.0
        self.steps = 0

    def target(self) -> float:
        """What the count has to be at this step."""
        share = min(1.0, self.steps / self.warm_up) if self.warm_up else 1.0
        return self.start + share * (self.budget - self.start)

    def penalty(self, count: Tensor) -> Tensor:
        """What is added to the loss."""
        excess = count - self.target()
        return self.linear * excess + self.quadratic * excess**2

    def ascend(self, count: float) -> None:
        """A step of the multipliers, along their gradients, and of the target."""
        excess = count - self.target()
        self.linear += self.learning_rate * excess
        self.quadratic += self.learning_rate * excess**2
        self.steps += 1


class HardConcreteGates:
    """Training of gates through samples: gates are drawn again for each step; they are deterministic afterwards."""

    rate_key = "select.hard_concrete.learning_rate"

    def __init__(self, gates: nn.Parameter, params: SelectParams, weights: Tensor | None, steps: int, seed: int):
        """`weights` (2 L) say how much each layer counts in the budget, None: all the same. `steps` are all that will
        be taken."""
        self.gates, self.weights = gates, torch.ones_like(gates) if weights is None else weights
        self.log_alpha = nn.Parameter(torch.full_like(gates, START))
        self.optimizer = torch.optim.Adam([self.log_alpha], lr=params.hard_concrete.learning_rate)
        self.lagrangian = Lagrangian(
            start=float(self.weights.sum()),
            budget=params.max_layers,
            warm_up=int(steps * WARM_UP),
            learning_rate=params.hard_concrete.multiplier_learning_rate,
        )
        self.drawn: Tensor | None = None  # the gates of the step to come, with a gradient to log_alpha
        self.generator = torch.Generator().manual_seed(seed)  # other random numbers stay those of other methods

    @property
    def trained_values(self) -> Tensor:
        """The gates' distributions."""
        return self.log_alpha.detach()

    def expected_count(self) -> Tensor:
        """How many layers are expected to be open, each counted by its weight."""
        return (self.weights * open_probability(self.log_alpha)).sum()

    def place(self) -> None:
        """Before a step: draw the gates."""
        uniform = torch.rand(len(self.gates), generator=self.generator).clamp(EDGE, 1 - EDGE)
        self.drawn = sampled(self.log_alpha, uniform)
        self.gates.data.copy_(self.drawn.detach())
        self.gates.grad = None

    def step(self, batches: int) -> None:
        """One step, by the drawn gates' gradient from the losses of so many batches, and by as many penalties."""
        assert self.drawn is not None
        count = self.expected_count()
        self.optimizer.zero_grad()
        torch.autograd.backward(self.drawn, self.gates.grad)
        torch.autograd.backward(batches * self.lagrangian.penalty(count))
        self.optimizer.step()
        self.lagrangian.ascend(count.item())

    def settle(self) -> None:
        """After the last step so far: deterministic gates."""
        self.gates.data.copy_(deterministic(self.log_alpha.detach()))

    def snapshot(self) -> Tensors:
        """The distributions with their moments, the multipliers, and the state of the random numbers."""
        lagrangian = self.lagrangian
        counted = torch.tensor([lagrangian.linear, lagrangian.quadratic, lagrangian.steps], dtype=torch.float64)
        drawn = {"lagrangian": counted, "random.gates": self.generator.get_state()}
        return weights_and_moments({"log_alpha": self.log_alpha}, [self.optimizer]) | drawn

    def restore(self, tensors: Tensors) -> None:
        """Put them back as they were at a snapshot."""
        put_back(tensors, {"log_alpha": self.log_alpha}, [self.optimizer])
        self.lagrangian.linear, self.lagrangian.quadratic, steps = tensors["lagrangian"].tolist()
        self.lagrangian.steps = int(steps)
        self.generator.set_state(tensors["random.gates"].clone())
