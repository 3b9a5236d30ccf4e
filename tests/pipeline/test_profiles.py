"""Switching profiles never loses a hand edit; the profiles that ship are complete."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from commands.switch_profile import main
from ldnet.errors import InputError
from pipeline.params import load_params
from pipeline.profiles import differences, is_edited, names, switch

ROOT = Path(__file__).parents[2]
DEMO = (ROOT / "profiles/demo.yaml").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """profiles/ with `demo` and `wide`."""
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "demo.yaml").write_text(DEMO, encoding="utf-8")
    wide = (
        DEMO.replace("profile: demo", "profile: wide").replace("units: 32", "units: 64").replace("seed: 1", "seed: 9")
    )
    (folder / "wide.yaml").write_text(wide, encoding="utf-8")
    return folder


def edited(folder: Path, old: str, new: str) -> Path:
    """params.yaml: demo's with an edit."""
    assert old in DEMO
    path = folder.parent / "params.yaml"
    path.write_text(DEMO.replace(old, new, 1), encoding="utf-8")
    return path


def test_switch_copies_the_profile_whole(folder: Path) -> None:
    active = edited(folder, "", "")
    switch(active, folder, "wide")
    assert active.read_bytes() == (folder / "wide.yaml").read_bytes()


def test_switch_writes_a_missing_parameters_file(folder: Path) -> None:
    switch(folder.parent / "params.yaml", folder, "demo")
    assert (folder.parent / "params.yaml").read_text(encoding="utf-8") == DEMO


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("strength: 0.05", "strength: 0.2", "select.strength: 0.05 -> 0.2"),
        ("seed: 1\n", "seed: 1\nseeed: 2\n", "seeed: (absent) -> 2"),
        ("threads: 1", "# threads: 1", "threads: 1 -> (absent)"),
        ("threads: 1", "threads: 1.0", "threads: 1 -> 1.0"),
        ("# Everything", "# All", "comments or layout only"),
        ("seed: 1", "seed: [1", "not readable as YAML"),
    ],
)
def test_switch_refuses_to_lose_an_edit(folder: Path, old: str, new: str, told: str) -> None:
    active = edited(folder, old, new)
    before = active.read_bytes()
    with pytest.raises(InputError) as refusal:
        switch(active, folder, "wide")
    assert told in str(refusal.value) and "SAVE=" in str(refusal.value) and "DISCARD=1" in str(refusal.value)
    assert active.read_bytes() == before


def test_refusal_compares_with_the_nearest_profile(folder: Path) -> None:
    active = folder.parent / "params.yaml"
    wide = (folder / "wide.yaml").read_text(encoding="utf-8")
    active.write_text(wide.replace("strength: 0.05", "strength: 0.2"), encoding="utf-8")
    with pytest.raises(InputError) as refusal:
        switch(active, folder, "demo")
    assert "profiles/wide.yaml" in str(refusal.value)
    assert str(refusal.value).count(" -> ") == 1


def test_save_keeps_the_edit_under_its_own_name(folder: Path) -> None:
    active = edited(folder, "strength: 0.05", "strength: 0.2")
    switch(active, folder, "wide", save="mine")
    kept = load_params(folder / "mine.yaml")
    assert (kept.profile, kept.select.strength) == ("mine", 0.2)
    assert "# the name under which" in (folder / "mine.yaml").read_text(encoding="utf-8")
    assert load_params(active).profile == "wide"
    switch(active, folder, "mine")
    assert not is_edited(active, folder)


@pytest.mark.parametrize(("save", "message"), [("demo", "exists already"), ("../x", "cannot name a profile")])
def test_save_never_overwrites_a_profile(folder: Path, save: str, message: str) -> None:
    active = edited(folder, "strength: 0.05", "strength: 0.2")
    with pytest.raises(InputError, match=message):
        switch(active, folder, "wide", save=save)
    assert (folder / "demo.yaml").read_text(encoding="utf-8") == DEMO
    assert load_params(active).select.strength == 0.2


def test_discard_gives_the_edit_up(folder: Path) -> None:
    active = edited(folder, "strength: 0.05", "strength: 0.2")
    switch(active, folder, "wide", discard=True)
    assert load_params(active).profile == "wide"
    assert names(folder) == ["demo", "wide"]


def test_unknown_and_broken_profiles_change_nothing(folder: Path) -> None:
    active = edited(folder, "", "")
    (folder / "broken.yaml").write_text(DEMO.replace("streams:", "strems:"), encoding="utf-8")
    with pytest.raises(InputError, match=r"no profile 'other'.*there are broken, demo, wide"):
        switch(active, folder, "other")
    (folder / "copy.yaml").write_text(DEMO, encoding="utf-8")
    with pytest.raises(InputError, match=r"copy\.yaml: profile: expected copy, .* found 'demo'"):
        switch(active, folder, "copy")
    with pytest.raises(InputError, match=r"broken\.yaml: lm\.strems: unknown key"):
        switch(active, folder, "broken")
    assert active.read_text(encoding="utf-8") == DEMO


@pytest.mark.parametrize(
    ("profile", "current", "expected"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 1}}, {}),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, {"a.b": (1, 2)}),
        ({"a": {"b": 1}}, {"a": 1}, {"a": ({"b": 1}, 1)}),
        ({"a": [1]}, {"a": [1, 2]}, {"a": ([1], [1, 2])}),
        ({"a": 1}, {"a": True}, {"a": (1, True)}),
        ({}, {"a": 1}, {"a": ("(absent)", 1)}),
        ({"a": {"b": 1}}, None, {"": ({"a": {"b": 1}}, None)}),
    ],
)
def test_differences(profile: object, current: object, expected: dict[str, object]) -> None:
    assert differences(profile, current) == expected


def test_command_lists_switches_and_refuses_in_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    active = edited(folder, "strength: 0.05", "strength: 0.2")
    monkeypatch.chdir(folder.parent)
    listed = CliRunner().invoke(main, [])
    assert (listed.exit_code, listed.output) == (0, "profiles: demo, wide\n")
    refused = CliRunner().invoke(main, ["wide"])
    assert refused.exit_code == 1 and refused.output.startswith("Error: params.yaml has been edited")
    saved = CliRunner().invoke(main, ["wide", "--save", "mine"])
    assert (saved.exit_code, saved.output) == (0, "params.yaml is now profiles/wide.yaml\n")
    assert load_params(active).profile == "wide" and names(folder) == ["demo", "mine", "wide"]


@pytest.mark.parametrize("name", names(ROOT / "profiles"))
def test_shipped_profiles_load_and_carry_their_own_name(name: str) -> None:
    assert load_params(ROOT / f"profiles/{name}.yaml").profile == name


def test_committed_parameters_are_the_demo_profile() -> None:
    assert "demo" in names(ROOT / "profiles")
    committed = (ROOT / "params.yaml").read_text(encoding="utf-8")
    if load_params(ROOT / "params.yaml").profile != "demo" or is_edited(ROOT / "params.yaml", ROOT / "profiles"):
        pytest.skip("params.yaml is switched or edited here")
    assert committed == DEMO
