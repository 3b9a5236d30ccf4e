"""The regularisation path: the front and the knee against obvious definitions, the document, tables and figure."""

import itertools
import json
import math
import random
from pathlib import Path
from typing import Any

import pytest

from commands import path
from ldnet.errors import InputError
from pipeline.experiments.front import knee, pareto_front
from pipeline.experiments.points import Point
from pipeline.experiments.regularisation_path import (
    knee_in_words,
    path_document,
    path_section,
    point_row,
    points_table,
    read_path,
)
from pipeline.publishing.path_figure import path_figure
from pipeline.report.figure_files import save_figure
from tests.report_factories import PROJECT, make_params, make_row

Place = tuple[float, float]


def beats(one: Place, other: Place) -> bool:
    """Whether `one` is at least as cheap and as good, and not the same."""
    return one != other and one[0] <= other[0] and one[1] >= other[1]


def obvious_front(points: list[Place]) -> set[int]:
    return {index for index, point in enumerate(points) if not any(beats(other, point) for other in points)}


def distance_from_line(point: Place, start: Place, end: Place) -> float:
    """Signed area of the triangle over the length of its base: positive above the line."""
    (x, y), (x1, y1), (x2, y2) = point, start, end
    return ((x2 - x1) * (y - y1) - (x - x1) * (y2 - y1)) / math.hypot(x2 - x1, y2 - y1)


def random_points(seed: int) -> list[Place]:
    """Up to eight points on a small grid, so that there are ties and duplicates."""
    rng = random.Random(seed)
    return [(float(rng.randint(1, 6)), float(rng.randint(1, 6))) for _ in range(rng.randint(1, 8))]


@pytest.mark.parametrize("seed", range(200))
def test_front_is_what_no_other_point_beats(seed: int) -> None:
    points = random_points(seed)
    front = pareto_front(points)
    assert set(front) == obvious_front(points) and len(front) == len(set(front))
    assert all(points[one] <= points[other] for one, other in itertools.pairwise(front))


@pytest.mark.parametrize("seed", range(200))
def test_knee_is_farthest_from_the_chord(seed: int) -> None:
    points = random_points(seed)
    front = sorted((points[index], index) for index in obvious_front(points))
    (x1, y1), (x2, y2) = front[0][0], front[-1][0]
    if x1 == x2:
        assert knee(points) is None
        return
    scaled = {index: ((x - x1) / (x2 - x1), (y - y1) / (y2 - y1)) for (x, y), index in front}
    distances = {index: distance_from_line(place, (0, 0), (1, 1)) for index, place in scaled.items()}
    highest = max(distances.values())
    found = knee(points)
    if highest < 1e-9:
        assert found is None
    else:
        assert found is not None and distances[found] == pytest.approx(highest)


def test_knee_by_hand() -> None:
    assert knee([(1, 70), (2, 90), (3, 93), (4, 95)]) == 1
    assert knee([(4, 95), (2, 90), (1, 70), (3, 60)]) == 1  # in any order; the last is beaten
    assert knee([(1, 70), (2, 80), (3, 90)]) is None  # straight
    assert knee([(1, 70), (2, 71), (3, 90)]) is None  # below the chord
    assert knee([(1, 70)]) is None


def test_knee_does_not_depend_on_units() -> None:
    points = [(1.0, 70.0), (2.0, 88.0), (3.0, 93.0), (4.0, 95.0)]
    assert knee(points) == knee([(cost * 1e6, score / 100) for cost, score in points])


def make_point(strength: float, budget: int, dev: float, macs: int, test: float = 80.0) -> dict[str, Any]:
    pruned = {**make_row("pruned", test, macs, list(range(budget)), []), "dev_f1_mean": dev}
    metrics = {
        "evaluate_gold": {
            "rows": [
                make_row("no_lm", 70.0, 100_000, [], []),
                make_row("full", 90.0, 500_000, [0, 1], [0, 1]),
                pruned,
            ]
        },
        "train_tagger_pruned": {"dev_f1_sd": 0.25},
        "select": {"budget_reached_by": "optimiser"},
    }
    return point_row(Point(strength, budget), metrics)


def make_document(profile: str = "demo") -> dict[str, Any]:
    rows = [
        make_point(0.02, 1, 85.0, 200_000, test=60.0),
        make_point(0.02, 2, 88.0, 300_000, test=99.0),
        make_point(0.1, 1, 84.0, 210_000),
        make_point(0.1, 2, 87.0, 310_000),
    ]
    return path_document(make_params(profile, profile), rows, "abc")


def test_document_by_hand() -> None:
    document = make_document()
    assert set(document) == {"data", "git_commit", "params", "points", "ends", "knee"}
    assert [row["on_front"] for row in document["points"]] == [True, True, False, False]
    assert document["knee"] == {"strength": 0.02, "max_layers": 1}  # by dev, though test would have it otherwise
    assert all(end["on_front"] for end in document["ends"].values())
    row = document["points"][0]
    assert row["command"] == "dvc exp run evaluate@gold -S select.strength=0.02 -S select.max_layers=1"
    assert (row["dev_f1_mean"], row["dev_f1_sd"], row["test_f1_mean"], row["test_f1_sd"]) == (85.0, 0.25, 60.0, 0.14)


def test_an_end_is_no_knee() -> None:
    """Where all layers are not worth it, the chord ends at a point; the ends of the path are never chosen."""
    document = path_document(make_params(), [make_point(0.1, 2, 95.0, 300_000)], "abc")
    assert not document["ends"]["full"]["on_front"] and document["knee"] is None


@pytest.mark.parametrize("missing", ["evaluate_gold", "train_tagger_pruned", "select"])
def test_missing_metrics_are_named(missing: str) -> None:
    rows = [make_row(name, 1, 1, [], []) for name in ("no_lm", "full", "pruned")]
    metrics: dict[str, Any] = {
        "evaluate_gold": {"rows": rows},
        "train_tagger_pruned": {"dev_f1_sd": 0.25},
        "select": {"budget_reached_by": "optimiser"},
    }
    del metrics[missing]
    with pytest.raises(InputError, match=missing):
        point_row(Point(0.1, 2), metrics)
    with pytest.raises(InputError, match="no row for the variant full"):
        point_row(Point(0.1, 2), {**metrics, "evaluate_gold": {"rows": rows[::2]}})


def test_tables_by_hand() -> None:
    document = make_document()
    assert points_table(document["points"], 2).splitlines()[2] == (
        "| 0.02 | 1 | 0 | none | 0.200 | 85.00 ± 0.25 | 60.00 ± 0.14 |"
    )
    section = path_section(document)
    assert '`make path NAME=demo STRENGTHS="0.02 0.1" BUDGETS="1 2"`' in section and "seeds; layers" in section
    assert "all LM layers: dev F1 90.50, test F1 90.00 at 0.500 M MACs" in section
    lines = [line.split(" | ")[0:9] for line in section.splitlines() if line.startswith("| 0.")]
    assert [(line[0], line[7]) for line in lines] == [
        ("| 0.02", "knee"),
        ("| 0.1", ""),
        ("| 0.02", "front"),
        ("| 0.1", ""),
    ]


def test_one_seed_has_no_spread() -> None:
    document = make_document()
    assert "± 0.25" in path_section(document) and "over 4 seeds; layers" in path_section(document)
    document["params"]["train_tagger"]["seeds"] = [1]
    section = path_section(document)
    assert "±" not in section and "in percent, of one seed; layers" in section
    assert "| 0.02 | 1 | 0 | none | 0.200 | 85.00 | 60.00 | knee |" in section
    assert "| 0.02 | 1 | 0 | none | 0.200 | 85.00 | 60.00 |" in points_table(document["points"], 1)


def test_the_knee_in_words() -> None:
    document = make_document()
    assert knee_in_words(document) == "strength 0.02, budget 1"
    below = path_document(make_params(), [make_point(0.1, 1, 71.0, 300_000)], "abc")
    assert knee_in_words(below) == "none: no point lies above the chord of the front"


def test_a_path_whose_pruned_taggers_were_taught_says_so_and_has_no_commands() -> None:
    section = path_section(read_path(PROJECT / "results" / "path_conll2000.json"))
    assert "The pruned taggers were taught here, the ends were not" in section
    assert "dvc exp run" not in section and "make path" not in section and "| knee |" in section
    assert "taught" not in path_section(make_document())


def test_figure_is_the_same_bytes_and_shows_the_knee(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_figure(path_figure(make_document()), tmp_path / f"{name}.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert "knee: strength 0.02, budget 1" in (tmp_path / "a.svg").read_text(encoding="utf-8")
    without = path_figure({**make_document(), "knee": None})
    save_figure(without, tmp_path / "c.svg")
    assert "knee" not in (tmp_path / "c.svg").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty page of results, and one published path."""
    monkeypatch.chdir(tmp_path)
    for name in ("docs", "results"):
        (tmp_path / name).mkdir()
    (tmp_path / "docs/results.md").write_text("a\n<!-- path:begin -->\n<!-- path:end -->\nz\n", encoding="utf-8")
    (tmp_path / "results/path_demo.json").write_text(json.dumps(make_document()), encoding="utf-8")
    return tmp_path


def test_page_shows_all_published_paths(folder: Path) -> None:
    (folder / "results/path_conll2000.json").write_text(json.dumps(make_document("conll2000")), encoding="utf-8")
    path.PATH.fill_page()
    page = (folder / "docs/results.md").read_text(encoding="utf-8")
    assert page.startswith("a\n") and page.endswith("z\n")
    assert page.index("**conll2000**") < page.index("**demo**")
    path.PATH.fill_page()
    assert (folder / "docs/results.md").read_text(encoding="utf-8") == page


def test_page_needs_whole_documents_and_markers(folder: Path) -> None:
    document = make_document()
    del document["points"][0]["dev_f1_sd"]
    (folder / "results/path_demo.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InputError, match=r"path_demo\.json: dev_f1_sd: missing"):
        path.PATH.fill_page()
    (folder / "results/path_demo.json").unlink()
    (folder / "docs/results.md").unlink()
    with pytest.raises(InputError, match=r"results\.md: no such file"):
        path.PATH.fill_page()
