"""The benchmark of bulk tagging: its shards are the text's first lines, its table says what was measured."""

import gzip
from pathlib import Path

import pytest

from bench.bulk_tagging import bulk_section, summarise, write_shards
from ldnet.errors import InputError
from ldnet.files import read_json
from pipeline.publishing.filled_pages import fill_sections
from tests.imports import ROOT
from tests.serving_factories import write_shard

MODEL = {
    "data": "demo",
    "tagger": "pruned",
    "layers_kept": {"backward": [], "forward": [1, 3]},
    "macs_per_word": 1234,
}


def test_shards_are_the_first_lines_in_about_equal_parts(tmp_path: Path) -> None:
    lines = [f"line {number}" for number in range(30)]
    write_shard(tmp_path / "text" / "a.txt.gz", lines[:17])
    write_shard(tmp_path / "text" / "b.txt.gz", lines[17:])
    counts = write_shards(tmp_path / "text", tmp_path / "shards", words=40, shards=4)
    assert counts == {"shards": 4, "lines": 20, "words": 40}
    written = [
        gzip.decompress(path.read_bytes()).decode().split("\n")[:-1] for path in sorted((tmp_path / "shards").iterdir())
    ]
    assert written == [lines[0:5], lines[5:10], lines[10:15], lines[15:20]]


def test_too_little_text_is_refused(tmp_path: Path) -> None:
    write_shard(tmp_path / "text" / "a.txt.gz", ["one two"])
    with pytest.raises(InputError, match="fewer than 4 words"):
        write_shards(tmp_path / "text", tmp_path / "shards", words=4, shards=2)


def test_start_up_is_the_difference_of_the_medians() -> None:
    side = summarise(1000, [10.0, 20.0, 1.0], [100.0, 50.0, 200.0])
    assert side["words_per_second_with_start"] == 10.0 and side["words_per_second_started"] == 100.0
    assert side["start_seconds"] == 90.0
    result = {"model": MODEL, "precision": "float32", "words": 1000, "shards": 4, "runs": 3, "machine": "a, 2 cores"}
    result |= {"sides": {"local": side, "spark": side}}
    table = bulk_section({**result, "git_commit": "0123456789"})
    assert "| one process, two threads | 10 | 100 | 90 |" in table and "1,000 words in 4 shards" in table
    tagger = "Tagger: demo, pruned; layers kept: forward 1, 3 and backward none; 1,234 MACs a word."
    assert f"{tagger} Commit: 0123456. Machine: a, 2 cores." in table
    assert f"{tagger} Commit: unknown. Machine" in bulk_section({**result, "git_commit": None})


def test_the_committed_table_is_made_from_the_results() -> None:
    text = (ROOT / "docs/bulk-tagging.md").read_text(encoding="utf-8")
    section = bulk_section(read_json(ROOT / "results/bulk_tagging.json"))
    assert fill_sections(text, {"bulk": section}, "bulk-tagging.md") == text
