"""Span F1."""

import pytest

from pipeline.tagger.scoring import span_scores


def test_span_scores_by_hand() -> None:
    gold = [["B-A", "E-A", "O", "S-B"], ["S-A", "O"]]
    predicted = [["B-A", "E-A", "O", "S-A"], ["O", "O"]]
    overall, by_type = span_scores(gold, predicted)
    assert overall == pytest.approx(100 * 2 * 1 / (2 + 3))
    assert by_type == {"A": pytest.approx(50.0), "B": 0.0}
    assert span_scores(gold, gold)[0] == 100.0
    assert span_scores(gold, [["O"] * 4, ["O"] * 2])[0] == 0.0
