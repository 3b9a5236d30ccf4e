"""Comparing with other taggers: what is trained, measured, scored, kept and run again, with a peer of no package."""

import dataclasses
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml

from bench.peers.child import peak_megabytes
from bench.peers.minilm import IGNORED, _scorer
from bench.peers.peer import TRIAL_SENTENCES, Peer, Task
from bench.peers.rows import Bench, measure, prepared_splits, run_child, write_vectors
from bench.peers.run import PEERS, collect, in_order
from ldnet.errors import InputError
from ldnet.files import read_json, sha256_of_file, write_json
from ldnet.text.columns import Sentence, write_conll
from pipeline.evaluation.conlleval import count_file, f1
from pipeline.evaluation.evaluation import write_predictions
from pipeline.params import Params, parse_params
from pipeline.profiles import render
from pipeline.publishing.peers import KEYS, read_peers
from tests.bench.fake_peer import PEER, load
from tests.imports import ROOT

LONG_ENOUGH = {"spacy": {"max_steps": 400}, "minilm": {"epochs": 20}, "flair": {"epochs": 30}}
TRAIN = [
    Sentence(("Ada", "met", "Bob", "Ray"), ("S-PER", "O", "B-PER", "E-PER"), 1),
    Sentence(("Oslo", "met", "Ada"), ("S-LOC", "O", "S-PER"), 6),
    Sentence(("rain",), ("O",), 10),
]
TEST = [
    Sentence(("Oslo", "met", "Bob", "Ray"), ("S-LOC", "O", "B-PER", "E-PER"), 1),
    Sentence(("Unknown", "met", "ADA"), ("S-PER", "O", "S-PER"), 6),
]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.chdir(ROOT)
    conll = tmp_path / "conll"
    for split, sentences in (("train", TRAIN), ("dev", TEST[:1]), ("test", TEST)):
        write_conll(conll / f"{split}.conll", sentences)
    return Bench(
        profile="tiny", splits={"test": "a"}, conll=conll, vectors=None, work=tmp_path / "work",
        python=tmp_path / "none" / "python", threads=1, runs=2, trial=False, maker={"git_commit": "0", "machine": "a"},
    )  # fmt: skip


def test_a_row_has_what_was_measured_and_the_score_of_our_own_scorer(bench: Bench, tmp_path: Path) -> None:
    row = measure(bench, PEER, "plain", 7)
    assert set(KEYS) <= set(row) and row["seed"] == 7 and row["dev_f1"] == 50.0 and row["task_vectors"] == "None"
    assert len(row["words_per_second_runs"]) == 2 and min(row["words_per_second_runs"]) > 0
    assert row["load_seconds"] > 0 and row["peak_mb"] > 1 and row["train_peak_mb"] > 1 and row["train_seconds"] >= 0
    assert row["versions"] == {"pytest": pytest.__version__} and row["training_threads"] >= 1
    model = bench.work / "fake" / "seed-7" / "model"
    assert row["disk_mb"] == round((model / "table.json").stat().st_size / 1e6, 2)
    predicted = load(model, "plain", 1)([list(sentence.words) for sentence in TEST])
    write_predictions(tmp_path / "predicted.conll", TEST, predicted)
    assert row["test_f1"] == pytest.approx(float(f1(count_file(tmp_path / "predicted.conll").sum(0))), abs=1e-4)
    assert row["test_f1"] == pytest.approx(100 * 2 * 2 / (2 + 4))  # two spans found, all right, of four


def test_modes_share_a_training_and_what_is_there_is_not_run_again(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "results.json"
    assert collect(bench, [PEER], [1], results) == []
    rows = read_json(results)["rows"]
    note = bench.work / "fake" / "seed-1" / "trained.json"
    trained = note.stat().st_mtime_ns
    assert [row["mode"] for row in rows] == ["plain", "lower"] and rows[0]["test_f1"] != rows[1]["test_f1"]
    written = results.read_bytes()
    assert collect(bench, [PEER], [1], results) == [] and results.read_bytes() == written
    assert capsys.readouterr().out.count("measured before") == 2

    write_json(results, {"rows": rows[:1]})  # as after a kill between the rows
    assert collect(bench, [PEER], [1], results) == [] and note.stat().st_mtime_ns == trained
    assert [row["mode"] for row in read_json(results)["rows"]] == ["plain", "lower"]

    other = dataclasses.replace(PEER, settings={"least": 2})
    assert collect(bench, [other], [1], results) == [] and note.stat().st_mtime_ns != trained
    changed = read_json(results)["rows"]
    assert [row["settings"]["least"] for row in changed] == [2, 2]  # in the place of the old ones
    assert collect(bench, [other], [2], results) == []
    assert [(row["seed"], row["mode"]) for row in read_json(results)["rows"]] == [
        (1, "plain"), (1, "lower"), (2, "plain"), (2, "lower"),
    ]  # fmt: skip
    elsewhere = dataclasses.replace(bench, profile="large", splits={"test": "b"}, work=tmp_path / "large")
    assert collect(elsewhere, [other], [1], results) == [] and len(read_json(results)["rows"]) == 6
    resplit = dataclasses.replace(bench, splits={"test": "c"})
    assert collect(resplit, [other], [1], results) == []
    assert sorted((row["profile"], row["splits"]["test"]) for row in read_json(results)["rows"]) == [
        ("large", "b"), ("large", "b"), ("tiny", "c"), ("tiny", "c"),
    ]  # fmt: skip
    assert len(read_peers(results)) == 4


def test_other_word_vectors_are_another_training(bench: Bench, tmp_path: Path) -> None:
    results, vectors = tmp_path / "results.json", tmp_path / "vectors.txt"
    digests: list[str | None] = []
    for values in (None, "1 2", "3 4"):
        if values:
            vectors.write_text(f"1 2\nAda {values}\n", encoding="utf-8")
        given = dataclasses.replace(bench, vectors=vectors if values else None)
        assert collect(given, [PEER], [1], results) == []
        (row, *_) = read_json(results)["rows"]
        assert (row["task_vectors"] == "None") is (values is None)
        digests.append(row["vectors"])
    assert digests[0] is None and len(set(digests)) == 3
    row.pop("vectors")  # as rows were before: nobody knows which vectors they had
    write_json(results, {"rows": [row]})
    assert collect(bench, [PEER], [1], results) == [] and read_json(results)["rows"][0]["vectors"] is None


@pytest.mark.parametrize(
    ("how", "said"), [("fail", "RuntimeError: told to fail"), ("kill", "train ended with status -6")]
)
def test_a_peer_that_fails_is_named_and_the_others_go_on(
    how: str, said: str, bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = dataclasses.replace(PEER, name="broken", settings={how: True})
    results = tmp_path / "results.json"
    assert collect(bench, [broken, PEER], [1], results) == ["broken"]
    assert said in capsys.readouterr().err and not (bench.work / "broken" / "seed-1").exists()
    assert {row["peer"] for row in read_json(results)["rows"]} == {"fake"}


def test_without_the_peers_environment_there_is_a_remedy(bench: Bench) -> None:
    with pytest.raises(InputError, match="no such program; `make peers` makes"):
        run_child(bench, dataclasses.replace(PEER, own=False), "tag", bench.work / "x", 1)


def test_a_tagger_that_loses_words_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    measure(bench, PEER, "plain", 1)
    answer = {"tags": [["O"], ["O"]], "seconds": [1.0], "versions": {}, "python": "", "load_seconds": 1, "peak_mb": 1}
    monkeypatch.setattr("bench.peers.rows.run_child", lambda *_, **__: answer)
    with pytest.raises(InputError, match="expected a tag for each word"):
        measure(bench, PEER, "plain", 1)


def test_a_trial_has_few_sentences_and_settings_of_its_own(bench: Bench) -> None:
    settings = PEER.settings_for(trial=True)
    assert settings == {"least": 2, "train_sentences": TRIAL_SENTENCES}
    request = {"conll": str(bench.conll), "vectors": None, "seed": 1, "threads": 1}
    task = Task.read({**request, "settings": {"least": 2, "train_sentences": 1}})
    assert task.train == TRAIN[:1] and task.settings == {"least": 2} and task.labels == ["B-PER", "E-PER", "O", "S-PER"]


def test_the_peak_of_a_process_is_not_that_of_its_parent(bench: Bench) -> None:
    block = bytearray(600_000_000)
    block[::4096] = b"x" * len(block[::4096])
    assert peak_megabytes() > 600
    assert measure(bench, PEER, "plain", 1)["peak_mb"] < 300


def make_lock(folder: Path, params: Params, conll: Path) -> Path:
    import hashlib

    outs = [
        {"path": f"work/conll/{split}.conll", "md5": hashlib.md5((conll / f"{split}.conll").read_bytes()).hexdigest()}
        for split in ("train", "dev", "test")
    ]
    stage = {
        "deps": [{"path": f"data/raw/{params.data}"}],
        "params": {"params.yaml": params.model_dump(include={"prepare_conll"})},
        "outs": outs,
    }
    lock = folder / "dvc.lock"
    lock.write_text(yaml.safe_dump({"stages": {"prepare_conll": stage}}), encoding="utf-8")
    return lock


def test_splits_must_be_those_of_the_parameters(bench: Bench, tmp_path: Path) -> None:
    params = parse_params(render(ROOT / "profiles", "demo"), "demo")
    lock = make_lock(tmp_path, params, bench.conll)
    found = prepared_splits(bench.conll, lock, params)
    assert set(found) == {"train", "dev", "test"} and len(set(found.values())) == 3
    other = params.model_copy(update={"data": "other"})
    with pytest.raises(InputError, match="other data or parameters"):
        prepared_splits(bench.conll, lock, other)
    fewer = params.prepare_conll.model_copy(update={"train_sentences": 5})
    with pytest.raises(InputError, match="other data or parameters"):
        prepared_splits(bench.conll, lock, params.model_copy(update={"prepare_conll": fewer}))
    write_conll(bench.conll / "test.conll", TEST[:1])
    with pytest.raises(InputError, match=r"test\.conll: not the file that"):
        prepared_splits(bench.conll, lock, params)
    (bench.conll / "test.conll").unlink()
    with pytest.raises(InputError, match=r"test\.conll: no such file; run `make repro` first"):
        prepared_splits(bench.conll, lock, params)
    with pytest.raises(InputError, match="no stage prepare_conll"):
        prepared_splits(bench.conll, tmp_path / "none.lock", params)


def test_vectors_are_written_as_all_peers_read_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    params = parse_params(render(ROOT / "profiles", "demo"), "demo")
    assert write_vectors(params, tmp_path / "vectors.txt") is None
    with_vectors = params.prepare_conll.model_copy(update={"vectors": "v.txt", "vector_rows": 3})
    raw = tmp_path / "data" / "raw" / "demo"
    raw.mkdir(parents=True)
    (raw / "v.txt").write_text("the 0.5 -1\n. . 3 3\nof 0.25 2\nrare 1 1\n", encoding="utf-8")
    file = write_vectors(params.model_copy(update={"prepare_conll": with_vectors}), tmp_path / "vectors.txt")
    assert file is not None and file.read_text(encoding="utf-8") == "2 2\nthe 0.5 -1.0\nof 0.25 2.0\n"


def test_words_that_minilm_cuts_off_count_as_o() -> None:
    """Of the second sentence, the last word is beyond the model's positions."""
    labels, gold = ["O", "S-LOC", "S-PER"], [["S-PER", "O"], ["O", "S-LOC"]]
    label_ids = np.array([[IGNORED, 2, 0], [IGNORED, 0, IGNORED]])
    logits = np.eye(3)[[[1, 2, 0], [1, 0, 1]]]
    scores = _scorer(gold, labels)(SimpleNamespace(predictions=logits, label_ids=label_ids))
    assert scores == {"f1": pytest.approx(100 * 2 / 3)}


def test_rows_are_in_the_order_of_the_peers() -> None:
    rows: list[dict[str, Any]] = [{"profile": p, "peer": name} for p in "ba" for name in ("crfsuite", PEERS[0].name)]
    assert [(row["profile"], row["peer"]) for row in in_order(rows)] == [
        ("a", PEERS[0].name), ("a", "crfsuite"), ("b", PEERS[0].name), ("b", "crfsuite"),
    ]  # fmt: skip


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_each_peer_can_be_trained_and_loaded(peer: Peer) -> None:
    import importlib

    module = importlib.import_module(peer.module)
    assert callable(module.train) and callable(module.load) and peer.models and peer.packages
    assert set(peer.trial) <= set(peer.settings)
    json.dumps(peer.settings_for(trial=True))


@pytest.mark.skipif(
    not (ROOT / ".venv-peers" / "bin" / "python").exists(), reason="no .venv-peers; `make peers` makes it"
)
@pytest.mark.parametrize("peer", [peer for peer in PEERS if not peer.own], ids=lambda peer: peer.name)
def test_each_peer_learns_a_few_sentences_by_heart(peer: Peer, bench: Bench) -> None:
    there = dataclasses.replace(bench, python=ROOT / ".venv-peers" / "bin" / "python", trial=True, runs=1)
    for split in ("train", "dev", "test"):
        write_conll(there.conll / f"{split}.conll", TRAIN * 20)
    vectors = there.work / "vectors.txt"
    vectors.parent.mkdir(parents=True, exist_ok=True)
    vectors.write_text("3 2\nada 0.5 1.0\noslo 0.1 0.2\nbob 0.3 -0.4\n", encoding="utf-8")
    longer = dataclasses.replace(peer, trial=LONG_ENOUGH.get(peer.name, {}))
    for mode in peer.models:
        row = measure(dataclasses.replace(there, vectors=vectors), longer, mode, 1)
        assert row["test_f1"] > 95, row
    shutil.rmtree(there.work)


def test_word_vectors_are_read_once_for_all_rows(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, read = tmp_path / "vectors.txt", list[Path]()
    vectors.write_text("1 2\nAda 1 2\n", encoding="utf-8")
    monkeypatch.setattr("bench.peers.rows.sha256_of_file", lambda path: read.append(path) or sha256_of_file(path))
    given = dataclasses.replace(bench, vectors=vectors)
    found = {given.identity(peer, "plain", seed)["vectors"] for peer in (PEER, PEERS[-1]) for seed in (1, 2)}
    assert found == {sha256_of_file(vectors)} and read.count(vectors) == 1
