"""The figure of the comparison with other taggers: test F1 against words a second, a panel a profile."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from pipeline.report.figure_files import COLOURS, STYLE, label_powers

OWN = {"no_lm": "no_lm", "full": "full", "pruned": "pruned", "pruned_taught": "pruned"}
OTHERS = ("#2e7d32", "#8e44ad", "#00838f", "#b8860b", "#ad1457")
MARKERS = {True: "o", False: "s"}  # ours, others


def peers_figure(taggers: Sequence[Mapping[str, Any]]) -> Figure:
    """Circles are ours, squares the others, hollow ones in 8-bit integers; a line joins the modes of one tagger."""
    profiles = list(dict.fromkeys(tagger["profile"] for tagger in taggers))
    styles = _styles(taggers)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8 + 3 * (len(profiles) - 1), 4.2), layout="constrained")
        panels = figure.subplots(1, len(profiles), squeeze=False)[0]
        for axes, profile in zip(panels, profiles, strict=True):
            of_profile = [tagger for tagger in taggers if tagger["profile"] == profile]
            for peer in dict.fromkeys(tagger["peer"] for tagger in of_profile):
                _draw(axes, [tagger for tagger in of_profile if tagger["peer"] == peer], styles[peer])
            _label(axes, profile)
        panels[0].set_ylabel("test F1 (%)")
        titles = {tagger["peer"]: tagger["title"] for tagger in taggers}
        keys = [
            Line2D([], [], linestyle="", markersize=8, markeredgecolor="white", label=titles[peer], **style)
            for peer, style in styles.items()
        ]
        if any(tagger["mode"] == "int8" for tagger in taggers):
            keys.append(
                Line2D(
                    [],
                    [],
                    linestyle="",
                    marker="o",
                    markersize=8,
                    color="#444444",
                    markerfacecolor="white",
                    label="hollow: int8",
                )
            )
        figure.legend(handles=keys, loc="outside right center")
    return figure


def _styles(taggers: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Colour and marker of each peer; the taught one of ours is a diamond."""
    styles: dict[str, dict[str, Any]] = {}
    others = iter(OTHERS)
    for tagger in taggers:
        if (peer := tagger["peer"]) not in styles:
            name = peer.removeprefix("ldnet-")
            colour = COLOURS[OWN[name]] if tagger["own"] and name in OWN else next(others, "#444444")
            styles[peer] = {"marker": "D" if name.endswith("_taught") else MARKERS[tagger["own"]], "color": colour}
    return styles


def _draw(axes: Axes, modes: Sequence[Mapping[str, Any]], style: Mapping[str, Any]) -> None:
    """The points of one tagger."""
    axes.plot(
        [tagger["words_per_second"] for tagger in modes], [tagger["test_f1"] for tagger in modes],
        color=style["color"], linewidth=1, alpha=0.5, zorder=2,
    )  # fmt: skip
    for tagger in modes:
        hollow = tagger["mode"] == "int8"
        axes.errorbar(
            tagger["words_per_second"], tagger["test_f1"], yerr=tagger["test_f1_sd"], fmt=style["marker"], markersize=9,
            color=style["color"], markerfacecolor="white" if hollow else style["color"],
            markeredgecolor=style["color"] if hollow else "white", capsize=4, zorder=3,
        )  # fmt: skip


def _label(axes: Axes, profile: str) -> None:
    axes.set_xscale("log")
    axes.margins(x=0.1, y=0.15)
    label_powers(axes.xaxis, lambda rate: f"{rate:,.0f}")
    axes.tick_params(axis="x", labelrotation=45)
    axes.set_xlabel("words a second (log scale)")
    axes.set_title(f"F1 against speed, {profile}")
