"""Choices of layers that look at nothing, for comparison: what any method has to beat."""

from collections.abc import Iterator
from typing import Literal, cast

import torch
from torch import Tensor

from pipeline.selection.selection import SelectionTask
from pipeline.tagger.epochs import EpochRecord

Control = Literal["first", "last", "random"]


def select(task: SelectionTask) -> Iterator[EpochRecord]:
    """Keep the first, the last or random layers, as select.method says."""
    control = cast(Control, task.params.method)
    yield task.keep_most_important(control_scores(control, task.layers, task.params.random_seed))


def control_scores(control: Control, layers: int, seed: int) -> Tensor:
    """Scores (2 L) of the `layers` L of both directions, to be used as importance: each more than 0.

    The first or the last layers alternate between the directions, the backward one first; all subsets of random layers
    are equally likely, and a larger one with the same seed has those of a smaller one.
    """
    if control == "random":
        return 1.0 + torch.randperm(2 * layers, generator=torch.Generator().manual_seed(seed))
    depth = torch.arange(layers).repeat(2)
    return 1.0 + (depth if control == "last" else layers - depth)
