"""The methods of layer selection by their names in select.method: modules of one shape, each with a `select`."""

from collections.abc import Callable, Iterator, Mapping

from pipeline.params import SelectMethod
from pipeline.selection import (
    controls,
    exhaustive_search,
    greedy_search,
    hard_concrete,
    importance,
    regularised_gates,
)
from pipeline.selection.selection import SelectionTask
from pipeline.tagger.epochs import EpochRecord

METHODS: Mapping[SelectMethod, Callable[[SelectionTask], Iterator[EpochRecord]]] = {
    "gates": regularised_gates.select,
    "hard_concrete": hard_concrete.select,
    "importance": importance.select,
    "greedy": greedy_search.select,
    "exhaustive": exhaustive_search.select,
    "first": controls.select,
    "last": controls.select,
    "random": controls.select,
}
TRAINED = ("gates", "hard_concrete")  # those that train for select.epochs
