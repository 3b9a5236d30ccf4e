"""The command for the learning curve, before anything runs."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from commands import learning_curve
from ldnet.errors import InputError
from pipeline.params import load_params
from tests.report_factories import PROJECT


def test_more_sentences_than_there_are_is_told_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    params = yaml.safe_load((PROJECT / "profiles/base.yaml").read_text(encoding="utf-8"))
    params["generate_data"] = {}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    raw = tmp_path / "data/raw/demo"
    raw.mkdir(parents=True)
    for split in ("train", "dev", "test"):
        (raw / f"{split}.txt").write_text("Ada B-PER\nsings O\n\n" * 3, encoding="utf-8")
    monkeypatch.setattr(learning_curve, "check_data", lambda params, raw: None)
    monkeypatch.setattr(learning_curve, "run_sweep", None)
    monkeypatch.setattr(learning_curve, "code_version", None)
    done = CliRunner().invoke(learning_curve.main, ["--sizes", "2 4 0"])
    assert done.exit_code == 1 and "train_sentences: 4, but there are 3 training sentences (0: all)" in done.output


def test_more_sentences_than_are_generated_is_told_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text((PROJECT / "profiles/base.yaml").read_text(encoding="utf-8"))
    monkeypatch.setattr(learning_curve, "run_sweep", None)
    done = CliRunner().invoke(learning_curve.main)
    assert done.exit_code == 1 and done.output == (
        "Error: sizes: 4000, but 800 training sentences are made (generate_data.demo.train_sentences); give SIZES that "
        "are not larger (0: all)\n"
    )
    params = load_params(Path("params.yaml"))
    learning_curve.check_sizes(params, 800)
    held_out = params.prepare_conll.model_copy(update={"dev": "", "dev_sentences": 100})
    with pytest.raises(InputError, match="sizes: 701, but 700 training sentences are made"):
        learning_curve.check_sizes(params.model_copy(update={"prepare_conll": held_out}), 701)
