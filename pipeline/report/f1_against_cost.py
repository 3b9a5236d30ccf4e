"""The figure that the method is about: test F1 against the cost of a word."""

from collections.abc import Mapping
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pipeline.report.figure_files import COLOURS, STYLE, label_powers
from pipeline.report.paper_results import PUBLISHED
from pipeline.report.tables import NAMES, millions
from pipeline.six_taggers import TRAININGS, VARIANTS

MARKERS = {"gold": "o", "taught": "D"}
LINES: Mapping[str, Any] = {"gold": "-", "taught": "--"}
SIZES = {"gold": 11, "taught": 7}  # points of both trainings may lie on each other
DARK = "#444444"


def f1_against_cost(document: Mapping[str, Any], *, narrow: bool = False) -> Figure:
    """Our taggers as filled points, a marker and a line a training, and the published ones for the same data hollow.

    Bars are standard deviations. A narrow figure has no room for names beside the points: there they are in the legend,
    below.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8, 4.2), layout="constrained")
        axes = figure.add_subplot()
        rows = document["rows"]
        trainings = [training for training in TRAININGS if any(row["training"] == training for row in rows)]
        for row in rows:
            _draw_ours(axes, row)
        for training in trainings:
            _join(axes, [row for row in rows if row["training"] == training], LINES[training])
        if document["data"] in PUBLISHED:
            _draw_published(axes, document["data"])
        _label(axes, document["data"])
        keys = _keys(trainings, published=document["data"] in PUBLISHED)
        if narrow:
            names = [
                Line2D([], [], marker="s", linestyle="", color=COLOURS[row["variant"]], label=_name(row, ": "))
                for row in _one_a_variant(rows)
            ]
            figure.legend(handles=[*names, *keys], loc="outside lower center")
        else:
            for row in _one_a_variant(rows):
                _name_point(axes, row)
            axes.legend(handles=keys, loc="lower right")
    return figure


def _draw_ours(axes: Axes, row: Mapping[str, Any]) -> None:
    axes.errorbar(
        row["macs_per_word"], row["test_f1_mean"], yerr=row["test_f1_sd"] if len(row["seeds"]) > 1 else None,
        fmt=MARKERS[row["training"]],
        markersize=SIZES[row["training"]], color=COLOURS[row["variant"]], markeredgecolor="white", capsize=4,
        zorder=3 + (row["training"] == "taught"),
    )  # fmt: skip


def _one_a_variant(rows: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The row of each variant by which its name stands: the lower one of no_lm, the higher one of others, since the
    lines that join the points come from below."""
    found = []
    for variant in VARIANTS:
        if of_variant := sorted(
            (row for row in rows if row["variant"] == variant), key=lambda row: row["test_f1_mean"]
        ):
            found.append(of_variant[0 if variant == "no_lm" else -1])
    return found


def _name(row: Mapping[str, Any], joint: str) -> str:
    """Name and cost of the variant."""
    kept = sum(map(len, row["layers_kept"].values()))
    layers = "" if row["variant"] == "no_lm" else f"{kept} layer{'s' * (kept != 1)}, "
    return f"{NAMES[row['variant']]}{joint}{layers}{millions(row['macs_per_word'])} M"


def _name_point(axes: Axes, row: Mapping[str, Any]) -> None:
    above = row["variant"] != "no_lm"  # the published points lie right
    axes.annotate(
        _name(row, "\n"),
        (row["macs_per_word"], row["test_f1_mean"]),
        (-12, 8) if above else (12, -8),
        textcoords="offset points",
        ha="right" if above else "left",
        va="bottom" if above else "top",
        color=COLOURS[row["variant"]],
        zorder=4,
    )


def _join(axes: Axes, rows: list[Mapping[str, Any]], line: str) -> None:
    """A thin line through the points of a training, in order of cost."""
    points = sorted((row["macs_per_word"], row["test_f1_mean"]) for row in rows)
    axes.plot(*zip(*points, strict=True), color="#bbbbbb", linewidth=1, linestyle=line, zorder=1)


def _draw_published(axes: Axes, data: str) -> None:
    for variant, point in PUBLISHED[data].items():
        axes.errorbar(
            point.macs_per_word, point.f1_mean, yerr=point.f1_sd, fmt=MARKERS["gold"], markersize=SIZES["gold"],
            color=COLOURS[variant], markerfacecolor="white", capsize=4, zorder=2,
        )  # fmt: skip


def _keys(trainings: list[str], *, published: bool) -> list[Line2D]:
    """What the markers mean."""
    keys = [
        Line2D([], [], marker=MARKERS[one], linestyle=LINES[one], color="#bbbbbb", markersize=8,
               markerfacecolor=DARK, markeredgecolor=DARK, label={"gold": "on gold tags", "taught": "taught"}[one])
        for one in trainings
    ]  # fmt: skip
    if published:
        label = "published (LM of a billion words)"
        keys.append(
            Line2D([], [], marker="o", linestyle="", color=DARK, markersize=8, markerfacecolor="white", label=label)
        )
    return keys


def _label(axes: Axes, data: str) -> None:
    axes.set_xscale("log")
    axes.margins(x=0.15, y=0.25)
    label_powers(axes.xaxis, lambda macs: f"{macs / 1e6:g}")
    axes.set_xlabel("million multiply-accumulates per word (log scale)")
    axes.set_ylabel("test F1 (%)")
    axes.set_title(f"F1 against cost, {data}")
