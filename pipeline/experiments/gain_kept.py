"""What the language models add to F1, and how much of it pruning keeps: the tables of docs/results.md."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.report.tables import DIFFERENCES, interval, markdown_table, percent, signed


def gain_section(published: Sequence[Mapping[str, Any]]) -> str:
    """Both tables of every published result that has a comparison."""
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
    """What is left after pruning beside what is to be left."""
    kept, goals = comparison["gain_kept"], comparison["goals"]
    rows = [
        ["gain in F1, dev", percent(kept["dev"]), f"at least {100 * goals['gain_kept']:.0f} %"],
        ["gain in F1, test", percent(kept["test"]), f"at least {100 * goals['gain_kept']:.0f} %"],
        ["resamples of test that reach that goal", percent(kept["test_resamples_at_goal"]), ""],
        [
            "MACs of the language models",
            percent(comparison["lm_macs_kept"]),
            f"at most {100 * goals['lm_macs_kept']:.0f} %",
        ],
    ]
    return markdown_table(["left after pruning", "share", "goal"], rows)


def _section(document: Mapping[str, Any]) -> str:
    profile, comparison = document["params"]["profile"], document["comparison"]
    links = f"([all numbers](../results/{profile}/results.json), {comparison['resamples']:,} resamples)"
    return f"**{profile}** {links}\n\n{kept_table(comparison)}\n{differences_table(comparison)}"
