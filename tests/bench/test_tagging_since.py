"""The comparison of tagging with an earlier commit: its texts, and its medians of pairs."""

from pathlib import Path

from bench.tagging_since import SIZES, in_turns, write_texts


def test_texts_have_the_sizes(tmp_path: Path) -> None:
    texts = write_texts(["a b c", "d"], 5000, tmp_path)
    lines = {name: path.read_text().splitlines() for name, path in texts.items()}
    assert list(lines) == list(SIZES)
    assert [len(of_text) for of_text in lines.values()] == [1, 1000, 2500]
    assert lines["all"][:3] == ["a b c", "d", "a b c"]


def test_sides_are_run_in_turns_and_ratios_are_those_of_pairs() -> None:
    order: list[str] = []
    values = iter([10.0, 5.0, 40.0, 10.0, 30.0, 30.0])

    def run(side: str) -> dict[str, float]:
        order.append(side)
        return {"rate": next(values)}

    measured = in_turns({"now": Path(), "before": Path()}, 3, run)
    assert order == ["now", "before"] * 3
    assert [pair["before"]["rate"] for pair in measured.pop("runs")] == [5.0, 10.0, 30.0]
    assert measured == {"now": {"rate": 30.0}, "before": {"rate": 10.0}, "ratio": {"rate": 2.0}}
