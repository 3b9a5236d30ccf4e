"""Publishing: results/<profile>.json, figures, and the README's generated sections."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from commands.publish import main
from ldnet.errors import InputError
from pipeline.publishing.filled_pages import fill_sections
from pipeline.publishing.readme_sections import stages_section
from pipeline.publishing.verification import this_machine
from pipeline.report.results import build_results
from tests.git_repository import make_repository
from tests.report_factories import PROJECT, make_experiment_values, make_metrics, make_params

README = """# Title
<!-- peers:begin -->
<!-- peers:end -->
<!-- results:begin -->
outdated
<!-- results:end -->
between
<!-- curve:begin -->
<!-- curve:end -->
<!-- stages:begin -->
<!-- stages:end -->
after
"""
SECTIONS = {
    "results": ("gain", "goals", "curve"),
    "choices": ("tries", "tokens"),
    "selection": ("path", "study"),
    "ablations": ("ablations",),
    "faults": ("faults", "mutants"),
    "speed": ("pretraining_since", "tagging_since"),
    "serving": ("serving_memory",),
    "peers": ("peers",),
}  # of each page in docs/
PIPELINE = """
stages:
  generate_data:
    foreach: ${generate_data}
    do: {desc: Makes data, cmd: x, outs: ["data/raw/${key}"]}
  pretrain_lm:
    foreach: [forward, backward]
    do: {desc: Trains, cmd: x, outs: [{"work/lm/${item}": {cache: false}}]}
  train_tagger:
    foreach:
      no_lm: {lm: a}
      full: {lm: b}
    do: {desc: Tags, cmd: x, outs: ["work/tagger/${key}"]}
  prune:
    foreach:
      gold: {ending: ""}
      taught: {ending: _taught}
    do: {desc: Prunes, cmd: x, outs: ["work/tagger/pruned${item.ending}"]}
  prepare:
    desc: Reads
    cmd: x
    outs: ["work/${data}/train", "work/${data}/lexicon"]
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A committed repository with a finished report of the profile demo."""
    (tmp_path / "README.md").write_text(README, encoding="utf-8")
    (tmp_path / "docs").mkdir()
    for page, sections in SECTIONS.items():
        markers = "".join(f"<!-- {name}:begin -->\n<!-- {name}:end -->\n" for name in sections)
        (tmp_path / "docs" / f"{page}.md").write_text(f"# Page\n{markers}", encoding="utf-8")
    (tmp_path / "dvc.yaml").write_text(PIPELINE, encoding="utf-8")
    (tmp_path / ".gitignore").write_text("/work/\n", encoding="utf-8")
    write_report(tmp_path, "demo")
    make_repository(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_report(folder: Path, profile: str) -> None:
    out = folder / "work" / "report"
    out.mkdir(parents=True, exist_ok=True)
    (folder / "params.yaml").write_text(yaml.safe_dump(make_params(profile, profile)), encoding="utf-8")
    (out / "results.json").write_text(
        json.dumps(build_results(make_experiment_values(profile, profile), make_metrics()))
    )
    (folder / "dvc.lock").write_text("schema: '2.0'\n", encoding="utf-8")
    for file in ("metrics/evaluate.json", "curves/select.csv"):
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text(f"{profile}\n", encoding="utf-8")
    (out / "f1_against_cost.svg").write_text(f"{profile} svg", encoding="utf-8")


def publish(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def test_results_figure_and_readme_are_published(repository: Path) -> None:
    done = publish()
    assert done.exit_code == 0, done.output
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    document = json.loads((repository / "results" / "demo" / "results.json").read_text(encoding="utf-8"))
    assert document["git_commit"] == head
    assert set(document) == {"data", "git_commit", "machine", "params", "lm", "rows", "comparison"}
    for file in ("params.yaml", "dvc.lock", "metrics/evaluate.json", "curves/select.csv"):
        assert (repository / "results" / "demo" / file).read_bytes() == (repository / file).read_bytes()
    readme = (repository / "README.md").read_text(encoding="utf-8")
    assert (
        "(results/demo/results.json)" in readme
        and "| demo | pruned | 83.20 ± 0.14 | 85.20" in readme
        and "`work/<data>`" in readme
    )
    assert "outdated" not in readme and readme.startswith("# Title\n") and readme.endswith("after\n")
    page = (repository / "docs" / "results.md").read_text(encoding="utf-8")
    assert page.startswith("# Page\n") and "| taught | pruned minus all LM layers | -0.30" in page


def test_what_was_published_before_keeps_the_machine_that_computed_it(repository: Path) -> None:
    """As where `dvc pull` has brought the outputs to another machine, on which the code has changed."""
    lock = {"stages": {"report": {"cmd": "x", "deps": [{"path": "pipeline/report", "md5": "1"}], "outs": []}}}
    out = {"path": "work/report", "md5": "2"}
    results = repository / "results" / "demo" / "results.json"

    def publish_with(change: dict[str, Any]) -> dict[str, str]:
        lock["stages"]["report"].update(change)
        (repository / "dvc.lock").write_text(yaml.safe_dump(lock), encoding="utf-8")
        assert publish().exit_code == 0
        return dict(json.loads(results.read_text(encoding="utf-8"))["machine"])

    assert publish_with({"outs": [out]}) == this_machine()
    document = json.loads(results.read_text(encoding="utf-8"))
    results.write_text(json.dumps({**document, "machine": {"cpu": "another"}}), encoding="utf-8")
    assert publish_with({"deps": [{"path": "pipeline/report", "md5": "3"}]}) == {"cpu": "another"}
    assert publish_with({"outs": [{**out, "md5": "4"}]}) == this_machine()


def test_every_published_profile_stays_in_the_readme(repository: Path) -> None:
    assert publish().exit_code == 0
    write_report(repository, "conll2000")
    assert publish().exit_code == 0
    readme = (repository / "README.md").read_text(encoding="utf-8")
    assert readme.index("(results/conll2000/results.json)") < readme.index("(results/demo/results.json)")
    assert readme.count("| profile | tagger |") == 1
    assert "95.66 ± 0.04" in readme  # published results beside ours


def test_readme_says_what_the_profile_has_changed_since(repository: Path) -> None:
    profile = make_params("demo", "demo")
    (repository / "profiles").mkdir()
    (repository / "profiles" / "base.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    assert publish().exit_code == 0
    assert "has changed since these results" not in (repository / "README.md").read_text(encoding="utf-8")
    made_with, profile["train_taught"]["epochs"] = profile["train_taught"]["epochs"], 99
    (repository / "profiles" / "base.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    assert publish("--check").exit_code == 1
    assert publish("--readme-only").exit_code == 0
    assert f"set in params.yaml `train_taught.epochs: {made_with}`, and" in (repository / "README.md").read_text(
        "utf-8"
    )


def test_sweeps_are_filled_in_and_checked_too(repository: Path) -> None:
    assert publish().exit_code == 0
    shutil.copy(PROJECT / "results" / "study_demo.json", repository / "results")
    assert publish("--check").exit_code == 1
    assert publish("--readme-only").exit_code == 0 and publish("--check").exit_code == 0
    assert "study_demo.json" in (repository / "docs" / "selection.md").read_text(encoding="utf-8")


def test_changed_code_marks_the_commit_dirty(repository: Path) -> None:
    (repository / "dvc.yaml").write_text(PIPELINE + "# changed\n", encoding="utf-8")
    assert publish().exit_code == 0
    document = json.loads((repository / "results" / "demo" / "results.json").read_text(encoding="utf-8"))
    assert document["git_commit"].endswith("-dirty")


def test_check_sees_stale_results_stages_and_edits(repository: Path) -> None:
    readme = repository / "README.md"
    assert publish("--check").exit_code == 1
    assert readme.read_text(encoding="utf-8") == README  # a check writes nothing
    assert publish().exit_code == 0
    assert publish("--check").exit_code == 0

    results = repository / "results" / "demo" / "results.json"
    results.write_text(results.read_text(encoding="utf-8").replace("83.2", "99.9"), encoding="utf-8")
    done = publish("--check")
    assert done.exit_code == 1 and "README.md is stale" in done.output
    assert publish("--readme-only").exit_code == 0
    assert "99.90" in readme.read_text(encoding="utf-8") and publish("--check").exit_code == 0

    page = repository / "docs" / "results.md"
    page.write_text(page.read_text(encoding="utf-8").replace("-0.30", "-0.03"), encoding="utf-8")
    done = publish("--check")
    assert done.exit_code == 1 and "results.md is stale" in done.output
    assert publish("--readme-only").exit_code == 0 and publish("--check").exit_code == 0

    (repository / "dvc.yaml").write_text(PIPELINE.replace("Trains", "Trains an LM"), encoding="utf-8")
    assert publish("--check").exit_code == 1


@pytest.mark.parametrize(
    "text",
    [
        README.replace("<!-- stages:end -->\n", ""),
        README.replace("results:begin", "other:begin"),
        README + "<!-- stages:end -->\n",
        "<!-- results:end --> <!-- results:begin -->",
    ],
)
def test_markers_must_be_there_once_and_in_order(text: str) -> None:
    with pytest.raises(InputError, match=r"README\.md: expected the markers"):
        fill_sections(text, {"results": "a", "stages": "b"}, "README.md")


def test_filling_twice_changes_nothing() -> None:
    once = fill_sections(README, {"results": "a\n", "stages": "b"}, "README.md")
    assert "<!-- results:begin -->\na\n<!-- results:end -->" in once
    assert fill_sections(once, {"results": "a\n", "stages": "b"}, "README.md") == once


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("work/report/results.json", "no such file"),
        ("work/report/f1_against_cost.svg", "no such file"),
        ("README.md", "README"),
        ("docs/results.md", "no such file"),
        ("docs/faults.md", "no such file"),
    ],
)
def test_missing_inputs_are_one_line_errors(repository: Path, missing: str, message: str) -> None:
    (repository / missing).unlink()
    done = publish()
    assert done.exit_code == 1
    assert done.output.splitlines()[-1].startswith(f"Error: {missing}") and message in done.output


def test_a_report_made_with_other_parameters_is_refused(repository: Path) -> None:
    params = make_params("demo", "demo")
    params["select"]["strength"] = 0.7
    (repository / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    done = publish()
    assert done.exit_code == 1 and "made with other parameters" in done.output


def test_results_need_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_report(tmp_path, "demo")
    monkeypatch.chdir(tmp_path)
    done = publish()
    assert done.exit_code == 1 and "not a git repository with a commit" in done.output
    assert not (tmp_path / "results").exists()


def test_stages_section_by_hand(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text(PIPELINE, encoding="utf-8")
    assert stages_section(tmp_path / "dvc.yaml").splitlines()[2:] == [
        "| `generate_data` | Makes data | `data/raw/<name>` |",
        "| `pretrain_lm` (forward, backward) | Trains | `work/lm` |",
        "| `train_tagger` (no_lm, full) | Tags | `work/tagger` |",
        "| `prune` (gold, taught) | Prunes | `work/tagger` |",
        "| `prepare` | Reads | `work/<data>` |",
    ]
    (tmp_path / "dvc.yaml").write_text("stages: {a: {cmd: x}}", encoding="utf-8")
    with pytest.raises(InputError, match="not a DVC pipeline"):
        stages_section(tmp_path / "dvc.yaml")


def test_the_real_pipeline_can_be_shown() -> None:
    section = stages_section(PROJECT / "dvc.yaml")
    assert "`prune`" in section and "${" not in section
