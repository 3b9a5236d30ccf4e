"""Leave out layers one by one, by the dev F1 of the full tagger without them; nothing is trained."""

from collections.abc import Iterator

from tqdm import tqdm

from pipeline.selection.masked_tagger import KeptLayers, MaskedTagger, Pair, Projected, importance_of
from pipeline.selection.selection import SelectionTask
from pipeline.tagger.epochs import EpochRecord


def select(task: SelectionTask) -> Iterator[EpochRecord]:
    """Keep what is left when the budget is reached."""
    masked = MaskedTagger(task.tagger, task.selection.lm, task.data)
    yield task.keep_most_important(importance_of(greedy_search(masked, task.params.max_layers), task.layers))


def greedy_search(masked: MaskedTagger, max_layers: int) -> Pair:
    """From all layers on, leave out the one that dev F1 misses least, until `max_layers` are left.

    Of equally good ones, the later layer of its direction goes first; after that, the forward one.
    """
    everything = tuple(range(masked.layers))
    kept = [everything, everything]
    current = [masked.project(direction, everything) for direction in (0, 1)]
    without: dict[tuple[int, int], Projected] = {}  # by direction and layer; of use until the direction loses a layer
    with tqdm(desc="leaving out layers", unit=" sets", disable=None) as progress:
        while sum(map(len, kept)) > max_layers:
            scored = []
            for direction, layer in _candidates(kept):
                if (direction, layer) not in without:
                    without[direction, layer] = masked.project(direction, _less(kept[direction], layer))
                pair = [*current]
                pair[direction] = without[direction, layer]
                scored.append((-masked.dev_f1(*pair), -layer, direction))
                progress.update()
            _, negative_layer, direction = min(scored)
            current[direction] = without[direction, -negative_layer]
            kept[direction] = _less(kept[direction], -negative_layer)
            without = {key: projected for key, projected in without.items() if key[0] != direction}
    return kept[0], kept[1]


def _candidates(kept: list[KeptLayers]) -> Iterator[tuple[int, int]]:
    return ((direction, layer) for direction in (0, 1) for layer in kept[direction])


def _less(kept: KeptLayers, layer: int) -> KeptLayers:
    return tuple(other for other in kept if other != layer)
