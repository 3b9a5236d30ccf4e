"""The comparison with other taggers on README and its page: who wins is shown winning, and nothing without results."""

import itertools
import random
from pathlib import Path
from typing import Any

import pytest

from ldnet.errors import InputError
from ldnet.files import write_json
from pipeline.publishing.peers import beaten_by, page_section, publish_peers, read_peers, readme_section, seed_means
from pipeline.publishing.peers_figure import peers_figure
from pipeline.report.figure_files import figure_bytes

MARKERS = "# Page\n<!-- peers:begin -->\n<!-- peers:end -->\n"


def make_row(peer: str, f1: float, speed: float, **other: Any) -> dict[str, Any]:
    return {
        "profile": "demo", "peer": peer, "title": peer.title(), "mode": "", "own": peer.startswith("ldnet"), "seed": 1,
        "threads": 1, "training_threads": 2, "machine": "a CPU, 2 cores", "settings": {}, "versions": {peer: "1.0"},
        "test_f1": f1,
        "words_per_second": speed, "load_seconds": 1.0, "peak_mb": 100, "disk_mb": 2.0, "train_seconds": 60.0,
        "train_peak_mb": 200, **other,
    }  # fmt: skip


ROWS = [
    make_row("ldnet-pruned", 90.0, 1000.0, mode="float32", train_seconds=None, train_peak_mb=None, disk_mb=0.5),
    make_row("ldnet-pruned", 89.0, 3000.0, mode="int8", train_seconds=None, train_peak_mb=None),
    make_row("crf", 80.0, 9000.0, peak_mb=50, train_seconds=5.0),
    make_row("large", 92.5, 200.0),
    make_row("slow", 88.0, 100.0),
]


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    for page in ("README.md", "docs/peers.md"):
        (tmp_path / page).write_text(MARKERS, encoding="utf-8")
    return tmp_path


def publish(folder: Path, check: bool = False) -> None:
    publish_peers(folder / "results", folder / "docs", folder / "README.md", check)


def test_without_results_nothing_is_shown(pages: Path) -> None:
    publish(pages)
    assert "peers.svg" not in (pages / "README.md").read_text(encoding="utf-8")
    assert "None yet." in (pages / "docs" / "peers.md").read_text(encoding="utf-8")
    assert not (pages / "docs" / "peers.svg").exists()
    publish(pages, check=True)


def test_results_fill_both_pages_and_draw_the_figure(pages: Path) -> None:
    write_json(pages / "results" / "peers.json", {"rows": ROWS})
    with pytest.raises(Exception, match=r"README\.md is stale"):
        publish(pages, check=True)
    publish(pages)
    publish(pages, check=True)
    readme = (pages / "README.md").read_text(encoding="utf-8")
    assert "(docs/peers.svg)" in readme and "* **demo**, 1 thread:" in readme
    page = (pages / "docs" / "peers.md").read_text(encoding="utf-8")
    assert "| Crf | 80.00 | 9,000 | 1.0 | 50 | 2.0 | 5 | 200 |  |" in page
    assert "| Slow | 88.00 | 100 | 1.0 | 100 | 2.0 | 60 | 200 | Large |" in page
    assert "| Ldnet-Pruned in int8 | 89.00 | 3,000 | 1.0 | 100 | 2.0 |  |  |  |" in page and "crf 1.0" in page
    assert "Tagging with 1 thread, training with 2 threads; a CPU, 2 cores." in page
    assert (pages / "docs" / "peers.svg").read_bytes().startswith(b"<?xml")


def test_the_advice_names_whoever_wins() -> None:
    advice = readme_section(seed_means(ROWS))
    front = (
        "Large up to 200 (F1 92.50); Ldnet-Pruned in float32 up to 1,000 (F1 90.00); "
        "Ldnet-Pruned in int8 up to 3,000 (F1 89.00); Crf up to 9,000 (F1 80.00)."
    )
    assert front in advice and "Each of the others is at most as accurate" in advice
    assert "Each of the others" not in readme_section(seed_means(ROWS[:4]))
    assert "least memory: Crf (50 MB)" in advice and "smallest on disk: Ldnet-Pruned in float32 (0.5 MB)" in advice
    assert "shortest training that was measured: Crf (5 s)" in advice
    ours_lose = readme_section(seed_means([*ROWS, make_row("best", 99.0, 99999.0)]))
    assert "need: Best up to 99,999 (F1 99.00). " in ours_lose and "Pruned" not in ours_lose.split("Of all")[0]


def test_every_need_is_served_by_the_most_accurate_that_is_fast_enough() -> None:
    """The front against a look at all taggers for every speed."""
    rng = random.Random(1)
    for _ in range(50):
        taggers = seed_means(
            [make_row(f"p{number}", rng.randint(80, 86), rng.randint(1, 9)) for number in range(rng.randint(1, 9))]
        )
        front = [tagger for tagger in taggers if beaten_by(tagger, taggers) is None]
        for speed in range(10):
            enough = [tagger["test_f1"] for tagger in taggers if tagger["words_per_second"] >= speed]
            chosen = [tagger["test_f1"] for tagger in front if tagger["words_per_second"] >= speed]
            assert max(enough, default=None) == max(chosen, default=None)
        for one, other in itertools.permutations(front, 2):
            assert not (one["test_f1"] > other["test_f1"] and one["words_per_second"] > other["words_per_second"])


def test_seeds_are_means_with_a_deviation() -> None:
    second = make_row("a", 82.0, 300.0, seed=2, train_seconds=100.0, train_peak_mb=400)
    demo, x = seed_means([make_row("a", 80.0, 100.0), second, make_row("a", 70.0, 1.0, profile="x")])
    assert (demo["train_seconds"], demo["train_peak_mb"]) == (80.0, 300)
    assert "| 80 | 300 |" in page_section([demo]) and "| 60 | 200 |" in page_section([x])
    assert demo["test_f1"] == 81.0 and demo["words_per_second"] == 200.0 and x["test_f1_sd"] is None
    assert "81.00 ± 1.41" in page_section([demo, x]) and page_section([demo, x]).count("| tagger |") == 2


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    row = make_row("a", 1.0, 1.0)
    del row["disk_mb"]
    write_json(tmp_path / "peers.json", {"rows": [row]})
    with pytest.raises(InputError, match=r"peers\.json: disk_mb: missing"):
        read_peers(tmp_path / "peers.json")
    assert read_peers(tmp_path / "none.json") == []


def test_the_figure_has_the_same_bytes_again_and_a_panel_a_profile() -> None:
    taggers = seed_means([*ROWS, make_row("crf", 70.0, 10.0, profile="other"), make_row("crf", 71.0, 10.0, seed=2)])
    figure = peers_figure(taggers)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [f"F1 against speed, {n}" for n in ("demo", "other")]
    assert figure_bytes(figure, "svg") == figure_bytes(peers_figure(taggers), "svg")
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "Ldnet-Pruned", "Crf", "Large", "Slow", "hollow: int8",
    ]  # fmt: skip
