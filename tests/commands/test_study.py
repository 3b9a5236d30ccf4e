"""The command that studies selection: what it publishes."""

import json
from pathlib import Path

import pytest

from commands import study
from ldnet.errors import InputError
from tests.experiment_factories import (
    make_study_document,
)


def test_documents_are_published_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/selection.md").write_text("a\n<!-- study:begin -->\n<!-- study:end -->\nz\n", encoding="utf-8")
    assert study.STUDY.publish(make_study_document()) == Path("results/study_demo.json")
    page = (tmp_path / "docs/selection.md").read_text(encoding="utf-8")
    assert "**demo**" in page and page.endswith("z\n") and (tmp_path / "docs/study_demo.svg").exists()
    document = json.loads((tmp_path / "results/study_demo.json").read_text(encoding="utf-8"))
    del document["rows"][0]["values"]
    (tmp_path / "results/study_demo.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InputError, match=r"study_demo\.json: values: missing"):
        study.STUDY.fill_page()
