"""Documents of sweeps on the page of results: which are there, and that it shows them."""

from pathlib import Path

import pytest

from commands.ablations import ABLATIONS
from commands.learning_curve import CURVE
from commands.path import PATH
from commands.study import STUDY
from pipeline.publishing.filled_pages import fill_sections
from pipeline.publishing.sweep_publication import RESULTS, Publication
from tests.report_factories import PROJECT


@pytest.mark.parametrize("kind", [PATH, STUDY, CURVE, ABLATIONS])
def test_the_committed_page_has_the_committed_documents(kind: Publication, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    text = kind.page.read_text(encoding="utf-8")
    assert fill_sections(text, {kind.name: kind.sections(RESULTS)}, str(kind.page)) == text


@pytest.mark.parametrize("kind", [PATH, STUDY, CURVE, ABLATIONS])
def test_no_documents(kind: Publication, tmp_path: Path) -> None:
    assert kind.sections(tmp_path) == "None yet.\n"
