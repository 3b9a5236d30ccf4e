"""Differences between the variants, and the shares of gain and cost that pruning keeps."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.evaluation import comparison
from pipeline.evaluation.bootstrap import resampled_f1
from pipeline.evaluation.comparison import RESAMPLES, SEED, compare, gain_kept

SENTENCES = 40


def make_counts(correct: dict[str, int]) -> dict[str, NDArray[np.int64]]:
    """One span a sentence and two seeds; the first `correct` sentences of a variant are right, one less with seed 2."""
    counts = {}
    for variant, number in correct.items():
        of_variant = np.ones((2, SENTENCES, 3), dtype=np.int64)
        of_variant[0, number:, 0] = of_variant[1, max(0, number - 1) :, 0] = 0
        counts[variant] = of_variant
    return counts


def make_rows() -> list[dict[str, Any]]:
    macs = {"no_lm": 0, "full": 2000, "pruned": 300}
    dev = {"no_lm": 50.0, "full": 90.0, "pruned": 86.0}
    return [
        {"variant": variant, "dev_f1_mean": dev[variant], "macs_per_word_by_part": {"language_models": macs[variant]}}
        for variant in ("no_lm", "full", "pruned")
    ]


def test_by_hand() -> None:
    compared = compare(make_rows(), make_counts({"no_lm": 11, "full": 31, "pruned": 30}))
    points = {name: (of_name["dev_f1"], of_name["test_f1"]) for name, of_name in compared["differences"].items()}
    assert points == {
        "pruned_minus_full": (-4.0, -2.5),
        "pruned_minus_no_lm": (36.0, 47.5),
        "full_minus_no_lm": (40.0, 50.0),
    }
    assert (compared["gain_kept"]["dev"], compared["gain_kept"]["test"]) == (0.9, 0.95)
    assert compared["differences"]["full_minus_no_lm"]["test_f1_low"] > 0
    assert compared["lm_macs_kept"] == 0.15


def test_shares_and_differences_are_rounded_to_four_places() -> None:
    rows = make_rows()
    for row, f1, macs in zip(rows, (50.0, 80.123456, 70.654321), (0, 30_000, 10_001), strict=True):
        row["dev_f1_mean"], row["macs_per_word_by_part"] = f1, {"language_models": macs}
    compared = compare(rows, make_counts({"no_lm": 1, "full": 31, "pruned": 24}))
    assert compared["differences"]["pruned_minus_full"]["dev_f1"] == -9.4691
    assert compared["gain_kept"]["dev"] == 0.6857  # 20.654321 of 30.123456
    assert compared["gain_kept"]["test"] == 0.7667  # 23 of 30 sentences
    assert compared["lm_macs_kept"] == 0.3334
    for of_name in compared["differences"].values():
        assert all(value == round(value, 4) for value in of_name.values())
    assert compared["goals"] == {"gain_kept": 0.95, "lm_macs_kept": 0.2}


def test_intervals_are_those_of_the_resampled_differences() -> None:
    counts = make_counts({"no_lm": 11, "full": 31, "pruned": 30})
    compared = compare(make_rows(), counts)
    scores = resampled_f1(counts, RESAMPLES, SEED)
    differences = sorted(scores["pruned"] - scores["full"])
    found = compared["differences"]["pruned_minus_full"]
    assert found["test_f1_low"] == pytest.approx(differences[RESAMPLES // 40], abs=1e-3)
    assert found["test_f1_high"] == pytest.approx(differences[-RESAMPLES // 40], abs=1e-3)
    assert found["test_resamples_above_0"] == 0.0  # what the pruned tagger finds, the full one finds
    reached = [
        pruned - without >= 0.95 * (full - without)
        for pruned, full, without in zip(scores["pruned"], scores["full"], scores["no_lm"], strict=True)
    ]
    assert compared["gain_kept"]["test_resamples_at_goal"] == pytest.approx(sum(reached) / RESAMPLES)


def test_the_same_every_time() -> None:
    counts = make_counts({"no_lm": 11, "full": 31, "pruned": 30})
    assert compare(make_rows(), counts) == compare(make_rows(), counts)


def test_no_gain_has_no_share() -> None:
    assert gain_kept({"no_lm": 50.0, "full": 50.0, "pruned": 60.0}) is None
    assert gain_kept({"no_lm": 50.0, "full": 49.0, "pruned": 49.5}) is None
    assert gain_kept({"no_lm": 50.0, "full": 60.0, "pruned": 61.0}) == 1.1
    compared = compare(make_rows(), make_counts({"no_lm": 0, "full": 0, "pruned": 0}))
    assert compared["gain_kept"] is None
    assert compared["differences"]["full_minus_no_lm"]["test_f1_high"] == 0.0


def test_a_gain_whose_interval_reaches_0_has_no_share() -> None:
    """One sentence more is right with all layers: resamples without that sentence have no gain."""
    compared = compare(make_rows(), make_counts({"no_lm": 30, "full": 31, "pruned": 31}))
    gain = compared["differences"]["full_minus_no_lm"]
    assert gain["test_f1"] > 0 == gain["test_f1_low"] and compared["gain_kept"] is None


def test_the_goal_is_met_at_once_by_an_equal_tagger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "RESAMPLES", 100)
    compared = compare(make_rows(), make_counts({"no_lm": 11, "full": 31, "pruned": 31}))
    assert compared["gain_kept"]["test_resamples_at_goal"] == 1.0 and compared["resamples"] == 100
