"""What counts as the same result, on the machine that made the reference and on another one."""

import copy
import errno
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner

from commands.verify import _link_or_copy, _take_as_published, main
from ldnet.files import read_json, write_json
from pipeline.publishing.verification import Tolerance, _cpu, compare_locks, compare_metrics, this_machine
from pipeline.yaml_text import read_yaml

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
LM = ["train", "params", "params.yaml", "pretrain_lm"]
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


@pytest.mark.parametrize("checksums", [False, True])
def test_equal_locks_do_not_differ(checksums: bool) -> None:
    assert compare_locks(LOCK, copy.deepcopy(LOCK), checksums=checksums) == ([], [])


@pytest.mark.parametrize(
    ("place", "value", "told", "told_elsewhere"),
    [
        (["train", "outs", 0, "md5"], "beef.dir", "train: outs work/lm: expected 0117.dir, found beef.dir", False),
        (["train", "deps", 1, "md5"], "beef.dir", "train: deps work/corpus: expected da7a.dir", False),
        (["train", "cmd"], "true", "train: cmd: expected python -m stages.train, found true", True),
        (["train", "params", "params.yaml", "seed"], 2, "train: params seed: expected 1, found 2", True),
        (
            ["train", "params", "params.yaml", "pretrain_lm", "units"],
            None,
            "pretrain_lm.units: expected 32, found (abs",
            True,
        ),
        (
            ["train", "params", "params.yaml", "pretrain_lm", "cutoffs"],
            [10, 30],
            "pretrain_lm.cutoffs.1: expected 20",
            True,
        ),
        (["tell"], None, "tell: cmd: expected python -m stages.tell, found (absent)", True),
        (["new"], {"cmd": "x"}, "new: cmd: expected (absent), found x", True),
    ],
)
def test_differences_in_what_was_computed(place: list[Any], value: Any, told: str, told_elsewhere: bool) -> None:
    computed, code = compare_locks(LOCK, changed(place, value))
    assert any(told in str(difference) for difference in computed) and not code
    assert bool(compare_locks(LOCK, changed(place, value), checksums=False)[0]) == told_elsewhere


@pytest.mark.parametrize("checksums", [False, True])
@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (["train", "deps", 0, "md5"], "beef", "train: code stages/train.py: expected c0de, found beef"),
        (["train", "deps", 0], None, "train: code stages/train.py: expected c0de, found (absent)"),
    ],
)
def test_differences_in_the_code_alone(place: list[Any], value: Any, told: str, checksums: bool) -> None:
    computed, code = compare_locks(LOCK, changed(place, value), checksums=checksums)
    assert [str(difference) for difference in code] == [told] and not computed


def test_differences_come_stage_by_stage() -> None:
    lock = changed(["tell", "outs", 0, "md5"], "beef")
    lock["stages"]["train"]["outs"][0]["md5"] = "beef"
    assert [difference.where for difference in compare_locks(LOCK, lock)[0]] == ["tell", "train"]


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
    """A folder with published results (of this machine), which is the working folder, and a finished run, `clone`."""
    here, clone = tmp_path / "here", tmp_path / "clone"
    for folder in (here / "results/tiny", clone):
        (folder / "metrics").mkdir(parents=True)
        (folder / "dvc.lock").write_text(yaml.safe_dump(LOCK), encoding="utf-8")
        (folder / "metrics/lm.json").write_text(json.dumps({"heldout_perplexity": 100.0}), encoding="utf-8")
    (here / "params.yaml").write_text("profile: tiny\n", encoding="utf-8")
    write_json(here / "results/tiny/results.json", {"machine": this_machine()})
    write_json(here / "results/tolerance.json", {"exact": [], "absolute": {}, "relative": {"*perplexity": 0.1}})
    commit(here, "init", "-q")
    monkeypatch.chdir(here)
    return here


def commit(repository: Path, *first: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in ([*first], ["add", "."], [*identity, "commit", "-qm", "results"]):
        if command:
            subprocess.run(["git", *command], cwd=repository, check=True)


def verify(*arguments: str) -> tuple[int, str]:
    """Exit status and output of the command."""
    result = CliRunner().invoke(main, arguments)
    return result.exit_code, result.output


def test_same_machine_is_held_to_the_bit(repository: Path) -> None:
    clone = repository.parent / "clone"
    assert verify("--against", str(clone)) == (0, "verified: bit for bit, 2 stages\n")
    assert verify("tiny", "--against", str(clone))[0] == 0
    lock = changed(["train", "outs", 0, "md5"], "beef")
    (clone / "dvc.lock").write_text(yaml.safe_dump(lock), encoding="utf-8")
    status, output = verify("--against", str(clone))
    assert status == 1
    assert "train: outs work/lm: expected 0117.dir, found beef" in output and "1 differences in train" in output


def test_other_code_with_the_same_outputs_is_a_notice(repository: Path) -> None:
    clone = repository.parent / "clone"
    lock = changed(["train", "deps", 0, "md5"], "beef")
    (clone / "dvc.lock").write_text(yaml.safe_dump(lock), encoding="utf-8")
    status, output = verify("--against", str(clone))
    assert status == 0 and "notice: the code has changed since, but not what train compute" in output


def test_other_machine_is_held_to_the_tolerance(repository: Path) -> None:
    clone = repository.parent / "clone"
    write_json(repository / "results/tiny/results.json", {"machine": {**this_machine(), "cpu": "another"}})
    commit(repository)
    lock = changed(["train", "outs", 0, "md5"], "beef")
    (clone / "dvc.lock").write_text(yaml.safe_dump(lock), encoding="utf-8")
    (clone / "metrics/lm.json").write_text(json.dumps({"heldout_perplexity": 105.0}), encoding="utf-8")
    status, output = verify("--against", str(clone))
    assert (status, output) == (0, "verified: 1 metrics within tolerance (computed on another machine: another)\n")
    (clone / "metrics/lm.json").write_text(json.dumps({"heldout_perplexity": 120.0}), encoding="utf-8")
    assert verify("--against", str(clone))[0] == 1


def test_errors_say_what_is_missing(repository: Path) -> None:
    clone = str(repository.parent / "clone")
    status, output = verify("--against", str(repository.parent / "nowhere"))
    assert status == 1 and "no dvc.lock there" in output
    status, output = verify("unpublished", "--against", clone)
    assert status == 1 and "results/unpublished: not in HEAD" in output
    (repository / "results/tiny/dvc.lock").unlink()
    commit(repository)
    status, output = verify("--against", clone)
    assert status == 1 and "results/tiny: no dvc.lock in HEAD; `make experiment NAME=tiny` publishes one" in output


def test_stages_that_are_given_are_not_compared(repository: Path) -> None:
    clone = repository.parent / "clone"
    lock = changed(["train", "outs", 0, "md5"], "beef")
    (clone / "dvc.lock").write_text(yaml.safe_dump(lock), encoding="utf-8")
    told = "verified: bit for bit, 1 stages; train taken as published\n"
    assert verify("--against", str(clone), "--given", "train") == (0, told)
    status, output = verify("--against", str(clone), "--given", "trian")
    assert status == 1 and "no stage 'trian' was published; there are tell, train" in output


def test_outputs_of_stages_that_are_given_come_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    here, clone = tmp_path / "here", tmp_path / "clone"
    here.mkdir()
    monkeypatch.chdir(here)
    stages = {
        "train": {"foreach": ["a", "b"], "do": {"cmd": "echo ${item} > lm_${item}", "outs": ["lm_${item}"]}},
        "tell": {"cmd": "cat lm_a lm_b > tale", "deps": ["lm_a", "lm_b"], "outs": ["tale"]},
    }
    (here / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}), encoding="utf-8")
    commit(here, "init", "-q")
    for command in (["init", "-q"], ["repro", "-q"]):
        subprocess.run(["dvc", *command], check=True)
    commit(here)
    subprocess.run(["git", "clone", "-q", str(here), str(clone)], check=True)
    _take_as_published(["train"], clone, dict(os.environ))
    assert [(clone / f"lm_{name}").read_text(encoding="utf-8") for name in "ab"] == ["a\n", "b\n"]
    assert list(read_yaml(clone / "dvc.yaml")["stages"]) == ["tell"] and not (clone / "tale").exists()
    shutil.rmtree(here / ".dvc/cache")
    shutil.rmtree(clone)
    subprocess.run(["git", "clone", "-q", str(here), str(clone)], check=True)
    with pytest.raises(click.ClickException, match="not in this folder's cache; bring them with `make profile` and"):
        _take_as_published(["train"], clone, dict(os.environ))


@pytest.mark.parametrize("folder", [".", "conll2000", "conll2003"])
def test_the_committed_tolerance_is_complete(folder: str) -> None:
    tolerance = Tolerance(**read_json(ROOT / "results" / folder / "tolerance.json"))
    assert tolerance.relative["*heldout_perplexity"] == 0.1
    metrics = {path.name: read_json(path) for path in (ROOT / "results" / "conll2000" / "metrics").glob("*.json")}
    published = {f"metrics/{name}": numbers for name, numbers in metrics.items()}
    without_gain = copy.deepcopy(published)
    gold = without_gain["metrics/evaluate_gold.json"]
    gold["rows"][1] = {**gold["rows"][0], "variant": "full"}
    gold["comparison"]["differences"]["full_minus_no_lm"]["test_f1"] = 0.0
    differences, _ = compare_metrics(published, without_gain, tolerance)
    assert bool(differences) == (folder != "."), "only the narrow ones see that the language models add nothing"


def test_data_on_another_file_system_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: str, target: str) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    (tmp_path / "a").write_text("x")
    _link_or_copy(str(tmp_path / "a"), str(tmp_path / "b"))
    monkeypatch.setattr(os, "link", refuse)
    _link_or_copy(str(tmp_path / "a"), str(tmp_path / "c"))
    assert (tmp_path / "b").samefile(tmp_path / "a") and (tmp_path / "c").read_text() == "x"
