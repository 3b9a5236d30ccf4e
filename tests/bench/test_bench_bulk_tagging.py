"""The benchmark of bulk tagging: its shards are the text's first lines, its table says what was measured."""

import gzip
from pathlib import Path

import pytest

from bench.bulk_tagging import bulk_section, summarise, write_shards
from ldnet.errors import InputError
from tests.serving_factories import write_shard

MODEL = {"data": "demo", "tagger": "pruned"}


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
    table = bulk_section({**result, "sides": {"local": side, "spark": side}})
    assert "| one process, two threads | 10 | 100 | 90 |" in table and "1,000 words in 4 shards" in table
