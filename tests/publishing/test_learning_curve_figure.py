"""The figure of a learning curve."""

from pathlib import Path

from pipeline.profiles import load_profile
from pipeline.publishing.learning_curve_figure import curve_figure
from pipeline.report.figure_files import save_figure
from pipeline.six_taggers import TRAININGS, VARIANTS
from tests.experiment_factories import make_curve_document
from tests.report_factories import PROJECT, bars


def test_a_line_for_each_variant_and_training(tmp_path: Path) -> None:
    """Bars are of several seeds alone."""
    document = make_curve_document(load_profile(PROJECT / "profiles", "demo"), {250: 1.0, 1000: -0.2, 0: -0.5})
    lines = len(VARIANTS) * len(TRAININGS)
    assert bars(curve_figure(document)) == lines
    document["rows"][0]["values"]["train_tagger.seeds"] = [1]
    assert bars(curve_figure(document)) == lines
    for row in document["rows"]:
        row["values"]["train_tagger.seeds"] = [1]
    figure = curve_figure(document)
    assert bars(figure) == 0 and sum(len(axes.containers) for axes in figure.axes) == lines
    save_figure(figure, tmp_path / "curve.svg")
    assert (tmp_path / "curve.svg").stat().st_size > 1000
