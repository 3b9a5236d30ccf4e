"""Search among all sets of layers for the one with the best dev F1 of the full tagger; nothing is trained."""

import itertools
from collections.abc import Iterator

from tqdm import tqdm

from pipeline.selection.masked_tagger import MaskedTagger, Pair, importance_of
from pipeline.selection.selection import SelectionTask
from pipeline.tagger.epochs import EpochRecord


def select(task: SelectionTask) -> Iterator[EpochRecord]:
    """Keep the best set that the budget allows."""
    masked = MaskedTagger(task.tagger, task.selection.lm, task.data)
    yield task.keep_most_important(importance_of(exhaustive_search(masked, task.params.max_layers), task.layers))


def exhaustive_search(masked: MaskedTagger, max_layers: int) -> Pair:
    """The best of all pairs of sets with `max_layers` layers together; of equally good ones, that of the lowest layers.

    The backward model's projections of all its sets are kept in memory, a number for each word of dev and unit of P.
    """
    sizes = range(max(0, max_layers - masked.layers), min(max_layers, masked.layers) + 1)  # of a direction
    sets = [kept for size in sizes for kept in itertools.combinations(range(masked.layers), size)]
    from_right = {kept: masked.project(1, kept) for kept in sets}
    scored: list[tuple[float, int, Pair]] = []
    with tqdm(desc="scoring sets of layers", unit=" sets", disable=None) as progress:
        for forward_kept in sets:
            from_left = masked.project(0, forward_kept)
            for backward_kept in (kept for kept in sets if len(kept) == max_layers - len(forward_kept)):
                pair = (forward_kept, backward_kept)
                f1 = masked.dev_f1(from_left, from_right[backward_kept])
                scored.append((-f1, sum(map(sum, pair)), pair))
                progress.update()
    return min(scored)[2]
