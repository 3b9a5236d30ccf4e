"""Sections of the README: what pruning keeps of each result, in one row."""

from typing import Any

from pipeline.publishing.readme_sections import kept_overview
from pipeline.report.results import build_results
from tests.report_factories import make_metrics, make_params


def document_with(**changes: Any) -> dict[str, Any]:
    """A result of the demo whose comparisons in both trainings have these values."""
    document = build_results(make_params("demo", "demo"), make_metrics())
    for comparison in document["comparison"].values():
        comparison.update(changes)
    return document


def test_a_row_says_gain_and_what_is_kept_of_each_training_and_the_cost_once() -> None:
    kept = {"test": 0.976, "dev": 0.98, "test_resamples_at_goal": 0.8}
    lines = kept_overview([document_with(gain_kept=kept, lm_macs_kept=0.12)]).splitlines()
    assert lines[0] == "| profile | gain, gold | kept, gold: test; dev | gain, taught | kept, taught: test; dev | " + (
        "MACs of the LMs left | more |"
    )
    assert lines[2].startswith("| demo | +12.30 | 97.6 %; 98.0 % | +12.30 | 97.6 %; 98.0 % | 12.0 % | [figure](")
    assert "at least 95 % of the gain kept" in lines[4] and "at most 20 %" in lines[4]


def test_what_misses_a_goal_is_bold() -> None:
    kept = {"test": 0.94, "dev": 0.95, "test_resamples_at_goal": 0.4}
    row = kept_overview([document_with(gain_kept=kept, lm_macs_kept=0.21)]).splitlines()[2]
    assert "| **94.0 %**; 95.0 % |" in row and "| **21.0 %** |" in row


def test_no_share_of_a_gain_that_is_not_significant_or_not_on_dev() -> None:
    row = kept_overview([document_with(gain_kept=None)]).splitlines()[2]
    assert row.count("| no share: the gain is not significant |") == 2
    kept = {"test": 0.96, "dev": None, "test_resamples_at_goal": 0.6}
    assert "| 96.0 % |" in kept_overview([document_with(gain_kept=kept)]).splitlines()[2]
