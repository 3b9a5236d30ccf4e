"""All results of each profile, what the language models add to F1, and how much of it pruning keeps: the tables of
docs/results.md."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.report.tables import (
    DIFFERENCES,
    Comparisons,
    gain_missed,
    has_gain,
    interval,
    legend,
    lm_table,
    markdown_table,
    misses_macs,
    outcome,
    percent,
    results_table,
    signed,
)


def gain_section(published: Sequence[Mapping[str, Any]]) -> str:
    """The tables of every published result."""
    return "\n".join(map(_section, published)) or "No comparison is published yet.\n"


def differences_table(comparisons: Comparisons) -> str:
    """One line a training and difference in F1, with its interval on the test split."""
    header = ["training", "difference in F1", "dev", "test", "95 % interval", "resamples above 0"]
    rows = [
        [
            training,
            name,
            signed(difference["dev_f1"]),
            signed(difference["test_f1"]),
            interval(difference),
            percent(difference["test_resamples_above_0"]),
        ]
        for training, comparison in comparisons.items()
        for key, name in DIFFERENCES.items()
        for difference in [comparison["differences"][key]]
    ]
    return markdown_table(header, rows)


def kept_table(comparisons: Comparisons) -> str:
    """What is left after pruning beside what is to be left, a training each; or why no share of a gain is given."""
    rows = []
    for training, comparison in comparisons.items():
        goals = comparison["goals"]
        if not has_gain(comparison):
            rows.append(["gain in F1", training, "not significant", ""])
            continue
        kept, missed, goal = comparison["gain_kept"], gain_missed(comparison), f"{100 * goals['gain_kept']:.0f} %"
        rows += [
            [f"gain in F1, {split}", training, percent(kept[split]), f"at least {goal}: {outcome(missed[split])}"]
            for split in ("dev", "test")
            if split in missed
        ]
        reached = percent(kept["test_resamples_at_goal"])
        rows.append(["resamples of test that reach that goal", training, reached, ""])
    first = next(iter(comparisons.values()))
    goal = f"at most {100 * first['goals']['lm_macs_kept']:.0f} %: {outcome(misses_macs(comparisons))}"
    rows.append(["MACs of the language models", "both", percent(first["lm_macs_kept"]), goal])
    return markdown_table(["left after pruning", "training", "share", "goal"], rows)


def _section(document: Mapping[str, Any]) -> str:
    profile, comparisons = document["params"]["profile"], document["comparison"]
    resamples = next(iter(comparisons.values()))["resamples"]
    links = f"([all numbers](../results/{profile}/results.json), {resamples:,} resamples)"
    parts = [
        results_table(document),
        legend(document),
        kept_table(comparisons),
        differences_table(comparisons),
        lm_table(document),
    ]
    return f"**{profile}** {links}\n\n" + "\n".join(parts)
