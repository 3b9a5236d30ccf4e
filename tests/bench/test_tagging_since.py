"""The comparison of tagging with an earlier commit: its texts, its medians of pairs, and its requests to a server."""

from pathlib import Path

import pytest

from bench import tagging_since
from bench.tagging_since import SIZES, ask, in_turns, write_texts
from tests.bench.unreliable_server import HANGS_UP, unreliable_server


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


def test_clients_ask_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tagging_since, "SERVED_SECONDS", 0.1)
    with unreliable_server(lambda _: 200) as server:
        measured = ask(server.server_port, [b"{}"], clients=2)
    assert measured["requests_per_second"] > 0 and 0 < measured["p50_ms"] <= measured["p99_ms"]


@pytest.mark.parametrize(("status", "error"), [(HANGS_UP, OSError), (500, AssertionError)])
def test_an_error_of_a_client_ends_the_benchmark(status: int, error: type[Exception]) -> None:
    with (
        unreliable_server(lambda number: 200 if number < 5 else status) as server,
        pytest.raises(error),
    ):
        ask(server.server_port, [b"{}"], clients=2)
