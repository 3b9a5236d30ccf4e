"""What docs/serving.md says of memory."""

import json
from pathlib import Path

from pipeline.publishing.serving_memory_table import serving_memory_section


def test_a_paragraph_and_a_table(tmp_path: Path) -> None:
    assert serving_memory_section(tmp_path) == "Not measured yet.\n"
    document = {
        **{"model": "demo", "requests": 10_000, "clients": 8, "git_commit": "abcdefabc", "machine": "a processor"},
        **{"megabytes_first": 650.4, "megabytes_last": 655.0, "megabytes_most": 1671.6},
        **{"megabytes_per_1000_requests": 0.514, "interval_95": [-0.204, 1.232]},
        "times": {"largest": {"p50_ms": 5012.3, "p99_ms": 7000.0}},
    }
    (tmp_path / "serving_memory.json").write_text(json.dumps(document), encoding="utf-8")
    told, table = serving_memory_section(tmp_path).split("\n\n")
    assert told.startswith(
        "10,000 mixed requests of 8 clients to the model `demo`: after the first tenth, the server's"
    )
    assert "650 MB, at the end 655 MB, at most 1,672 MB. The slope is +0.51 MB a thousand" in told
    assert "(95 % interval -0.20 to +1.23). Commit abcdefa; a processor." in told
    assert table.splitlines()[2] == "| largest | 5,012 | 7,000 |"
