"""Documents of sweeps on the page of results: which are there, and what to set before one is made again."""

import json
from pathlib import Path

import pytest
import yaml
from report_factories import PROJECT

from commands._published import PAGE, RESULTS, Published
from commands.ablations import ABLATIONS
from commands.path import PATH
from commands.study import STUDY
from pipeline.report.readme import fill_sections


@pytest.mark.parametrize("kind", [PATH, STUDY, ABLATIONS])
def test_committed_page_is_made_from_the_committed_documents(kind: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    text = PAGE.read_text(encoding="utf-8")
    assert fill_sections(text, {kind.name: kind.sections(RESULTS)}, str(PAGE)) == text


@pytest.mark.parametrize("kind", [PATH, STUDY, ABLATIONS])
def test_no_documents(kind: Published, tmp_path: Path) -> None:
    assert kind.sections(tmp_path) == "None yet.\n"


def test_values_that_the_profile_has_changed_are_to_be_set_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    document = json.loads((PROJECT / "results/study_demo.json").read_text(encoding="utf-8"))
    (tmp_path / "study_demo.json").write_text(json.dumps(document), encoding="utf-8")
    assert "set in params.yaml first" not in STUDY.sections(tmp_path)  # the profile is gone
    profile = yaml.safe_load((PROJECT / "profiles/demo.yaml").read_text(encoding="utf-8"))
    profile.update(document["params"])
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles/demo.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    assert "set in params.yaml first" not in STUDY.sections(tmp_path)
    made_with, profile["prune"]["epochs"] = document["params"]["prune"]["epochs"], 99
    (tmp_path / "profiles/demo.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    assert STUDY.sections(tmp_path).endswith(f"set in params.yaml first: `prune.epochs: {made_with}`.\n")
