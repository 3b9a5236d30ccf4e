"""Durations by hand."""

import pytest

from pipeline.durations import duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (99.4, "99 s"),
        (100, "2 min"),
        (5999, "100 min"),
        (6000, "1.7 h"),
        (172_799, "48.0 h"),
        (172_800, "2.0 days"),
        (864_000, "10.0 days"),
    ],
)
def test_durations_by_hand(seconds: float, words: str) -> None:
    assert duration(seconds) == words
