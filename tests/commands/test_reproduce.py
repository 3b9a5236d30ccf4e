"""What `make repro` runs side by side, and what it says before it runs anything."""

import subprocess
from pathlib import Path

import pytest

from commands.reproduce import GROUPS, check_data
from ldnet.errors import InputError
from pipeline.params import Params, load_params
from tests.imports import ROOT


def brought(params: Params) -> Params:
    """The parameters with a data set that is not generated."""
    return params.model_copy(update={"data": "mine", "generate_data": {}})


def test_missing_data_is_named_before_anything_runs(tmp_path: Path) -> None:
    params = load_params(ROOT / "profiles/base.yaml")
    check_data(params, tmp_path)  # generated: nothing to bring
    (tmp_path / "mine/lm").mkdir(parents=True)
    (tmp_path / "mine/train.txt").touch()
    with pytest.raises(InputError) as error:
        check_data(brought(params), tmp_path)
    assert (
        "mine: no dev.txt (prepare_conll.dev), no test.txt (prepare_conll.test), no lm/*.txt* (prepare_corpus.text)"
        in str(error.value)
    )
    assert "make data NAME=mine FROM=" in str(error.value)
    for name in ("dev.txt", "test.txt", "lm/a.txt.gz"):
        (tmp_path / "mine" / name).touch()
    check_data(brought(params), tmp_path)


def test_pairs_are_stages_of_the_experiment() -> None:
    listed = subprocess.run(
        ["dvc", "stage", "list", "--name-only"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert {stage for group in GROUPS for stage in group} <= set(listed.stdout.split())
