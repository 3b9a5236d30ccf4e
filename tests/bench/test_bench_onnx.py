"""The benchmark of ONNX: it measures both runtimes on the same sentences, and says so."""

from pathlib import Path

import pytest

from bench.onnx_runtime import TITLES, measure, onnx_section, write_sentences
from ldnet.errors import InputError
from ldnet.files import read_json
from pipeline.publishing.filled_pages import fill_sections
from tests.factories import make_sentences
from tests.imports import ROOT
from tests.serving_factories import make_lines, make_model, write_shard


def test_all_sides_tag_the_first_sentences(tmp_path: Path) -> None:
    write_shard(tmp_path / "text" / "a.txt.gz", make_lines(30))
    counts = write_sentences(tmp_path / "text", tmp_path, words=40)
    sentences = read_json(tmp_path / "sentences.json")
    assert sentences == [line.split() for line in make_lines(30)[: len(sentences)]]
    assert counts == {"sentences": len(sentences), "words": sum(map(len, sentences))} and 40 <= counts["words"] < 50
    model = make_model(tmp_path, onnx_dev=make_sentences(5))
    rates = measure(model, tmp_path, runs=2)
    assert set(rates) == set(TITLES) and all(len(of_side) == 2 and min(of_side) > 0 for of_side in rates.values())


def test_too_little_text_is_refused(tmp_path: Path) -> None:
    write_shard(tmp_path / "text" / "a.txt", ["one two"])
    with pytest.raises(InputError, match="fewer than 3 words"):
        write_sentences(tmp_path / "text", tmp_path, words=3)


def test_the_table_has_ratios_to_our_runtime() -> None:
    rates = {"own_float32": 1000.0, "onnx_float32": 500.0, "own_int8": 2000.0, "onnx_int8": 750.0}
    model = {"data": "demo", "tagger": "pruned"}
    result = {"model": model, "words": 1500, "sentences": 10, "runs": 3, "machine": "a, 2 cores", "threads": 1}
    table = onnx_section({**result, "words_per_second": rates})
    assert "| onnxruntime, float32 | 500 | 0.50 |" in table and "1,500 words in 10 sentences" in table
    assert "Tagger: demo, pruned. Measured before commits were noted. Machine: a, 2 cores" in table


def test_the_committed_table_is_made_from_the_results() -> None:
    text = (ROOT / "docs/serving.md").read_text(encoding="utf-8")
    section = onnx_section(read_json(ROOT / "results/onnx.json"))
    assert fill_sections(text, {"onnx": section}, "serving.md") == text
