"""What counts as the same result, on the machine that made the reference and on another one."""

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from commands.verify import main
from pipeline.experiments.verification import Tolerance, _cpu, compare_locks, compare_metrics, this_machine
from pipeline.params import validated

ROOT = Path(__file__).parents[2]
LOCK: dict[str, Any] = {
    "schema": "2.0",
    "stages": {
        "train": {
            "cmd": "python -m stages.train",
            "deps": [
                {"path": "stages/train.py", "hash": "md5", "md5": "c0de", "size": 3},
                {"path": "work/corpus", "hash": "md5", "md5": "da7a.dir", "size": 3},
            ],
            "params": {"params.yaml": {"pretrain_lm": {"units": 32, "cutoffs": [10, 20]}, "seed": 1}},
            "outs": [{"path": "work/lm", "hash": "md5", "md5": "0117.dir", "size": 3}],
        },
        "tell": {"cmd": "python -m stages.tell", "outs": [{"path": "tale", "hash": "md5", "md5": "7a1e", "size": 3}]},
    },
}
TOLERANCE = Tolerance(exact=["metrics/prepare*", "*:tokens"], absolute={"*f1_mean": 3.0}, relative={"*perplexity": 0.1})


def changed(place: list[Any], value: Any) -> dict[str, Any]:
    """LOCK with the value at the place changed, or removed if the value is None."""
    lock = copy.deepcopy(LOCK)
    inner: Any = lock["stages"]
    for key in place[:-1]:
        inner = inner[key]
    if value is None:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return lock


@pytest.mark.parametrize("code_only", [False, True])
def test_equal_locks_do_not_differ(code_only: bool) -> None:
    assert compare_locks(LOCK, copy.deepcopy(LOCK), code_only=code_only) == []


@pytest.mark.parametrize(
    ("place", "value", "told", "told_elsewhere"),
    [
        (["train", "outs", 0, "md5"], "beef.dir", ["train: outs work/lm: expected 0117.dir, found beef.dir"], False),
        (["train", "deps", 1, "md5"], "beef.dir", ["train: deps work/corpus: expected da7a.dir"], False),
        (["train", "deps", 0, "md5"], "beef", ["train: deps stages/train.py: expected c0de, found beef"], True),
        (["train", "deps", 0], None, ["train: deps stages/train.py: expected c0de, found (absent)"], True),
        (["train", "cmd"], "true", ["train: cmd: expected python -m stages.train, found true"], True),
        (["train", "params", "params.yaml", "seed"], 2, ["train: params seed: expected 1, found 2"], True),
        (
            ["train", "params", "params.yaml", "pretrain_lm", "units"],
            None,
            ["params pretrain_lm.units: expected 32, found (abs"],
            True,
        ),
        (
            ["train", "params", "params.yaml", "pretrain_lm", "cutoffs"],
            [10, 30],
            ["params pretrain_lm.cutoffs.1: expected 20"],
            True,
        ),
        (["tell"], None, ["tell: cmd: expected python -m stages.tell, found (absent)"], True),
        (["new"], {"cmd": "x"}, ["new: cmd: expected (absent), found x"], True),
    ],
)
def test_lock_differences(place: list[Any], value: Any, told: list[str], told_elsewhere: bool) -> None:
    found = compare_locks(LOCK, changed(place, value))
    for text in told:
        assert any(text in str(difference) for difference in found)
    assert bool(compare_locks(LOCK, changed(place, value), code_only=True)) == told_elsewhere


def test_differences_come_stage_by_stage() -> None:
    lock = changed(["tell", "outs", 0, "md5"], "beef")
    lock["stages"]["train"]["outs"][0]["md5"] = "beef"
    assert [difference.where for difference in compare_locks(LOCK, lock)] == ["tell", "train"]


@pytest.mark.parametrize(
    ("file", "key", "before", "now", "agrees"),
    [
        ("metrics/prepare_conll.json", "words", 100, 100, True),
        ("metrics/prepare_conll.json", "words", 100, 101, False),
        ("metrics/prepare_conll.json", "tag_scheme", "iob2", "iob1", False),
        ("metrics/lm.json", "tokens", 100, 101, False),
        ("metrics/lm.json", "heldout_perplexity", 100.0, 109.9, True),
        ("metrics/lm.json", "heldout_perplexity", 100.0, 90.1, True),
        ("metrics/lm.json", "heldout_perplexity", 100.0, 110.1, False),
        ("metrics/lm.json", "heldout_perplexity", 100.0, float("nan"), False),
        ("metrics/tagger.json", "f1_mean", 90.0, 93.0, True),
        ("metrics/tagger.json", "f1_mean", 90.0, 86.9, False),
        ("metrics/tagger.json", "f1_mean", 90.0, None, False),
        ("metrics/tagger.json", "f1_mean", 90.0, "high", False),
        ("metrics/tagger.json", "seconds", 1, 1000, True),
    ],
)
def test_metrics_within_tolerance(file: str, key: str, before: Any, now: Any, agrees: bool) -> None:
    differences, _ = compare_metrics({file: {key: before}}, {file: {key: now}}, TOLERANCE)
    assert (differences == []) == agrees
    assert all((difference.where, difference.what) == (file, key) for difference in differences)


def test_nested_and_missing_metrics() -> None:
    expected = {"metrics/a.json": {"rows": [{"f1_mean": 90.0}, {"f1_mean": 50.0, "other": 1}]}, "metrics/b.json": {}}
    found = {"metrics/a.json": {"rows": [{"f1_mean": 90.0}, {"f1_mean": 60.0}]}}
    differences, compared = compare_metrics(expected, found, TOLERANCE)
    assert [difference.what for difference in differences] == ["rows.1.f1_mean"]
    assert compared == 2
    missing, _ = compare_metrics(expected, {}, TOLERANCE)
    assert [difference.found for difference in missing] == ["(absent)", "(absent)"]


def test_cpu_is_told_by_model_and_stepping(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    lines = [
        "processor\t: 0",
        "vendor_id\t: V",
        "cpu family\t: 6",
        "model\t\t: 85",
        "model name\t: X: Y",
        "stepping\t: 7",
    ]
    cpuinfo.write_text(
        "\n".join([*lines, "cpu MHz\t: 2100.1", "", "processor\t: 1", "model\t\t: 99"]), encoding="utf-8"
    )
    assert _cpu(cpuinfo) == "vendor_id V, cpu family 6, model 85, stepping 7, model name X: Y"
    assert _cpu(tmp_path / "none") != ""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with committed results (of this machine), which is the working folder, and a copy named `clone`."""
    here = tmp_path / "here"
    for folder in (here, tmp_path / "clone"):
        (folder / "metrics").mkdir(parents=True)
        (folder / "dvc.lock").write_text(yaml.safe_dump(LOCK), encoding="utf-8")
        (folder / "metrics/lm.json").write_text(json.dumps({"heldout_perplexity": 100.0}), encoding="utf-8")
    tolerance = {"exact": [], "absolute": {}, "relative": {"*perplexity": 0.1}}
    (here / "reference.json").write_text(
        json.dumps({"machine": this_machine(), "tolerance": tolerance}), encoding="utf-8"
    )
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "results"]):
        subprocess.run(["git", *command], cwd=here, check=True)
    monkeypatch.chdir(here)
    return here


def verify(*arguments: str) -> tuple[int, str]:
    """Exit status and output of the command."""
    result = CliRunner().invoke(main, arguments)
    return result.exit_code, result.output


def test_same_machine_is_held_to_the_bit(repository: Path) -> None:
    clone = repository.parent / "clone"
    assert verify("--against", str(clone)) == (0, "verified: bit for bit, 2 stages\n")
    lock = changed(["train", "outs", 0, "md5"], "beef")
    (clone / "dvc.lock").write_text(yaml.safe_dump(lock), encoding="utf-8")
    status, output = verify("--against", str(clone))
    assert status == 1
    assert "train: outs work/lm: expected 0117.dir, found beef" in output and "1 differences in train" in output


def test_other_machine_is_held_to_the_tolerance(repository: Path) -> None:
    clone = repository.parent / "clone"
    reference = json.loads((repository / "reference.json").read_text(encoding="utf-8"))
    reference["machine"]["cpu"] = "another"
    (repository / "reference.json").write_text(json.dumps(reference), encoding="utf-8")
    lock = changed(["train", "outs", 0, "md5"], "beef")
    (clone / "dvc.lock").write_text(yaml.safe_dump(lock), encoding="utf-8")
    (clone / "metrics/lm.json").write_text(json.dumps({"heldout_perplexity": 105.0}), encoding="utf-8")
    status, output = verify("--against", str(clone))
    assert (status, output) == (0, "verified: 1 metrics within tolerance (made on another machine: another)\n")
    (clone / "metrics/lm.json").write_text(json.dumps({"heldout_perplexity": 120.0}), encoding="utf-8")
    assert verify("--against", str(clone))[0] == 1


def test_record_notes_this_machine_and_keeps_the_tolerance(repository: Path) -> None:
    before = json.loads((repository / "reference.json").read_text(encoding="utf-8"))
    (repository / "reference.json").write_text(json.dumps({**before, "machine": {}}), encoding="utf-8")
    assert verify("--record")[0] == 0
    assert json.loads((repository / "reference.json").read_text(encoding="utf-8")) == before


def test_errors_say_what_is_missing(repository: Path) -> None:
    status, output = verify("--against", str(repository.parent / "nowhere"))
    assert status == 1 and "no dvc.lock there" in output
    subprocess.run(["git", "rm", "-q", "--cached", "dvc.lock"], check=True)
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, "commit", "-qm", "no lock"], check=True)
    status, output = verify("--against", str(repository.parent / "clone"))
    assert status == 1 and "dvc.lock: not in HEAD" in output


def test_committed_reference_is_complete() -> None:
    reference = json.loads((ROOT / "reference.json").read_text(encoding="utf-8"))
    assert sorted(reference) == ["machine", "tolerance"]
    assert validated(Tolerance, reference["tolerance"], "").relative["*heldout_perplexity"] == 0.1
