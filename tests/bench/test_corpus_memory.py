"""The measurement of memory on a tiny text; the document's table is that of the results."""

import json
from pathlib import Path

from bench.corpus_memory import measure, thinned
from bench.corpus_memory_report import draw, memory_section
from pipeline.publishing.filled_pages import fill_sections
from tests.imports import ROOT


def test_a_measurement_is_well_formed(tmp_path: Path) -> None:
    result = measure(tmp_path, 60_000, seed=1)
    assert 30_000 < result["tokens"] < 60_000 and result["shards"] == 1 and result["vocabulary"] > 1000
    for part in ("preparation", "pretraining"):
        curve = result[part]["memory_curve"]
        assert result[part]["peak_mb"] == max(memory for _, memory in curve) > 20
        assert result[part]["cpu_seconds"] > 0 and curve[-1][0] <= result[part]["seconds"] + 0.1
    assert len(draw([result, result]).axes[0].lines) == 2
    assert "| 0.06 | 1 |" in memory_section([result])


def test_a_thinned_curve_keeps_its_peaks() -> None:
    curve = [(i / 10, float(i % 7)) for i in range(50)]
    assert thinned(curve, 100) == curve
    assert thinned(curve, 5) == [(0.6, 6.0), (1.3, 6.0), (2.0, 6.0), (3.4, 6.0), (4.1, 6.0)]


def test_the_documents_table_is_that_of_the_results() -> None:
    results = json.loads((ROOT / "results" / "corpus_memory.json").read_text(encoding="utf-8"))
    text = (ROOT / "docs" / "corpora.md").read_text(encoding="utf-8")
    assert fill_sections(text, {"memory": memory_section(results)}, "corpora.md") == text
