"""`make check`, through its command: the costs of all stages, errors as the stages have them, and nothing written."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from commands.check import Row, _in_a_process, _more_tokens, _row, _soft_targets, _taught, main
from commands.reproduce import main as reproduce
from pipeline.checking.look import Look, look
from pipeline.checking.rehearsal import write_rehearsal
from pipeline.experiments.stage_graph import read_stages
from pipeline.params import Params, load_params
from stages._dry_run import Cost, measure
from tests.imports import ROOT
from tests.tiny_experiment import run, tiny_params, write_raw

NOT_TIMED = {"generate_data", "prepare_unlabelled", "prune", "evaluate", "report"}
# Ctrl-C is ignored by what is started in the background, as the tests may be.
CHECK = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from commands.check import main
main()
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small data set `mine` and its parameters."""
    write_raw(tmp_path / "data" / "raw" / "mine")
    change(tiny_params(tmp_path), {"data": "mine", "generate_data": {}})
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def change(path: Path, values: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text(encoding="utf-8")) | values), encoding="utf-8")


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def looked(root: Path) -> tuple[Params, Look]:
    params = load_params(root / "params.yaml")
    return params, look(params, root / "data" / "raw")


@pytest.mark.parametrize(("asked", "more"), [(0, 2.0), (5000, 2.0), (800, 1.6), (500, 1.0), (100, 1.0)])
def test_pretraining_reads_as_much_as_asked_for_and_no_more_than_there_is(asked: int, more: float) -> None:
    assert _more_tokens(asked, 1000, 0.5) == more


def test_the_whole_report(root: Path) -> None:
    before = files(root)
    result = CliRunner().invoke(main)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert len(lines) <= 50
    first = next(number for number, line in enumerate(lines) if line.split()[:2] == ["stage", "time"]) + 1
    stages = [
        line.split()[0].rstrip(",") for line in lines[first:] if line.startswith("  ") and "one after" not in line
    ]
    stages_there = read_stages(ROOT / "dvc.yaml", ROOT / "params.yaml")
    expected = [stage.name for stage in stages_there if stage.name.split("@")[0] not in NOT_TIMED]
    assert sorted(stages) == sorted(expected)
    assert files(root) == before


def test_errors_are_those_of_the_stage_and_nothing_is_timed(root: Path) -> None:
    raw = root / "data/raw/mine"
    (raw / "test.txt").write_text("a b c\nd\n\n", encoding="utf-8")
    (raw / "lm/b.txt").write_bytes(b"\xff\n")
    result = CliRunner().invoke(main)
    assert result.exit_code == 1 and "cost: not estimated, because of the errors" in result.stdout
    first, second = result.stderr.splitlines()
    assert second.startswith("Error: data/raw/mine/lm/b.txt:1: not UTF-8")
    options = ("--raw", "data/raw/mine", "--out", "out", "--metrics", "m.json", "--params", "params.yaml")
    stage = run("prepare_conll", *options)
    assert first == stage.output.splitlines()[-1]


def test_what_a_training_would_refuse_is_an_error(root: Path) -> None:
    lm = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))["pretrain_lm"]
    change(root / "params.yaml", {"pretrain_lm": lm | {"cutoffs": [2000]}})
    result = CliRunner().invoke(main)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"Error: pretrain_lm.cutoffs: [2000] must lie below the vocabulary's {_vocabulary(root)} words"
    ]


def _vocabulary(root: Path) -> int:
    text = looked(root)[1].text
    assert text is not None
    return len(text.vocabulary)


def test_the_rehearsal_has_the_corpus_of_the_stages(root: Path) -> None:
    params, found = looked(root)
    assert found.sentences is not None and found.text is not None
    rehearsal = write_rehearsal(root / "rehearsal", params, found.sentences, found.vectors, found.text)
    options = ("--raw", "data/raw/mine", "--params", "params.yaml", "--metrics", "m.json")
    assert run("prepare_conll", *options, "--out", "conll").exit_code == 0
    hashes = ("--test-hashes", "conll/test_hashes.txt")
    assert run("prepare_corpus", *options, *hashes, "--out", "corpus").exit_code == 0
    assert rehearsal.share == 1
    for name in ("corpus/vocabulary.json", "corpus/heldout.npy", "conll/train.conll", "conll/lexicon/lexicon.json"):
        assert (root / "rehearsal" / name).read_bytes() == (root / name).read_bytes()
    for path in (root / "corpus").glob("train-*.npy"):
        assert np.array_equal(np.load(path), np.load(root / "rehearsal" / "corpus" / path.name))


def cost(seconds: float, preparing: float, processes: int) -> Cost:
    return Cost(
        work="", seconds=seconds, timing="", processes=processes, out=Path(), out_bytes=7, temporary_bytes=8,
        preparing=preparing,
    )  # fmt: skip


def test_taught_taggers_and_soft_targets_follow_from_gold_ones(root: Path) -> None:
    change(root / "params.yaml", {"prepare_unlabelled": {"sentences": 42}})
    params, found = looked(root)
    tagger = params.train_tagger.model_copy(update={"seeds": [1, 2, 3], "epochs": 4})
    params = params.model_copy(
        update={"train_tagger": tagger, "train_taught": params.train_taught.model_copy(update={"epochs": 6})}
    )
    # 42 sentences of train and as many unlabelled ones; 10 s for features, then two rounds of 4 epochs of 3 s.
    gold = cost(10 + 2 * 4 * 3, 10, 2)
    row = _row("full", gold, 100)
    assert row == Row("full", 34, 200, 15)
    assert _taught(params, found, gold, row) == replace(row, seconds=2 * (10 + 2 * 6 * 3))
    targets = _soft_targets(params, found, gold, row, tags=5)
    assert found.sentences is not None
    words = sum(len(sentence.words) for sentence in found.sentences.splits["train"])
    assert targets == Row("soft_targets, at most", 2 * (10 + 3 * 3), 100, 2 * 4 * (words * 5 + 42 * 5 * 5))


def test_a_measurement_is_that_of_a_dry_run(root: Path) -> None:
    params, found = looked(root)
    assert found.sentences is not None and found.text is not None
    write_rehearsal(root, params, found.sentences, found.vectors, found.text)
    options = {"params_path": Path("params.yaml"), "conll": root / "conll", "targets": None, "lm": None,
               "variant": "no_lm", "out": Path("out")}  # fmt: skip
    (mine, peak), (other, _) = _in_a_process("train_tagger", options), measure("train_tagger", options)
    assert replace(mine, seconds=0, timing="") == replace(other, seconds=0, timing="")
    assert mine.seconds > 0 and 1e7 < peak < 1e10


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_when_it_is_stopped(root: Path, number: signal.Signals) -> None:
    scratch = root / "scratch"
    scratch.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(scratch)}
    process = subprocess.Popen([sys.executable, "-c", CHECK], cwd=root, env=environment)
    deadline = time.monotonic() + 60
    while not any(scratch.rglob("config.json")):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    assert process.wait(timeout=30) == 128 + number
    assert not any(scratch.iterdir())


def test_make_repro_says_the_main_numbers_first(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def started(*arguments: object) -> None:
        raise RuntimeError("stages start")

    monkeypatch.setattr("commands.reproduce.run_side_by_side", started)
    monkeypatch.setattr("commands.reproduce.DVC", ("false",))
    monkeypatch.setattr("commands.reproduce.end_on_signals", lambda: None)
    result = CliRunner().invoke(reproduce)
    assert str(result.exception) == "stages start"
    titles = [line[2:12].strip() for line in result.stdout.splitlines()[1:] if not line.startswith("warning: ")]
    assert titles == ["scheme", "slips", "train", "dev", "test", "overlap", "size", "known", "dropped"]
    (root / "data/raw/mine/train.txt").write_text("a O\n\nb O\n", encoding="utf-8")
    result = CliRunner().invoke(reproduce)
    assert result.exit_code == 1 and "train.txt: no spans, all 2 tags in column -1 are O" in result.stderr
