"""The stage prepare_corpus, through its command line: killed and run again, and on the paper profile's text."""

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import slow_corpus_preparation
from click.testing import CliRunner

from ldnet.text.columns import sentence_hash
from pipeline.corpus.text_parts import PART_BYTES
from pipeline.fetch.sources import DATA_SETS
from pipeline.profiles import load_profile, render
from stages.prepare_corpus import main
from tests.imports import ROOT

DEMO = ROOT / "profiles" / "base.yaml"


def arguments(folder: Path, name: str, params: Path) -> list[str]:
    options = {"raw": folder, "test-hashes": folder / "hashes.txt", "out": folder / name, "params": params}
    options["metrics"] = folder / f"{name}.json"
    return [part for option, path in options.items() for part in (f"--{option}", str(path))]


def start(folder: Path, name: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "stages.prepare_corpus", *arguments(folder, name, DEMO)],
        cwd=ROOT,
        env={**os.environ, "DVC_ROOT": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def finished(folder: Path) -> dict[Path, tuple[int, int]]:
    """The parts, groups and shards that a killed run has left: which file it is, and when it was written."""
    paths = [path for path in (folder / ".checkpoints").glob("*/*-*") if path.suffix != ".part"]
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in paths}


def exists(folder: Path, pattern: str) -> Callable[[], bool]:
    return lambda: any((folder / ".checkpoints").glob(f"*/{pattern}"))


def follow(
    process: "subprocess.Popen[bytes]", kept: dict[Path, tuple[int, int]], kill_when: Callable[[], bool]
) -> tuple[int, str]:
    """Watch that what is `kept` is not written again, kill -9 when it is time; status and what was said."""
    while process.poll() is None:
        for path, identity in kept.items():
            try:
                assert (path.stat().st_ino, path.stat().st_mtime_ns) == identity, f"{path.name} has been done again"
            except FileNotFoundError:  # moved to the outputs, or removed at the end
                continue
        if kill_when():
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.002)
    said, _ = process.communicate()  # until the workers, which write there too, are gone
    return process.returncode, said.decode()


def test_a_stage_killed_twice_gives_the_same_bytes_and_does_nothing_again(tmp_path: Path) -> None:
    rng = random.Random(1)
    lines = [" ".join(f"w{int(rng.paretovariate(0.5)) % 50000}" for _ in range(20)) for _ in range(3000)]
    (tmp_path / "lm").mkdir()
    with (tmp_path / "lm" / "a.txt").open("w") as file:
        for number in range(5 * PART_BYTES // 2 // sum(map(len, lines))):
            file.writelines(f"x{number} {line}\n" for line in lines)
    (tmp_path / "hashes.txt").write_text("")
    assert follow(start(tmp_path, "whole"), {}, lambda: False)[0] == 0
    assert not finished(tmp_path)
    for pattern in ("part-*.npz", "groups-??????"):
        status, said = follow(start(tmp_path, "killed"), finished(tmp_path), exists(tmp_path, pattern))
        assert status == -signal.SIGKILL, said
    kept = finished(tmp_path)
    assert {path.name.split("-")[0] for path in kept} >= {"part", "groups"}
    status, said = follow(start(tmp_path, "killed"), kept, lambda: False)
    assert status == 0, said
    names = sorted(path.name for path in (tmp_path / "whole").iterdir())
    assert len(names) >= 5 and names == sorted(path.name for path in (tmp_path / "killed").iterdir())
    for name in names:
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "killed" / name).read_bytes(), name
    assert (tmp_path / "whole.json").read_bytes() == (tmp_path / "killed.json").read_bytes()


def test_the_paper_profile_on_a_sample_laid_out_as_the_billion_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All 99 shards under their names, with as many sentences as the profile's held-out part needs at least."""
    rng = random.Random(1)
    words = [f"w{i}" for i in range(8000)]
    weights = [1 / (i + 1) for i in range(len(words))]
    drawn = rng.choices(words, weights, k=300_000)
    shards = [tmp_path / shard for shard in DATA_SETS["paper"].shards]
    (tmp_path / "lm").mkdir()
    counts: Counter[str] = Counter(drawn)
    sentences = [" ".join([f"n{i % 5000}", *drawn[6 * i : 6 * i + 6]]) for i in range(len(drawn) // 6)]
    for number, path in enumerate(shards):
        path.write_bytes(gzip.compress("".join(f"{s}\n" for s in sentences[number :: len(shards)]).encode()))
    hashes = {sentence_hash(sentence.split()) for sentence in sentences[:10]}
    (tmp_path / "hashes.txt").write_text("\n".join(hashes))
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    (tmp_path / "paper.yaml").write_text(render(ROOT / "profiles", "paper"))
    result = CliRunner().invoke(main, arguments(tmp_path, "fast", tmp_path / "paper.yaml"))
    assert result.exit_code == 0, result.output
    params = load_profile(ROOT / "profiles", "paper")
    statistics = json.loads((tmp_path / "fast.json").read_text())
    assert statistics == slow_corpus_preparation.prepare(
        tmp_path, hashes, tmp_path / "slow", params.prepare_corpus, params.seed
    )
    assert statistics["sentences_read"] == len(sentences) and statistics["dropped_test_sentences"] >= 10
    assert (statistics["heldout_sentences"], statistics["shards"]) == (20_000, 1)
    for path in (tmp_path / "slow").iterdir():
        assert path.read_bytes() == (tmp_path / "fast" / path.name).read_bytes(), path.name
    vocabulary = json.loads((tmp_path / "fast" / "vocabulary.json").read_text())
    assert min(counts[word] for word in vocabulary[2:] if word.startswith("w")) > 3


def test_two_tasks_that_name_each_others_test_split_get_the_same_corpus(tmp_path: Path) -> None:
    """So that one language model, in the cache, serves both."""
    lines = [f"w{i % 7} w{i % 11} x{i} w0" for i in range(600)]
    tests = {"a": lines[3], "b": lines[5]}
    settings = DEMO.read_text().replace("other_tests: ''", "other_tests: other/*.txt")
    settings = settings.replace("heldout_sentences: 1000", "heldout_sentences: 10")
    for own, other in (("a", "b"), ("b", "a")):
        raw = tmp_path / own
        for folder in ("lm", "other"):
            (raw / folder).mkdir(parents=True)
        (raw / "lm" / "text.txt").write_text("\n".join(lines))
        (raw / "other" / f"{other}.txt").write_text("".join(f"{word} O\n" for word in tests[other].split()))
        (raw / "hashes.txt").write_text(sentence_hash(tests[own].split()))
        (raw / "params.yaml").write_text(settings)
        result = CliRunner().invoke(main, arguments(raw, "corpus", raw / "params.yaml"))
        assert result.exit_code == 0, result.output
        assert json.loads((raw / "corpus.json").read_text())["dropped_test_sentences"] == 2
    for path in (tmp_path / "a" / "corpus").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / "corpus" / path.name).read_bytes(), path.name


def test_the_checkpoint_stays_until_the_metrics_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk there must not cost the parts of the text."""
    (tmp_path / "lm").mkdir()
    (tmp_path / "lm" / "text.txt").write_text("".join(f"w{i % 7} w{i % 11} x{i} w0\n" for i in range(3000)))
    (tmp_path / "hashes.txt").write_text(sentence_hash(["x"]))
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    (tmp_path / "corpus.json").mkdir()  # so that they cannot be written
    assert CliRunner().invoke(main, arguments(tmp_path, "corpus", DEMO)).exit_code == 1
    assert any((tmp_path / ".checkpoints").iterdir())
    (tmp_path / "corpus.json").rmdir()
    result = CliRunner().invoke(main, arguments(tmp_path, "corpus", DEMO))
    assert result.exit_code == 0, result.output
    assert (tmp_path / "corpus.json").is_file() and not any((tmp_path / ".checkpoints").iterdir())
