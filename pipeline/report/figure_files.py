"""How the figures look, and how they are written: the same bytes for the same content."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from ldnet.files import write_bytes

COLOURS = {"no_lm": "#767676", "full": "#1f5fa8", "pruned": "#d1481f", "forward": "#1f5fa8", "backward": "#d1481f"}
STYLE: Any = {
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "axes.axisbelow": True,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "savefig.facecolor": "white",
    "svg.hashsalt": "ldnet",  # element ids are hashes of it; by default they are random
}


def label_powers(axis: Axis, written: Callable[[float], str]) -> None:
    """Label a logarithmic axis at 1, 2 and 5 of each power of ten."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: written(value)))


def save_figure(figure: Figure, *paths: Path) -> None:
    """Write the figure in the format of each path's suffix, without dates or program names."""
    for path in paths:
        write_bytes(path, figure_bytes(figure, path.suffix[1:]))


def figure_bytes(figure: Figure, form: str) -> bytes:
    """The figure as svg or png, without dates or program names."""
    metadata: dict[str, dict[str, str | None]] = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}}
    buffer = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(buffer, format=form, dpi=150, metadata=metadata[form])
    return buffer.getvalue()
