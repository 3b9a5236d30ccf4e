"""Figures are written with the same bytes for the same content, and say nothing of when or by what."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from pipeline.report.figure_files import save_figure


def make_figure(height: float) -> Figure:
    figure = Figure()
    figure.subplots().plot([0, 1], [0, height], label="line")
    return figure


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_bytes_depend_on_the_content_alone(tmp_path: Path, suffix: str) -> None:
    first, second, other = (tmp_path / f"{name}{suffix}" for name in "abc")
    for path, height in ((first, 1.0), (second, 1.0), (other, 2.0)):
        save_figure(make_figure(height), path)
    assert first.read_bytes() == second.read_bytes() != other.read_bytes()


def test_one_call_writes_both_formats(tmp_path: Path) -> None:
    save_figure(make_figure(1.0), tmp_path / "new" / "f.svg", tmp_path / "new" / "f.png")
    assert (tmp_path / "new" / "f.svg").read_bytes().lstrip().startswith(b"<?xml")
    assert (tmp_path / "new" / "f.png").read_bytes().startswith(b"\x89PNG")
