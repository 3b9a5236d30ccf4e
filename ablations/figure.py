"""The figure of the ablations: what a language model and a tagger lose with each layer."""

from collections.abc import Mapping
from statistics import mean
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from ablations.report import f1_changes, perplexity_ratios
from pipeline.report.figure_files import STYLE

MARKERS = "osD^vP*X"  # one for each candidate


def ablation_figure(document: Mapping[str, Any]) -> Figure:
    """A line a candidate over its layers, the lowest first: perplexity without the layer, and the change in F1."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.8), layout="constrained")
        left, right = figure.subplots(1, 2)
        for number, (name, candidate) in enumerate(document["candidates"].items()):
            line = {"marker": MARKERS[number % len(MARKERS)], "markersize": 5, "label": name}
            places = [(layer + 0.5) / candidate["layers"] for layer in range(candidate["layers"])]
            left.plot(places, list(map(mean, zip(*perplexity_ratios(candidate), strict=True))), **line)
            right.plot(places, list(map(mean, zip(*f1_changes(candidate), strict=True))), **line)
        left.set_yscale("log")
        left.set_title(f"{document['params']['profile']}: perplexity without one layer, relative")
        right.set_title("change of dev F1 without one layer")
        for axes in (left, right):
            axes.set_xlim(0, 1)
            axes.set_xlabel("place of the layer, lowest to top; mean of both directions")
        left.legend()
    return figure
