"""The paired bootstrap against the same thing done sentence by sentence; intervals that are known beforehand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.evaluation.bootstrap import RESAMPLES_AT_ONCE, resampled_f1

RESAMPLES = RESAMPLES_AT_ONCE + 30


def make_counts(seed: int, seeds: int, sentences: int = 12) -> NDArray[np.int64]:
    """Random correct, predicted and gold spans, many sentences without any."""
    generator = np.random.default_rng(seed)
    predicted, gold = generator.integers(0, 4, size=(2, seeds, sentences))
    return np.stack([np.minimum(predicted, gold) // 2, predicted, gold], -1)


def slow_f1(counts: NDArray[np.int64], chosen: list[int]) -> float:
    """Mean over seeds of the F1 of the chosen sentences."""
    scores = []
    for of_seed in counts.tolist():
        correct, predicted, gold = (sum(of_seed[sentence][kind] for sentence in chosen) for kind in range(3))
        scores.append(200 * correct / (predicted + gold) if predicted + gold else 0.0)
    return sum(scores) / len(scores)


def test_scores_are_those_of_the_drawn_sentences() -> None:
    counts = {"one": make_counts(1, seeds=2), "other": make_counts(2, seeds=3)}
    generator = np.random.default_rng(7)
    draws = [generator.integers(12, size=12).tolist() for _ in range(RESAMPLES)]
    fast = resampled_f1(counts, RESAMPLES, seed=7)
    for variant, of_variant in counts.items():
        assert fast[variant].tolist() == pytest.approx([slow_f1(of_variant, drawn) for drawn in draws])


def test_equal_taggers_never_differ_and_a_better_one_always_wins() -> None:
    worse = make_counts(1, seeds=2, sentences=50)
    worse[..., 1:] += 1
    better = worse + np.array([1, 0, 0])
    scores = resampled_f1({"worse": worse, "same": worse, "better": better}, 200, seed=1)
    assert (scores["same"] == scores["worse"]).all()
    assert (scores["better"] > scores["worse"]).all()


def test_the_spread_is_that_of_the_sentences() -> None:
    """One span a sentence, found or not: F1 is a mean of coins, whose standard error is known."""
    found = np.arange(400) % 4 != 0
    counts = np.stack([found, np.ones_like(found), np.ones_like(found)], -1).astype(np.int64)[None]
    scores = resampled_f1({"only": counts}, 4000, seed=1)["only"]
    assert scores.mean() == pytest.approx(75, abs=0.2)
    assert scores.std() == pytest.approx(100 * (0.75 * 0.25 / 400) ** 0.5, rel=0.05)


def test_no_spans_at_all() -> None:
    assert resampled_f1({"only": np.zeros((1, 3, 3), dtype=np.int64)}, 10, seed=1)["only"].tolist() == [0.0] * 10


def test_variants_must_have_the_same_sentences() -> None:
    with pytest.raises(ValueError, match="unpack"):
        resampled_f1({"one": make_counts(1, 1, 5), "other": make_counts(1, 1, 6)}, 1, seed=1)
