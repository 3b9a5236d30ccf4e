"""The figure of a regularisation path: dev F1 against the cost of a word, and the knee."""

from collections.abc import Mapping
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.experiments.regularisation_path import is_knee
from pipeline.experiments.rows import ENDS
from pipeline.report.figure_files import COLOURS, STYLE
from pipeline.report.tables import NAMES, millions

MARKERS = "osD^vP*X"  # one for each strength


def path_figure(document: Mapping[str, Any]) -> Figure:
    """Points by strength (marker) and budget (number), their front, its chord and knee; test F1 as small crosses."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8, 4.6), layout="constrained")
        axes = figure.add_subplot()
        _draw_front(axes, document)
        for variant in ENDS:
            _draw_end(axes, variant, document["ends"][variant])
        several_seeds = len(document["params"]["train_tagger"]["seeds"]) > 1
        strengths = sorted({row["strength"] for row in document["points"]})
        for number, strength in enumerate(strengths):
            rows = [row for row in document["points"] if row["strength"] == strength]
            _draw_points(axes, rows, MARKERS[number % len(MARKERS)], f"strength {strength:g}", bars=several_seeds)
        for row in document["points"]:
            if is_knee(document, row):
                _draw_knee(axes, row)
        everything = [*document["points"], *(document["ends"][variant] for variant in ENDS)]
        places = [(_millions(row), row["test_f1_mean"]) for row in everything]
        axes.plot(*zip(*places, strict=True), "x", color="#222222", markersize=4, zorder=5, label="test F1 (not used)")
        axes.margins(x=0.08, y=0.12)
        axes.set_xlabel("million multiply-accumulates per word")
        axes.set_ylabel("dev F1 (%)")
        axes.set_title(f"Regularisation path, {document['params']['profile']}; small numbers: budget of layers")
        axes.legend(loc="lower right")
    return figure


def _millions(row: Mapping[str, Any]) -> float:
    return float(row["macs_per_word"]) / 1e6


def _draw_front(axes: Axes, document: Mapping[str, Any]) -> None:
    everything = [*document["points"], *document["ends"].values()]
    places = sorted((_millions(row), row["dev_f1_mean"]) for row in everything if row["on_front"])
    axes.plot(*zip(*places, strict=True), color=COLOURS["pruned"], linewidth=1.2, zorder=1, label="front")
    chord = (places[0], places[-1])
    axes.plot(*zip(*chord, strict=True), color="#bbbbbb", linewidth=1, linestyle="--", zorder=1, label="its chord")


def _draw_end(axes: Axes, variant: str, end: Mapping[str, Any]) -> None:
    place = (_millions(end), end["dev_f1_mean"])
    axes.plot(*place, "o", color=COLOURS[variant], markersize=9, zorder=3)
    above = variant == "full"  # what is below it is the chord
    axes.annotate(
        NAMES[variant], place, (0, 8 if above else -8), textcoords="offset points",
        ha="center", va="bottom" if above else "top", color=COLOURS[variant],
    )  # fmt: skip


def _draw_points(axes: Axes, rows: list[Mapping[str, Any]], marker: str, label: str, *, bars: bool) -> None:
    places = [(_millions(row), row["dev_f1_mean"]) for row in rows]
    costs, scores = zip(*places, strict=True)
    axes.errorbar(
        costs, scores, yerr=[row["dev_f1_sd"] for row in rows] if bars else None, fmt=marker, markersize=7,
        color=COLOURS["pruned"], ecolor="#e8b3a4", capsize=3, zorder=3, label=label,
    )  # fmt: skip
    for row, place in zip(rows, places, strict=True):
        axes.annotate(str(row["max_layers"]), place, (6, 4), textcoords="offset points", fontsize=8, color="#666666")


def _draw_knee(axes: Axes, row: Mapping[str, Any]) -> None:
    place = (_millions(row), row["dev_f1_mean"])
    axes.plot(*place, "o", markersize=18, markerfacecolor="none", markeredgecolor="#222222", zorder=4)
    kept = sum(map(len, row["layers_kept"].values()))
    axes.annotate(
        f"knee: strength {row['strength']:g}, budget {row['max_layers']}\n"
        f"{kept} layer{'s' * (kept != 1)}, {millions(row['macs_per_word'])} M, dev F1 {row['dev_f1_mean']:.2f}",
        place, (14, -14), textcoords="offset points", va="top", zorder=4,
    )  # fmt: skip
