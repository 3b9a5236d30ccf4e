"""The page of results has every path that was published."""

import json
from pathlib import Path

import pytest

from commands import path
from ldnet.errors import InputError
from tests.experiment_factories import make_path_document


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty page of results, and one published path."""
    monkeypatch.chdir(tmp_path)
    for name in ("docs", "results"):
        (tmp_path / name).mkdir()
    (tmp_path / "docs/selection.md").write_text("a\n<!-- path:begin -->\n<!-- path:end -->\nz\n", encoding="utf-8")
    (tmp_path / "results/path_demo.json").write_text(json.dumps(make_path_document()), encoding="utf-8")
    return tmp_path


def test_page_shows_all_published_paths(folder: Path) -> None:
    (folder / "results/path_conll2000.json").write_text(json.dumps(make_path_document("conll2000")), encoding="utf-8")
    path.PATH.fill_page()
    page = (folder / "docs/selection.md").read_text(encoding="utf-8")
    assert page.startswith("a\n") and page.endswith("z\n")
    assert page.index("**conll2000**") < page.index("**demo**")
    path.PATH.fill_page()
    assert (folder / "docs/selection.md").read_text(encoding="utf-8") == page


def test_page_needs_whole_documents_and_markers(folder: Path) -> None:
    document = make_path_document()
    del document["points"][0]["dev_f1_sd"]
    (folder / "results/path_demo.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InputError, match=r"path_demo\.json: dev_f1_sd: missing"):
        path.PATH.fill_page()
    (folder / "results/path_demo.json").unlink()
    (folder / "docs/selection.md").unlink()
    with pytest.raises(InputError, match=r"selection\.md: no such file"):
        path.PATH.fill_page()
