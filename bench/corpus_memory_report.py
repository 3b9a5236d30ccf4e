"""Figure and table of the memory that corpora of several sizes take."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from pipeline.report.figure_files import STYLE
from pipeline.report.tables import markdown_table

PARTS = {"preparation": "prepare_corpus", "pretraining": "pretrain_lm, first steps"}
HEADER = ["text, M tokens", "shards", "vocabulary", "preparation, peak MB", "its CPU s", "pretraining, peak MB"]


def draw(results: Sequence[Mapping[str, Any]]) -> Figure:
    """Memory over time, as a share of the run, a line for each size."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8, 3.6), layout="constrained")
        for axes, (part, title) in zip(figure.subplots(1, 2), PARTS.items(), strict=True):
            for result in results:
                times, memory = zip(*result[part]["memory_curve"], strict=True)
                shares = [100 * time / result[part]["seconds"] for time in times]
                axes.plot(shares, memory, linewidth=1.5, label=f"{result['million_tokens']:g} M tokens")
            axes.set_ylim(bottom=0)
            axes.set_xlabel("share of the run (%)")
            axes.set_ylabel("memory of all processes (MB)")
            axes.set_title(title)
            axes.legend(loc="lower right")
    return figure


def memory_section(results: Sequence[Mapping[str, Any]]) -> str:
    """The table."""
    rows = []
    for result in results:
        preparation, pretraining = result["preparation"], result["pretraining"]
        rows.append(
            [
                f"{result['million_tokens']:g}",
                f"{result['shards']}",
                f"{result['vocabulary']:,}",
                f"{preparation['peak_mb']:.0f}",
                f"{preparation['cpu_seconds']:g}",
                f"{pretraining['peak_mb']:.0f}",
            ]
        )
    return markdown_table(HEADER, rows)
