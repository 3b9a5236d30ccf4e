"""Figures over time: the gates during selection, the perplexity during LM training."""

from collections.abc import Mapping

import matplotlib
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from pipeline.report.figure_files import COLOURS, STYLE, label_powers
from pipeline.report.measurements import DIRECTIONS


def gates_figure(path: pd.DataFrame, chosen_epoch: int, layers: int) -> Figure:
    """Each layer's gate over the epochs, one panel a direction; the dashed line is the epoch that was chosen."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        panels = figure.subplots(1, len(DIRECTIONS), sharey=True)
        for axes, direction in zip(panels, DIRECTIONS, strict=True):
            _draw_gates(axes, path, direction, layers)
            axes.axvline(chosen_epoch, color="#888888", linestyle="--", linewidth=1)
        panels[0].set_ylabel("gate")
        panels[-1].legend(title="layer", loc="center left", bbox_to_anchor=(1, 0.5), reverse=True)
    return figure


def _draw_gates(axes: Axes, path: pd.DataFrame, direction: str, layers: int) -> None:
    colours = matplotlib.colormaps["viridis"]
    for layer in range(layers):
        colour = colours(0.9 * layer / max(1, layers - 1))
        axes.plot(path["epoch"], path[f"gate_{direction}_{layer}"], color=colour, marker="o", markersize=3, label=layer)
    axes.set_ylim(-0.04, 1.04)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("epoch")
    axes.set_title(f"{direction} LM")


def lm_figure(curves: Mapping[str, pd.DataFrame], heldout: Mapping[str, float]) -> Figure:
    """Training perplexity against tokens seen, by direction; the square at the end is the held-out perplexity."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8, 3.6), layout="constrained")
        axes = figure.add_subplot()
        for direction, curve in curves.items():
            axes.plot(curve["tokens"], curve["perplexity"], color=COLOURS[direction], label=f"{direction}, training")
            axes.plot(
                curve["tokens"].iloc[-1], heldout[direction], "s", color=COLOURS[direction],
                label=f"{direction}, held-out: {heldout[direction]:.1f}",
            )  # fmt: skip
        axes.set_yscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 1e6:g}"))
        label_powers(axes.yaxis, lambda perplexity: f"{perplexity:g}")
        axes.set_xlabel("million tokens")
        axes.set_ylabel("perplexity (log scale)")
        axes.legend(loc="upper right")
    return figure
