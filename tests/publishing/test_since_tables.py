"""Tables of speeds beside those of an earlier commit."""

import json
from pathlib import Path
from typing import Any

from pipeline.publishing.since_tables import NONE, pretraining_since_section, tagging_since_section

MADE = {"against": "1234567", "git_commit": "abcdefabcdef", "machine": "a processor"}


def write(folder: Path, name: str, document: dict[str, Any]) -> None:
    (folder / f"{name}.json").write_text(json.dumps({**MADE, **document}), encoding="utf-8")


def test_pretraining(tmp_path: Path) -> None:
    assert pretraining_since_section(tmp_path) == NONE
    row = {"units": 100, "words": 52_000, "precision": "float32", "now": 5654, "before": 5224, "ratio": 1.082}
    write(tmp_path, "pretraining_since", {"rows": [{**row, "losses_now": [9.0, 6.5], "losses_before": [9.0, 7.0]}]})
    table, _, told = pretraining_since_section(tmp_path).partition("\n\n")
    assert table.splitlines()[2] == "| 10 x 100 | 52,000 | float32 | 5,654 | 5,224 | 1.08 | 6.5000 | 7.0000 |"
    assert told.startswith("Before: commit 1234567; now: abcdefa. a processor.")


def test_tagging(tmp_path: Path) -> None:
    assert tagging_since_section(tmp_path) == NONE

    def sides(**values: tuple[float, float, float]) -> dict[str, Any]:
        names = ("now", "before", "ratio")
        return {name: {key: value[place] for key, value in values.items()} for place, name in enumerate(names)}

    speeds = sides(words_per_cpu_second=(24_670.0, 13_720.0, 1.801), words_per_second=(9_718.0, 5_746.0, 1.711))
    requests = sides(requests_per_second=(7.2, 3.9, 1.394), p50_ms=(94.84, 205.4, 0.459), p99_ms=(127.1, 2117.0, 0.5))
    write(
        tmp_path,
        "tagging_since",
        {
            "pairs": 2,
            "loaded": [{**speeds, "form": "spans", "precision": "int8", "tags": 40_013, "tags_that_differ": 3}],
            "served": [{**requests, "clients": 8}],
            "commands": {"one sentence": sides(seconds=(12.61, 22.28, 0.566))},
        },
    )
    said = tagging_since_section(tmp_path)
    assert "| spans with confidences, int8 | 24,670 | 13,720 | 1.80 | 1.71 |" in said
    assert "| 8 | 7.2 | 3.9 | 1.39 | 94.84 | 205.4 | 127.1 | 2,117 |" in said
    assert "| one sentence | 12.61 | 22.28 | 0.57 |" in said
    assert "Of 40,013 tags, 3 differ. 2 pairs of runs. Before: commit 1234567" in said
