"""A dry run says what a long stage would cost, and leaves nothing behind."""

import shutil
from pathlib import Path

import pytest
import yaml
from click.testing import Result

from pipeline.checkpoints import folder_of
from pipeline.execution.snapshots import pack
from pipeline.six_taggers import VARIANTS
from pipeline.tagger.model import save_tagger
from pipeline.tagger.tagging_data import UNLABELLED
from stages import _dry_run
from stages.select import computation
from tests.factories import make_sentences, make_tagger, write_prepared
from tests.tiny_experiment import run, tiny_params, write_raw


def dry_run(stage: str, folder: Path, *arguments: str) -> Result:
    outputs = [f"--{name}={folder / name}" for name in ("out", "metrics", "curve")]
    return run(stage, "--dry-run", "--params", str(tiny_params(folder)), *outputs, *arguments)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return tmp_path


@pytest.fixture
def prepared(root: Path) -> Path:
    splits = {"train": make_sentences(60, 1), "dev": make_sentences(20, 2)}
    lexicon = write_prepared(root / "conll", splits, root / "lm")
    save_tagger(make_tagger(lexicon, 34), root / "tagger" / "seed-1")
    shutil.copytree(root / "lm", root / "pruned" / "seed-1")
    tiny_params(root)
    return root


def assert_told(result: Result, folder: Path, before: set[Path], *expected: str) -> None:
    assert result.exit_code == 0, result.output
    for text in (
        "dry run: nothing is written",
        "would do",
        "resumes   from nothing",
        "time ",
        "memory ",
        "disk ",
        "are free",
        *expected,
    ):
        assert text in result.output
    assert set(folder.rglob("*")) == before


def test_pretraining(root: Path) -> None:
    write_raw(root / "raw")
    (root / "hashes").write_text("")
    out = ("--out", str(root / "corpus"), "--metrics", str(root / "m.json"))
    options = ("--params", str(tiny_params(root)), "--raw", str(root / "raw"), "--test-hashes", str(root / "hashes"))
    assert run("prepare_corpus", *options, *out).exit_code == 0
    before = set(root.rglob("*"))
    result = dry_run("pretrain_lm", root, "--direction", "backward", "--corpus", str(root / "corpus"))
    assert_told(result, root, before, "backward: 2 layers of 4", "s a step", f"in {root / 'out'}")


@pytest.mark.parametrize("variant", VARIANTS)
def test_taggers(prepared: Path, variant: str) -> None:
    before = set(prepared.rglob("*"))
    lm = {"no_lm": [], "full": ["--lm", str(prepared / "lm")], "pruned": ["--lm", str(prepared / "pruned")]}[variant]
    result = dry_run("train_tagger", prepared, "--variant", variant, "--conll", str(prepared / "conll"), *lm)
    assert_told(result, prepared, before, f"{variant}: 1 seeds, 1 at a time, 2 epochs of 60 sentences")
    assert ("features of the language models" in result.output) == (variant != "no_lm")


def test_taught_taggers(prepared: Path) -> None:
    (prepared / "targets").mkdir()
    (prepared / "targets" / UNLABELLED).write_text("one more sentence\n" * 5, encoding="utf-8")
    before = set(prepared.rglob("*"))
    folders = [f"--{name}={prepared / name}" for name in ("conll", "lm", "targets")]
    result = dry_run("train_tagger", prepared, "--variant", "full", *folders)
    assert_told(result, prepared, before, "full_taught: 1 seeds, 1 at a time, 3 epochs of 65 sentences")


def test_selection(prepared: Path) -> None:
    before = set(prepared.rglob("*"))
    folders = [f"--{name}={prepared / name}" for name in ("conll", "lm", "tagger")]
    result = dry_run("select", prepared, *folders)
    assert_told(
        result,
        prepared,
        before,
        "1 selections, each of 2 epochs of 60 sentences, 1 of them with gates that move",
        "of 6 layers",
    )


def test_what_it_would_resume_from_is_named(prepared: Path) -> None:
    options = [f"--{name}={prepared / name}" for name in ("conll", "lm", "tagger")]
    assert "resumes   from nothing: no checkpoint" in dry_run("select", prepared, *options).output
    outputs = [prepared / name for name in ("out", "metrics", "curve")]
    stopped = computation(tiny_params(prepared), prepared / "conll", prepared / "lm", prepared / "tagger", out=outputs)
    folder = folder_of(stopped.description())
    folder.mkdir(parents=True)
    (folder / "state").write_bytes(pack({}, {}, "epoch 1 of 2"))
    assert f"resumes   from {folder}: state, epoch 1 of 2\n" in dry_run("select", prepared, *options).output


def test_selections_that_are_repeated_take_as_often_as_long(prepared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_dry_run, "_times", lambda records: [9.0, 2.0, 1.0])
    path = prepared / "params.yaml"
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    costs = []
    for repeats in (1, 2):
        params["train_tagger"]["seeds"], params["select"]["repeats"] = [1, 2], repeats
        path.write_text(yaml.safe_dump(params), encoding="utf-8")
        options = {"params_path": path, "conll": prepared / "conll", "lm": prepared / "lm", "out": prepared / "out"}
        costs.append(_dry_run.measure("select", {**options, "tagger_folder": prepared / "tagger"})[0])
    once, twice = costs
    assert twice.seconds == 2 * once.seconds > 0
    assert (twice.out_bytes, twice.temporary_bytes) == (2 * once.out_bytes, 2 * once.temporary_bytes)


def test_methods_that_do_not_train_are_timed_as_they_are(prepared: Path) -> None:
    path = prepared / "params.yaml"
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    params["select"]["method"] = "first"
    path.write_text(yaml.safe_dump(params), encoding="utf-8")
    options = {"params_path": path, "conll": prepared / "conll", "lm": prepared / "lm", "out": prepared / "out"}
    cost = _dry_run.measure("select", {**options, "tagger_folder": prepared / "tagger"})[0]
    assert cost.work.startswith("1 selections, each of the method first; at most") and cost.seconds > 0


def test_what_the_stage_would_refuse_is_refused(root: Path) -> None:
    result = dry_run("pretrain_lm", root, "--direction", "forward", "--corpus", str(root / "gone"))
    assert result.exit_code == 1 and "run the stage prepare_corpus" in result.output


def test_short_stages_have_no_dry_run() -> None:
    assert "--dry-run" not in run("evaluate", "--help").output
    assert "--dry-run" in run("select", "--help").output
