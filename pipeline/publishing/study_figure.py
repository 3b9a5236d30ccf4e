"""The figure of a study: which layers each method keeps, and the F1 that comes of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.experiments.rows import with_spread
from pipeline.experiments.selection_study import by_budget, title
from pipeline.report.figure_files import COLOURS, STYLE
from pipeline.report.measurements import DIRECTIONS

GAP = 1  # columns between the directions


def study_figure(document: Mapping[str, Any]) -> Figure:
    """One panel a budget, a line a method, the best on dev first; a column a layer, forward then backward."""
    budgets = by_budget(document)
    lines = sum(map(len, budgets.values()))
    params = document["params"]
    with matplotlib.rc_context({**STYLE, "axes.grid": False}):
        figure = Figure(figsize=(9, 0.9 * len(budgets) + 0.27 * lines), layout="constrained")
        heights = [len(rows) + 1 for rows in budgets.values()]
        panels = figure.subplots(len(budgets), 1, squeeze=False, height_ratios=heights)[:, 0]
        for axes, (budget, rows) in zip(panels, budgets.items(), strict=True):
            _draw_panel(axes, rows, params["pretrain_lm"]["layers"], len(params["train_tagger"]["seeds"]))
            axes.set_title(f"{params['profile']}, budget of {budget} layers: dev and test F1")
    return figure


def _draw_panel(axes: Axes, rows: Sequence[Mapping[str, Any]], layers: int, seeds: int) -> None:
    starts = dict(zip(DIRECTIONS, (0, layers + GAP), strict=True))
    for line, row in enumerate(rows):
        for direction, start in starts.items():
            for layer in range(layers):
                kept = layer in row["layers_kept"][direction]
                colour = COLOURS[direction] if kept else "#eeeeee"
                axes.plot(start + layer, line, "s", markersize=9, color=colour)
        scores = [with_spread(row[f"{split}_f1_mean"], row[f"{split}_f1_sd"], seeds) for split in ("dev", "test")]
        axes.text(2 * layers + GAP, line, "   ".join(scores), va="center", fontsize=9)
    axes.set_yticks(range(len(rows)), [title(row) for row in rows], fontsize=9)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(-0.7, 2 * layers + GAP + 0.55 * layers)
    columns = [start + layer for start in starts.values() for layer in range(layers)]
    axes.set_xticks(columns, [str(layer) for _ in starts for layer in range(layers)], fontsize=8)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("layer, forward and backward language model")
