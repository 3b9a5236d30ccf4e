"""The figure of a learning curve: test F1 against labelled sentences, a panel a training."""

from collections.abc import Mapping
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from pipeline.report.figure_files import COLOURS, STYLE
from pipeline.report.tables import NAMES, TRAINED
from pipeline.six_taggers import TRAININGS, VARIANTS


def curve_figure(document: Mapping[str, Any]) -> Figure:
    """A line a variant; bars are sample standard deviations over seeds, which one seed has not."""
    rows = document["rows"]
    several_seeds = any(len(row["values"]["train_tagger.seeds"]) > 1 for row in rows)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9, 4), layout="constrained")
        panels = figure.subplots(1, len(TRAININGS), sharey=True)
        for axes, training in zip(panels, TRAININGS, strict=True):
            for variant in VARIANTS:
                of_variant = [row["trainings"][training][variant] for row in rows]
                axes.errorbar(
                    [row["sentences"] for row in rows],
                    [scores["test_f1_mean"] for scores in of_variant],
                    [scores["test_f1_sd"] for scores in of_variant] if several_seeds else None,
                    marker="o",
                    markersize=5,
                    capsize=3,
                    color=COLOURS[variant],
                    label=NAMES[variant],
                )
            axes.set_xscale("log")
            axes.set_xticks([row["sentences"] for row in rows], [f"{row['sentences']:,}" for row in rows])
            axes.minorticks_off()
            axes.set_xlabel("labelled sentences")
            axes.set_title(f"{document['params']['profile']}: {TRAINED[training].lower()}")
        panels[0].set_ylabel("test F1 (%)")
        panels[-1].legend(loc="lower right")
    return figure
