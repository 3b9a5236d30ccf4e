"""The figure that the method is about: test F1 against the cost of a word."""

from collections.abc import Mapping
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from pipeline.report.figure_files import COLOURS, STYLE
from pipeline.report.paper_results import PUBLISHED
from pipeline.report.tables import NAMES, millions


def f1_against_cost(document: Mapping[str, Any], *, narrow: bool = False) -> Figure:
    """Our taggers as filled points, the published ones for the same data hollow; bars are standard deviations.

    A narrow figure has no room for names beside the points: there they are in the legend, below.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8, 4.2), layout="constrained")
        axes = figure.add_subplot()
        for row in document["rows"]:
            _draw_ours(axes, row, named=not narrow)
        _join(axes, document["rows"])
        if document["data"] in PUBLISHED:
            _draw_published(axes, document["data"], legend=not narrow)
        _label(axes, document["data"])
        if narrow:
            figure.legend(loc="outside lower center")
    return figure


def _draw_ours(axes: Axes, row: Mapping[str, Any], *, named: bool) -> None:
    place = (row["macs_per_word"], row["test_f1_mean"])
    colour = COLOURS[row["variant"]]
    kept = sum(map(len, row["layers_kept"].values()))
    layers = "" if row["variant"] == "no_lm" else f"{kept} layer{'s' * (kept != 1)}, "
    cost = f"{layers}{millions(row['macs_per_word'])} M"
    label = f"{NAMES[row['variant']]}: {cost}"
    axes.errorbar(
        *place, yerr=row["test_f1_sd"], fmt="o", markersize=10, color=colour, capsize=4, zorder=3, label=label
    )
    if not named:
        return
    above = row["variant"] != "no_lm"  # the line that joins the points comes from below, the published ones lie right
    axes.annotate(
        f"{NAMES[row['variant']]}\n{cost}",
        place,
        (-12, 8) if above else (12, -8),
        textcoords="offset points",
        ha="right" if above else "left",
        va="bottom" if above else "top",
        color=colour,
        zorder=4,
    )


def _join(axes: Axes, rows: list[Mapping[str, Any]]) -> None:
    """A thin line through the points, in order of cost."""
    points = sorted((row["macs_per_word"], row["test_f1_mean"]) for row in rows)
    axes.plot(*zip(*points, strict=True), color="#bbbbbb", linewidth=1, zorder=1)


def _draw_published(axes: Axes, data: str, *, legend: bool) -> None:
    for variant, point in PUBLISHED[data].items():
        axes.errorbar(
            point.macs_per_word, point.f1_mean, yerr=point.f1_sd, fmt="o", markersize=10,
            color=COLOURS[variant], markerfacecolor="white", capsize=4, zorder=2,
            label="hollow: published" if variant == "no_lm" else None,
        )  # fmt: skip
    if not legend:
        return
    marks = [
        Line2D([], [], marker="o", linestyle="", markersize=8, color="#444444", markerfacecolor=fill)
        for fill in ("#444444", "white")
    ]
    axes.legend(marks, ["this repository", "published (LM of a billion words)"], loc="lower right")


def _label(axes: Axes, data: str) -> None:
    axes.set_xscale("log")
    axes.margins(x=0.15, y=0.25)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 1e6:g}"))
    axes.set_xlabel("million multiply-accumulates per word (log scale)")
    axes.set_ylabel("test F1 (%)")
    axes.set_title(f"F1 against cost, {data}")
