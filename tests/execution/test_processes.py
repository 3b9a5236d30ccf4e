"""Work in several processes against the builtin map."""

from collections.abc import Iterator

import pytest

from ldnet.errors import InputError
from pipeline.execution.processes import ordered_map


def square(number: int) -> int:
    if number < 0:
        raise InputError(f"{number}: expected 0 or more")
    return number * number


@pytest.mark.parametrize("processes", [1, 2])
def test_results_come_in_the_order_of_the_tasks(processes: int) -> None:
    with ordered_map(processes) as run:
        assert list(run(square, iter(range(20)))) == [square(number) for number in range(20)]
        with pytest.raises(InputError, match="-1: expected"):
            list(run(square, [1, -1, -2]))


def test_tasks_are_taken_when_they_are_due() -> None:
    taken = []

    def tasks() -> Iterator[int]:
        for number in range(50):
            taken.append(number)
            yield number

    with ordered_map(2) as run:
        results = run(square, tasks())
        assert next(results) == 0
        assert len(taken) == 3, "one for each process, and one waiting"
        assert len(list(results)) == 49
