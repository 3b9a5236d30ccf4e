"""All results of each profile, what the language models add to F1, and how much of it pruning keeps: the tables of
docs/results.md."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.report.tables import (
    DIFFERENCES,
    goals_missed,
    has_gain,
    interval,
    legend,
    lm_table,
    markdown_table,
    no_share,
    percent,
    results_table,
    signed,
)


def gain_section(published: Sequence[Mapping[str, Any]]) -> str:
    """The tables of every published result that has a comparison."""
    sections = [_section(document) for document in published if "comparison" in document]
    return "\n".join(sections) or "No comparison is published yet.\n"


def differences_table(comparison: Mapping[str, Any]) -> str:
    """One line a difference in F1, with its interval on the test split."""
    header = ["difference in F1", "dev", "test", "95 % interval", "resamples above 0"]
    rows = [
        [
            name,
            signed(difference["dev_f1"]),
            signed(difference["test_f1"]),
            interval(difference),
            percent(difference["test_resamples_above_0"]),
        ]
        for key, name in DIFFERENCES.items()
        for difference in [comparison["differences"][key]]
    ]
    return markdown_table(header, rows)


def kept_table(comparison: Mapping[str, Any]) -> str:
    """What is left after pruning beside what is to be left; no share of a gain that there is not."""
    kept, goals, missed = comparison["gain_kept"], comparison["goals"], goals_missed(comparison)
    gain_goal, macs_goal = (f"{100 * goals[key]:.0f} %" for key in ("gain_kept", "lm_macs_kept"))
    rows = [
        [f"gain in F1, {split}", percent(kept[split]), f"at least {gain_goal}: {_met(missed[split])}"]
        for split in ("dev", "test")
        if split in missed
    ]
    if rows:
        rows.append(["resamples of test that reach that goal", percent(kept["test_resamples_at_goal"]), ""])
    share = percent(comparison["lm_macs_kept"])
    rows.append(["MACs of the language models", share, f"at most {macs_goal}: {_met(missed['lm_macs'])}"])
    return markdown_table(["left after pruning", "share", "goal"], rows)


def _met(missed: bool) -> str:
    return "missed" if missed else "met"


def _section(document: Mapping[str, Any]) -> str:
    profile, comparison = document["params"]["profile"], document["comparison"]
    links = f"([all numbers](../results/{profile}/results.json), {comparison['resamples']:,} resamples)"
    reason = "" if has_gain(comparison) else f"{no_share(comparison)}\n\n"
    parts = [
        results_table(document),
        legend(document),
        kept_table(comparison),
        f"{reason}{differences_table(comparison)}",
        lm_table(document),
    ]
    return f"**{profile}** {links}\n\n" + "\n".join(parts)
