"""A small archive is a model folder like others, with weights that have few different values."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from safetensors.torch import load_file

from commands.demo_tagger import PARTS, main
from ldnet.errors import InputError
from ldnet.files import read_json
from ldnet.locate_model import unpack
from ldnet.model_folder import load_model
from pipeline.exporting import small_archive
from pipeline.exporting.model_export import ModelDescription, ModelSource, export_model
from pipeline.exporting.small_archive import BITS, write_archive
from pipeline.exporting.workspace import best_model
from tests.factories import make_sentences
from tests.report_factories import PROJECT
from tests.serving_factories import make_workspace

WORDS = [sentence.words for sentence in make_sentences(20, 6)]


@pytest.fixture
def best(tmp_path: Path) -> tuple[ModelSource, ModelDescription]:
    return best_model(*make_workspace(tmp_path), "pruned_taught")


def test_weights_have_few_values_near_those_trained(best: tuple[ModelSource, ModelDescription], tmp_path: Path) -> None:
    export_model(*best, tmp_path / "whole")
    told = write_archive(*best, {"a": "0" * 32}, tmp_path / "small.zip")
    small = unpack(tmp_path / "small.zip", tmp_path / "small")
    for file in ("tagger", "lm/forward", "lm/backward"):
        rounded = load_file(small / file / "weights.safetensors")
        for name, tensor in load_file(tmp_path / "whole" / file / "weights.safetensors").items():
            if name == "crf.transitions" or tensor.dim() != 2 or not tensor.numel():
                assert rounded[name].equal(tensor), name
            else:
                assert len(rounded[name].unique()) < 2**BITS, name
                # Half of the distance between two values, which is below twice the largest weight over their number.
                assert (rounded[name] - tensor).abs().max() <= tensor.abs().max() / (2 ** (BITS - 1) - 1), name
    assert load_model(small).tag(WORDS)  # its files are those that it lists
    assert read_json(small / "model.json")["rounded"] == told and told["made_from"] == {"a": "0" * 32}
    assert f"rounded to {BITS} bits" in (small / "README.md").read_text(encoding="utf-8")
    assert "rounded" not in (tmp_path / "whole" / "README.md").read_text(encoding="utf-8")


def test_with_many_bits_the_tags_stay(
    best: tuple[ModelSource, ModelDescription], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_model(*best, tmp_path / "whole")
    monkeypatch.setattr(small_archive, "BITS", 22)
    write_archive(*best, {}, tmp_path / "small.zip")
    small = load_model(unpack(tmp_path / "small.zip", tmp_path / "small"))
    assert small.tag(WORDS) == load_model(tmp_path / "whole").tag(WORDS)


def test_the_same_tagger_gives_the_same_bytes(best: tuple[ModelSource, ModelDescription], tmp_path: Path) -> None:
    trained = (best[0].tagger / "weights.safetensors").read_bytes()
    for name in ("a.zip", "b.zip"):
        write_archive(*best, {}, tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert (best[0].tagger / "weights.safetensors").read_bytes() == trained


def test_without_dev_nothing_could_be_said_of_the_rounding(
    best: tuple[ModelSource, ModelDescription], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="no dev sentences"):
        write_archive(replace(best[0], dev=None), best[1], {}, tmp_path / "small.zip")
    assert not (tmp_path / "small.zip").exists()


def write_lock(path: Path, md5: str = "0", parts: tuple[str, ...] = PARTS) -> None:
    outs = "".join(f"\n    - path: {part}\n      md5: '{md5}'" for part in parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"schema: '2.0'\nstages:\n  all:\n    outs:{outs}\n", encoding="utf-8")


def run(*options: str) -> Result:
    return CliRunner().invoke(main, ["--archive", "demo.zip", *options])


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished demo, and what was published of it."""
    make_workspace(tmp_path)
    write_lock(tmp_path / "dvc.lock")
    write_lock(tmp_path / "results" / "demo" / "dvc.lock")
    (tmp_path / "params.yaml").write_bytes((PROJECT / "profiles" / "base.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_shipped_tagger_is_made_once_for_each_published_demo(workspace: Path) -> None:
    done = run("--check")
    assert done.exit_code == 1 and "demo.zip is stale" in done.output
    done = run()
    assert done.exit_code == 0 and "dev F1" in done.output
    assert run("--check").exit_code == 0
    made = (workspace / "demo.zip").stat().st_mtime_ns
    assert run().output == "" and (workspace / "demo.zip").stat().st_mtime_ns == made
    write_lock(workspace / "results" / "demo" / "dvc.lock", "1")
    assert run("--check").exit_code == 1
    done = run()
    assert done.exit_code == 1 and "other taggers than in results/demo" in done.output
    write_lock(workspace / "dvc.lock", "1")
    assert run().exit_code == 0 and run("--check").exit_code == 0


def test_a_damaged_archive_is_stale_and_another_profile_leaves_it(workspace: Path) -> None:
    (workspace / "demo.zip").write_bytes(b"PK")
    assert run("--check").exit_code == 1
    text = (workspace / "params.yaml").read_text(encoding="utf-8").replace("profile: demo", "profile: mine")
    (workspace / "params.yaml").write_text(text, encoding="utf-8")
    assert run().output == "" and (workspace / "demo.zip").read_bytes() == b"PK"


def test_a_lock_of_half_an_experiment_is_refused(workspace: Path) -> None:
    write_lock(workspace / "results" / "demo" / "dvc.lock", parts=PARTS[:2])
    done = run("--check")
    assert done.exit_code == 1 and "no output work/pruned; expected the lock of a finished" in done.output
