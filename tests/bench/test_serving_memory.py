"""The line through a served model's memory, and the requests that it is measured with and that may fail."""

import json
import random
from itertools import islice

import numpy as np
import pytest

from bench.serving_memory import KINDS, Load, fitted_slope, mixed
from tests.bench.unreliable_server import HANGS_UP, unreliable_server


def test_the_slope_is_numpys_and_its_error_that_of_independent_residuals() -> None:
    rng = np.random.default_rng(1)
    x = np.arange(2000.0)
    y = 5 + 0.01 * x + rng.normal(0, 3, len(x))
    slope, error = fitted_slope(x, y)
    (expected, _), covariance = np.polyfit(x, y, 1, cov=True)
    assert abs(slope - expected) < 1e-12
    assert abs(error / np.sqrt(covariance[0, 0]) - 1) < 0.1


def test_residuals_that_are_alike_count_as_fewer() -> None:
    """Of many series without a slope, about one in twenty has an interval without 0."""
    rng = np.random.default_rng(2)
    misses = 0
    for _ in range(200):
        noise = np.zeros(400)
        for step in range(1, 400):
            noise[step] = 0.8 * noise[step - 1] + rng.normal()
        slope, error = fitted_slope(np.arange(400.0), noise)
        misses += abs(slope) > 1.96 * error
    assert 2 <= misses <= 30


def test_requests_are_mixed_and_the_same_for_a_seed() -> None:
    requests = list(islice(mixed(random.Random(1)), 3000))
    assert requests == list(islice(mixed(random.Random(1)), 3000))
    kinds = [kind for kind, _ in requests]
    for kind, share in KINDS.items():
        assert abs(kinds.count(kind) / 3 - share) < 0.25 * share + 3
    largest = json.loads(next(body for kind, body in requests if kind == "largest"))["inputs"]
    assert sum(map(len, largest)) == 1_000_000 and {len(text) for text in largest} == {20_000}


def test_what_is_measured() -> None:
    load = Load(0, [("one text", b"{}")] * 100, seconds=10.0)
    load.notes = [(0, 500.0), *((count, 100.0 + count / 10) for count in range(10, 101, 5))]
    load.milliseconds["one text"] = [float(value) for value in range(1, 101)]
    load.statuses["one text: 200"] = 100
    found = load.measured()
    assert (found["megabytes_first"], found["megabytes_last"], found["megabytes_most"]) == (101.0, 110.0, 500.0)
    assert found["megabytes_per_1000_requests"] == 100.0 and found["requests_per_second"] == 10.0
    assert found["times"] == {"one text": {"p50_ms": 50.5, "p99_ms": 99.0}}


def test_all_requests_are_sent() -> None:
    with unreliable_server(lambda number: 200 if number % 4 else 400) as server:
        load = Load(server.server_port, [("ten texts", b"{}")] * 40)
        load.run(clients=3)
    assert load.statuses == {"ten texts: 200": 30, "ten texts: 400": 10}
    assert len(load.milliseconds["ten texts"]) == 40
    assert load.notes and load.notes[0][1] > 0 and load.seconds > 0


def test_an_error_of_one_client_ends_the_benchmark() -> None:
    requests = 2_000
    with unreliable_server(lambda number: HANGS_UP if number == 10 else 200) as server:
        with pytest.raises(OSError):
            Load(server.server_port, [("one text", b"{}")] * requests).run(clients=3)
        assert 10 <= server.requests < requests, "the other clients stop"
