"""A published state brings a workspace to where dvc.lock, metrics and curves belong together."""

from pathlib import Path

import pytest

from ldnet.errors import InputError
from pipeline.publishing.published_state import bring_state_back, has_state, keep_state

FILES = ("params.yaml", "dvc.lock", "metrics/evaluate.json", "curves/select.csv")


def write_workspace(folder: Path, content: str, *more: str) -> None:
    for file in (*FILES, *more):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(content, encoding="utf-8")


def contents(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_state_is_kept_and_brought_back_whole(tmp_path: Path) -> None:
    workspace, kept = tmp_path / "workspace", tmp_path / "kept"
    write_workspace(workspace, "published", "metrics/old.json")
    assert not has_state(kept)
    keep_state(workspace, kept)
    assert has_state(kept) and contents(kept) == contents(workspace)
    (workspace / "metrics" / "old.json").unlink()
    keep_state(workspace, kept)
    assert contents(kept) == contents(workspace), "what is gone is not kept"
    write_workspace(workspace, "of another profile", "metrics/new.json")
    bring_state_back(kept, workspace)
    assert {**contents(kept), "params.yaml": "of another profile"} == contents(workspace)


@pytest.mark.parametrize("missing", ["params.yaml", "dvc.lock"])
def test_a_workspace_that_has_not_run_has_no_state(tmp_path: Path, missing: str) -> None:
    write_workspace(tmp_path, "x")
    (tmp_path / missing).unlink()
    with pytest.raises(InputError, match=f"{missing}: no such file; run the experiment first"):
        keep_state(tmp_path, tmp_path / "kept")


def test_data_of_another_profile_is_not_kept(tmp_path: Path) -> None:
    workspace, kept = tmp_path / "workspace", tmp_path / "kept"
    write_workspace(workspace, "x")
    (workspace / "params.yaml").write_text("generate_data:\n  mine: {seed: 1}\n", encoding="utf-8")
    stages = [f"  {name}:\n    cmd: c\n    deps:\n    - path: p\n" for name in ("generate_data@mine", "select")]
    other = "  generate_data@other:\n    cmd: c\n    outs:\n    - path: p\n"
    (workspace / "dvc.lock").write_text(f"schema: '2.0'\nstages:\n{stages[0]}{other}{stages[1]}", encoding="utf-8")
    keep_state(workspace, kept)
    assert (kept / "dvc.lock").read_text(encoding="utf-8") == f"schema: '2.0'\nstages:\n{stages[0]}{stages[1]}"
