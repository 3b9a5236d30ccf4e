"""Which points are worth their cost."""

from collections.abc import Sequence


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Indices, by cost, of the points (cost, score) that no other point matches at less cost or beats at no more.

    Equal points are on the front together.
    """
    front: list[int] = []
    for index in sorted(range(len(points)), key=lambda index: (points[index][0], -points[index][1])):
        if not front or points[index][1] > points[front[-1]][1] or points[index] == points[front[-1]]:
            front.append(index)
    return front


def knee(points: Sequence[tuple[float, float]]) -> int | None:
    """Index of the point of the front that lies farthest above the chord from the front's first to its last point.

    Cost and score are scaled to [0, 1] first (as in Satopää et al., "Finding a Kneedle in a Haystack", 2011). The
    cheapest of equally far points; None if no point lies above the chord.
    """
    front = pareto_front(points)
    (first_cost, first_score), (last_cost, last_score) = points[front[0]], points[front[-1]]
    if first_cost == last_cost:
        return None
    heights = [
        (points[index][1] - first_score) / (last_score - first_score)
        - (points[index][0] - first_cost) / (last_cost - first_cost)
        for index in front
    ]
    highest = max(heights)
    return front[heights.index(highest)] if highest > 1e-12 else None
