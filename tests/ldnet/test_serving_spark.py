"""Tagging on Spark gives, byte for byte, what one process gives, also when a worker is killed on the way."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from ldnet.adapters import spark as spark_tagging
from ldnet.tagged_shards import find_shards
from tests.imports import ROOT
from tests.serving_factories import make_lines, make_model, outputs, write_shard

needs_spark = pytest.mark.skipif(
    importlib.util.find_spec("pyspark") is None or not (shutil.which("java") or "JAVA_HOME" in os.environ),
    reason="needs pyspark (`make spark`) and Java",
)


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True)


@needs_spark
def test_spark_gives_what_one_process_gives(tmp_path: Path) -> None:
    model, text = make_model(tmp_path), tmp_path / "in"
    write_shard(text / "long.txt.gz", make_lines(10_500))  # more than one group
    write_shard(text / "short.txt", make_lines(3))
    write_shard(text / "empty.txt", [])
    (text / "bad.txt").write_bytes(b"the cat\nsaw \xff\n")
    here = run("ldnet", "tag-shards", model, text, tmp_path / "here", "--precision", "int8")
    there = run("ldnet", "tag-shards", model, text, tmp_path / "there", "--precision", "int8", "--workers", "spark")
    assert (here.returncode, there.returncode) == (1, 1), there.stderr
    assert f"{text / 'bad.txt'}:2: not UTF-8" in there.stderr
    assert here.stdout.replace("here", "there") == there.stdout
    assert outputs(tmp_path / "here") == outputs(tmp_path / "there")
    assert len(outputs(tmp_path / "there")) == 4
    again = run("ldnet", "tag-shards", model, text, tmp_path / "there", "--precision", "int8")
    assert "0 shards tagged (0 lines, 0 words), 3 done before, 1 refused" in again.stdout


@needs_spark
def test_a_killed_worker_costs_neither_loss_nor_duplicates(tmp_path: Path) -> None:
    model, text, flag = make_model(tmp_path), tmp_path / "in", tmp_path / "killed"
    for number in range(4):
        lines = make_lines(12_000, number)
        lines[11_000] = "<kill>" if number == 2 else lines[11_000]  # in the second group of its shard
        write_shard(text / f"{number}.txt", lines)
    killed = run("tests.spark_killed_worker", model, text, tmp_path / "there", KILLED_FLAG=str(flag))
    assert killed.returncode == 0, killed.stderr
    assert flag.is_file() and "Lost task" in killed.stderr and "crashed" in killed.stderr
    assert run("ldnet", "tag-shards", model, text, tmp_path / "here").returncode == 0
    expected = {name: content for name, content in outputs(tmp_path / "here").items() if name.endswith(".jsonl")}
    assert len(expected) == 4 and outputs(tmp_path / "there") == expected
    assert sorted(path.name for path in (tmp_path / "there").iterdir()) == sorted(expected)


def test_readers_and_writers_agree_without_spark(tmp_path: Path) -> None:
    write_shard(tmp_path / "a.txt", ["the cat", "", "saw"])
    (tmp_path / "b.txt").write_bytes(b"\xff\n")
    shards = find_shards(tmp_path)
    frames = list(spark_tagging._reader(shards)(iter([pd.DataFrame({"id": [0, 1]})])))
    rows = pd.concat(frames).assign(tags=["O O", "", "O", "", ""])
    results = pd.concat(spark_tagging._writer(shards, tmp_path)(iter([rows[:2], rows[2:]])))
    assert results["shard"].tolist() == ["a.txt", "b.txt"] and results["words"].tolist() == [3, 0]
    assert results["problem"].tolist()[0] == "" and "b.txt:1: not UTF-8" in results["problem"].tolist()[1]
    assert sorted(outputs(tmp_path)) == ["a.txt.jsonl"]


def test_a_shard_whose_rows_break_off_is_not_written(tmp_path: Path) -> None:
    rows = pd.DataFrame({"shard": [0], "line": [1], "text": ["a"], "problem": [""], "tags": ["O"]})
    with pytest.raises(RuntimeError, match="before their end was announced"):
        list(spark_tagging._writer([tmp_path / "a.txt"], tmp_path)(iter([rows])))
    assert list(tmp_path.iterdir()) == []
