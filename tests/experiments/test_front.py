"""The front and its knee against obvious definitions."""

import itertools
import math
import random

import pytest

from pipeline.experiments.front import knee, pareto_front

Place = tuple[float, float]


def beats(one: Place, other: Place) -> bool:
    """Whether `one` is at least as cheap and as good, and not the same."""
    return one != other and one[0] <= other[0] and one[1] >= other[1]


def obvious_front(points: list[Place]) -> set[int]:
    return {index for index, point in enumerate(points) if not any(beats(other, point) for other in points)}


def distance_from_line(point: Place, start: Place, end: Place) -> float:
    """Signed area of the triangle over the length of its base: positive above the line."""
    (x, y), (x1, y1), (x2, y2) = point, start, end
    return ((x2 - x1) * (y - y1) - (x - x1) * (y2 - y1)) / math.hypot(x2 - x1, y2 - y1)


def random_points(seed: int) -> list[Place]:
    """Up to eight points on a small grid, so that there are ties and duplicates."""
    rng = random.Random(seed)
    return [(float(rng.randint(1, 6)), float(rng.randint(1, 6))) for _ in range(rng.randint(1, 8))]


@pytest.mark.parametrize("seed", range(200))
def test_front_is_what_no_other_point_beats(seed: int) -> None:
    points = random_points(seed)
    front = pareto_front(points)
    assert set(front) == obvious_front(points) and len(front) == len(set(front))
    assert all(points[one] <= points[other] for one, other in itertools.pairwise(front))


@pytest.mark.parametrize("seed", range(200))
def test_knee_is_farthest_from_the_chord(seed: int) -> None:
    points = random_points(seed)
    front = sorted((points[index], index) for index in obvious_front(points))
    (x1, y1), (x2, y2) = front[0][0], front[-1][0]
    if x1 == x2:
        assert knee(points) is None
        return
    scaled = {index: ((x - x1) / (x2 - x1), (y - y1) / (y2 - y1)) for (x, y), index in front}
    distances = {index: distance_from_line(place, (0, 0), (1, 1)) for index, place in scaled.items()}
    highest = max(distances.values())
    found = knee(points)
    if highest < 1e-9:
        assert found is None
    else:
        assert found is not None and distances[found] == pytest.approx(highest)


def test_knee_by_hand() -> None:
    assert knee([(1, 70), (2, 90), (3, 93), (4, 95)]) == 1
    assert knee([(4, 95), (2, 90), (1, 70), (3, 60)]) == 1  # in any order; the last is beaten
    assert knee([(1, 70), (2, 80), (3, 90)]) is None  # straight
    assert knee([(1, 70), (2, 71), (3, 90)]) is None  # below the chord
    assert knee([(1, 70)]) is None


def test_knee_does_not_depend_on_units() -> None:
    points = [(1.0, 70.0), (2.0, 88.0), (3.0, 93.0), (4.0, 95.0)]
    assert knee(points) == knee([(cost * 1e6, score / 100) for cost, score in points])
