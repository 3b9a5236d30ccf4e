"""The variants of one training against one another: what the language models add to F1, what pruning keeps of it, and
at what cost. Between trainings nothing is compared: teachers and text would count as what layers add."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.evaluation.bootstrap import resampled_f1
from pipeline.evaluation.conlleval import f1

RESAMPLES = 10_000
SEED = 1  # of the resampling alone, so that it is the same in all experiments
DIFFERENCES = {
    "pruned_minus_full": ("pruned", "full"),
    "pruned_minus_no_lm": ("pruned", "no_lm"),
    "full_minus_no_lm": ("full", "no_lm"),
}
GOALS = {"gain_kept": 0.95, "lm_macs_kept": 0.2}  # pruning is to keep at least, and at most, these shares


def compare(rows: Sequence[Mapping[str, Any]], counts: Mapping[str, NDArray[np.int64]]) -> dict[str, Any]:
    """Differences in F1 (percentage points) and shares (of 1) of the gain and of the cost that are left after pruning.

    `rows` are those of `evaluate_variant`, `counts` (seeds, sentences, 3) the spans of their predictions on the test
    split; all of one training. Intervals are the middle 95 percent of a paired bootstrap (`resampled_f1`). There is no
    share of the gain (None) unless the interval of the gain lies above 0.
    """
    test = {variant: float(f1(of_variant.sum(1)).mean()) for variant, of_variant in counts.items()}
    dev = {row["variant"]: row["dev_f1_mean"] for row in rows}
    macs = {row["variant"]: row["macs_per_word_by_part"]["language_models"] for row in rows}
    resampled = resampled_f1(counts, RESAMPLES, SEED)
    gain = resampled["full"] - resampled["no_lm"]
    at_goal = resampled["pruned"] - resampled["no_lm"] >= GOALS["gain_kept"] * gain
    differences = {
        name: {
            "dev_f1": round(dev[one] - dev[other], 4),
            "test_f1": round(test[one] - test[other], 4),
            **_spread(resampled[one] - resampled[other]),
        }
        for name, (one, other) in DIFFERENCES.items()
    }
    shares = {
        "dev": gain_kept(dev),
        "test": gain_kept(test),
        "test_resamples_at_goal": round(float(at_goal.mean()), 4),
    }
    return {
        "resamples": RESAMPLES,
        "differences": differences,
        "gain_kept": shares if differences["full_minus_no_lm"]["test_f1_low"] > 0 else None,
        "lm_macs_kept": round(macs["pruned"] / macs["full"], 4),
        "goals": GOALS,
    }


def gain_kept(scores: Mapping[str, float]) -> float | None:
    """Share of what all LM layers add to F1 that the pruned ones add; None if all of them add nothing."""
    gain = scores["full"] - scores["no_lm"]
    return round((scores["pruned"] - scores["no_lm"]) / gain, 4) if gain > 0 else None


def _spread(differences: NDArray[np.float64]) -> dict[str, float]:
    low, high = np.quantile(differences, [0.025, 0.975])
    return {
        "test_f1_low": round(float(low), 4),
        "test_f1_high": round(float(high), 4),
        "test_resamples_above_0": round(float((differences > 0).mean()), 4),
    }
