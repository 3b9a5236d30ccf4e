"""The speed table of docs/speed.md."""

from collections.abc import Mapping, Sequence
from typing import Any

from bench.measured_tagger import shown_commit
from pipeline.report.tables import markdown_table

HEADER = ["what", "product", "baseline", "unit", "ratio", "goal", "share of matrix rate"]


def speed_section(rows: Sequence[Mapping[str, Any]]) -> str:
    """The table, and what its numbers are."""
    if not rows:
        return "No speeds are published yet.\n"
    runs = sorted({row["runs"] for row in rows})
    commits = ", ".join(dict.fromkeys(map(shown_commit, rows)))
    data, machines = (" and ".join(dict.fromkeys(row[key] for row in rows)) for key in ("data", "machine"))
    numbers = "-".join(map(str, dict.fromkeys((runs[0], runs[-1]))))
    legend = (
        f"Sentences: {data}. Machine: {machines}, two cores for each side. Commit: {commits}. "
        f"Speeds are medians of {numbers} alternating runs; a ratio is the median of the ratios of the pairs. The "
        "baseline (`bench/baseline/`) computes in the published way with plain torch modules, in float32, on the same "
        "weights. Share: operations by the closed form (with those that layer-wise dropout lets the product leave out),"
        " of what a large matrix product of the same precision reached meanwhile (of bfloat16 for int8, which "
        "may be more than 100 %). What each side did: [results/speed.json](../results/speed.json).\n"
    )
    return "\n".join([markdown_table(HEADER, [_cells(row) for row in rows]), *_amortised(rows), *_missed(rows), legend])


def _cells(row: Mapping[str, Any]) -> list[str]:
    rate_goal = row["baseline"] is None
    precision = "bfloat16" if "share_of_gemm_bfloat16" in row else "float32"
    share = row.get(f"share_of_gemm_{precision}")
    goal = f"{row['goal']:,.0f}" if rate_goal else f"{row['goal']:g}"
    return [
        row["what"],
        f"{row['product']:,.0f}",
        "" if rate_goal else f"{row['baseline']:,.0f}",
        row["unit"],
        "" if rate_goal else f"{row['ratio']:.2f}",
        goal if row["goal"] else "",
        "" if share is None else f"{100 * share:.0f} %",
    ]


def _amortised(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"{row['what']}: {row['ratio_with_table']:.2f} with the making of the table spread over {row['epochs']} epochs "
        "of one seed.\n"
        for row in rows
        if "ratio_with_table" in row
    ]


def _missed(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Which goals are missed, if any."""
    missed = []
    for row in rows:
        _, product, _, _, ratio, goal, _ = _cells(row)
        if (row["product"] if row["baseline"] is None else row["ratio"]) < row["goal"]:
            missed.append(f"{row['what']} ({ratio or product}, goal {goal})")
    return [f"Goals that are missed: {'; '.join(missed)}.\n"] if missed else []
