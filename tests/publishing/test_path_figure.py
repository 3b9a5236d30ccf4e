"""The figure of a regularisation path."""

from pathlib import Path

from pipeline.publishing.path_figure import path_figure
from pipeline.report.figure_files import save_figure
from tests.experiment_factories import make_path_document
from tests.report_factories import bars


def test_figure_is_the_same_bytes_and_shows_the_knee(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_figure(path_figure(make_path_document()), tmp_path / f"{name}.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert "knee: strength 0.02, budget 1" in (tmp_path / "a.svg").read_text(encoding="utf-8")
    without = path_figure({**make_path_document(), "knee": None})
    save_figure(without, tmp_path / "c.svg")
    assert "knee" not in (tmp_path / "c.svg").read_text(encoding="utf-8")


def test_bars_are_of_several_seeds_alone() -> None:
    document = make_path_document()
    assert bars(path_figure(document)) == 2, "of each strength"
    document["params"]["train_tagger"]["seeds"] = [1]
    assert bars(path_figure(document)) == 0
