"""The picture of imports between packages: what it shows, and that the committed one is current."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from commands.package_graph import joined, main, mermaid, package_imports, reduced, rerun_table
from tests.imports import ROOT

SOURCES = {
    "ldnet/__init__.py": "",
    "ldnet/text/__init__.py": "",
    "ldnet/text/tags.py": "import re",
    "pipeline/__init__.py": "",
    "pipeline/params.py": "from ldnet.text import tags",
    "pipeline/tagger/__init__.py": "",
    "pipeline/tagger/model.py": "from ldnet.text.tags import to_iobes\nfrom pipeline.params import load_params",
    "pipeline/pruning/__init__.py": "",
    "pipeline/pruning/pruning.py": "def f():\n    from pipeline.tagger import model\n    import ldnet.text.tags",
    "dvc.yaml": """
stages:
  read: {cmd: x, deps: [stages/read.py, ldnet/text, data/raw]}
  tag:
    foreach: [a, b]
    do: {cmd: x, deps: [pipeline/tagger/model.py, pipeline/tagger/crf.py, ldnet/text/tags.py, "work/${item}"]}
""",
    "stages/prune.py": "from pipeline.pruning.pruning import f\nfrom pipeline.params import load_params",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in SOURCES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_imports_by_hand(project: Path) -> None:
    """Also those inside of functions; modules directly in pipeline/ do not count."""
    assert package_imports(project) == {
        "ldnet": set(),
        "tagger": {"ldnet"},
        "pruning": {"tagger", "ldnet"},
        "stages": {"pruning"},
    }


def test_an_arrow_beside_a_longer_way_is_left_out() -> None:
    assert reduced({"a": {"b", "c", "d"}, "b": {"c"}, "c": set(), "d": set()}) == {
        "a": {"b", "d"},
        "b": {"c"},
        "c": set(),
        "d": set(),
    }


def test_packages_in_a_circle_share_a_box() -> None:
    circle = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}
    assert joined(circle) == {"a": {"b, c"}, "b, c": {"d"}, "d": set()}


def test_picture_by_hand(project: Path) -> None:
    assert mermaid(package_imports(project)).splitlines() == [
        "flowchart TD",
        '  stages["stages/"]',
        '  pruning["pipeline/pruning/"]',
        '  tagger["pipeline/tagger/"]',
        '  ldnet["ldnet/"]',
        "  stages --> pruning",
        "  pruning --> tagger",
        "  tagger --> ldnet",
    ]


def test_what_a_package_reruns(project: Path) -> None:
    """By modules or by whole folders; scripts and data are no packages."""
    assert rerun_table(project / "dvc.yaml").splitlines()[2:] == [
        "| `ldnet/text/` | `read`, `tag` |",
        "| `pipeline/tagger/` | `tag` |",
    ]


def test_a_stale_picture_is_seen(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = project / "CONTRIBUTING.md"
    page.write_text(
        "<!-- packages:begin -->\n<!-- packages:end -->\n<!-- stages:begin -->\n<!-- stages:end -->\nz\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(project)
    stale = CliRunner().invoke(main, ["--check"])
    assert stale.exit_code == 1
    assert stale.output == "Error: CONTRIBUTING.md is stale: `python -m commands.package_graph`\n"
    assert CliRunner().invoke(main).exit_code == 0
    assert CliRunner().invoke(main, ["--check"]).exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert "  tagger --> ldnet\n```\n<!-- packages:end -->\n" in text and "`tag` |\n<!-- stages:end -->\nz\n" in text


def test_the_committed_picture_is_current(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(main, ["--check"])
    assert done.exit_code == 0, done.output
