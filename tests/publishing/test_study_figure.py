"""The figure of a study of selection."""

from pathlib import Path

from pipeline.publishing.study_figure import study_figure
from pipeline.report.figure_files import save_figure
from tests.experiment_factories import make_study_document


def test_figure_is_the_same_bytes_and_shows_what_is_kept(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_figure(study_figure(make_study_document()), tmp_path / f"{name}.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    panels = study_figure(make_study_document()).axes
    assert len(panels) == 2 and [label.get_text() for label in panels[0].get_yticklabels()] == [
        "random layers, draw 2", "importance", "random layers, draw 1",
    ]  # fmt: skip
    filled = [(line.get_xdata()[0], line.get_ydata()[0]) for line in panels[0].lines if line.get_color() != "#eeeeee"]
    assert filled == [(0, 0), (0, 1), (0, 2)]  # the lowest forward layer, in each line
    assert "86.00 ± 0.25   83.00 ± 0.14" in [text.get_text() for text in panels[0].texts]


def test_one_seed_has_no_spread_in_the_figure() -> None:
    document = make_study_document()
    document["params"]["train_tagger"]["seeds"] = [1]
    assert "86.00   83.00" in [text.get_text() for text in study_figure(document).axes[0].texts]
