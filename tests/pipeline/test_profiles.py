"""Profiles are rendered from a base and what differs; switching never loses a hand edit; those that ship are right."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from commands.switch_profile import main
from ldnet.errors import InputError
from pipeline.params import load_params
from pipeline.profiles import differences, is_edited, load_profile, names, render, switch

ROOT = Path(__file__).parents[2]
PROFILES = ROOT / "profiles"
BASE = (PROFILES / "base.yaml").read_text(encoding="utf-8")
DEMO = BASE.replace("$schema=../", "$schema=", 1)
WIDE = "profile: wide\nseed: 9\npretrain_lm: {units: 64}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """profiles/ with the base, which is `demo`, and `wide`."""
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "base.yaml").write_text(BASE, encoding="utf-8")
    (folder / "wide.yaml").write_text(WIDE, encoding="utf-8")
    return folder


def edited(folder: Path, old: str = "", new: str = "") -> Path:
    """params.yaml: demo's with an edit."""
    assert old in DEMO
    path = folder.parent / "params.yaml"
    path.write_text(DEMO.replace(old, new, 1), encoding="utf-8")
    return path


def test_the_base_is_rendered_as_it_is_but_for_the_path_of_the_schema(folder: Path) -> None:
    assert render(folder, "demo") == DEMO != BASE


def test_a_profile_may_be_like_another_one(folder: Path) -> None:
    """Its values go over those of the other one, key by key; null and empty mappings as over the base."""
    (folder / "first.yaml").write_text(
        "profile: first\nseed: 9\npretrain_lm: {units: 64, cutoffs: [7]}\nablations: null\ngenerate_data: {}\n",
        encoding="utf-8",
    )
    (folder / "second.yaml").write_text(
        "profile: second\nlike: first\npretrain_lm: {cutoffs: [9]}\nablations: {tokens: 5}\n", encoding="utf-8"
    )
    first, second = (yaml.safe_load(render(folder, name)) for name in ("first", "second"))
    assert (second["seed"], second["generate_data"]) == (9, {}) and "like" not in second and "ablations" not in first
    assert second["pretrain_lm"] == {**first["pretrain_lm"], "cutoffs": [9]}
    assert second["ablations"] == {**yaml.safe_load(DEMO)["ablations"], "tokens": 5}
    assert load_profile(folder, "second").pretrain_lm.units == 64


@pytest.mark.parametrize("like", ["demo", "second", "third", "none", "[first]"])
def test_what_a_profile_cannot_be_like(folder: Path, like: str) -> None:
    (folder / "second.yaml").write_text(f"profile: second\nlike: {like}\n", encoding="utf-8")
    (folder / "third.yaml").write_text("profile: third\nlike: wide\n", encoding="utf-8")
    with pytest.raises(
        InputError, match=r"second\.yaml: like: expected a profile that is like no other one \(wide\), "
    ):
        render(folder, "second")


def test_an_empty_difference_renders_the_base(folder: Path) -> None:
    """So neither layout nor comments depend on how a profile is rendered."""
    (folder / "same.yaml").write_text("profile: demo\n", encoding="utf-8")
    assert render(folder, "same") == DEMO


def test_a_profile_is_the_base_with_its_values_in_it(folder: Path) -> None:
    text = DEMO.replace("profile: demo", "profile: wide").replace("seed: 1", "seed: 9", 1)
    assert render(folder, "wide") == text.replace("\n  units: 32", "\n  units: 64")


@pytest.mark.parametrize(
    ("overlay", "key", "expected"),
    [
        ("generate_data: {}", "generate_data", {}),
        ("generate_data: {demo: {seed: 2}}", "generate_data.demo.seed", 2),
        ("generate_data: {demo: null}", "generate_data", {}),
        ("generate_data: {demo: null, own: {seed: 1}}", "generate_data", {"own": {"seed": 1}}),
        ("pretrain_lm: {cutoffs: [1, 2, 3]}", "pretrain_lm.cutoffs", [1, 2, 3]),
        ("train_tagger:\n  seeds:\n  - 7\n", "train_tagger.seeds", [7]),
        ("ablations: {candidates: {wide: {units: 7}}}", "ablations.candidates.wide.layers", 2),
        ("select: {strength: 0.00001}", "select.strength", 0.00001),
        ("prepare_conll: {vectors: ''}", "prepare_conll.vectors", ""),
        ("prepare_conll: {dev: 'on'}", "prepare_conll.dev", "on"),
    ],
)
def test_values_are_merged(folder: Path, overlay: str, key: str, expected: Any) -> None:
    (folder / "own.yaml").write_text(f"profile: own\n{overlay}\n", encoding="utf-8")
    text = render(folder, "own")
    value, base = yaml.safe_load(text), yaml.safe_load(BASE)
    changed = set(differences({**base, "profile": "own"}, value))
    assert all(name.startswith(key.split(".")[0]) for name in changed)
    for part in key.split("."):
        value = value[part]
    assert value == expected and type(value) is type(expected)
    assert [line for line in text.splitlines() if line.startswith("#")] == DEMO.splitlines()[:3]
    assert text.count("  # ") >= 40 and "\n\n\n" not in text and text.endswith("\n") and not text.endswith("\n\n")


def test_a_section_can_be_taken_away(folder: Path) -> None:
    (folder / "own.yaml").write_text("profile: own\nablations: null\n", encoding="utf-8")
    assert load_profile(folder, "own").ablations is None
    assert render(folder, "own") == DEMO[: DEMO.index("\nablations:")].replace("profile: demo", "profile: own ")


def test_switch_writes_the_profile_whole(folder: Path) -> None:
    active = edited(folder)
    switch(active, folder, "wide")
    assert active.read_text(encoding="utf-8") == render(folder, "wide")
    assert not is_edited(active, folder)
    switch(active, folder, "demo")
    assert active.read_text(encoding="utf-8") == DEMO


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
    active.write_text(render(folder, "wide").replace("strength: 0.05", "strength: 0.2"), encoding="utf-8")
    with pytest.raises(InputError) as refusal:
        switch(active, folder, "demo")
    assert "profiles/wide.yaml" in str(refusal.value)
    assert str(refusal.value).count(" -> ") == 1


def test_save_keeps_the_edit_under_its_own_name(folder: Path) -> None:
    active = edited(folder, "strength: 0.05", "strength: 0.2")
    switch(active, folder, "wide", save="mine")
    kept = load_profile(folder, "mine")
    assert (kept.profile, kept.select.strength) == ("mine", 0.2)
    saved = "# yaml-language-server: $schema=overlay.schema.json\nprofile: mine\n\nselect:\n  strength: 0.2\n"
    assert (folder / "mine.yaml").read_text(encoding="utf-8") == saved
    assert load_params(active).profile == "wide"
    switch(active, folder, "mine")
    assert not is_edited(active, folder)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("strength: 0.05", "strength: 0.00001"),
        ("clip_norm: 5.0", "clip_norm: 5"),
        ("digits_as_zero: false", "digits_as_zero: true"),
        ("train: train.txt", "train: 'yes'"),
        ("vectors: ''", "vectors: 'null'"),
        ("  - 1000\n", "  - 500 # the head\n  - 1000\n"),
        ("  - 1\n  - 2\n  - 3\n  - 4\n", "    [5, 6] # two\n"),
        ("  demo:\n    seed: 1", "  other: # set\n    seed: 1"),
        (
            "  demo:\n",
            "  own: {seed: 2, train_sentences: 10, dev_sentences: 10, test_sentences: 10, lm_sentences: 10}\n  demo:\n",
        ),
        (DEMO[DEMO.index("generate_data:") : DEMO.index("prepare_conll:")], "generate_data: {}\n"),
        (DEMO[DEMO.index("ablations:") :], ""),
        ("    wide: {architecture", "    broad: {architecture"),
        ("# Everything", "# All"),
        ("profile: demo ", "profile: other "),
    ],
)
def test_what_is_saved_has_the_same_values(folder: Path, old: str, new: str) -> None:
    active = edited(folder, old, new)
    values = load_params(active).model_copy(update={"profile": "mine"})
    switch(active, folder, "demo", save="mine")
    assert load_profile(folder, "mine") == values
    assert "#" not in (folder / "mine.yaml").read_text(encoding="utf-8").split("\n", 1)[1]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed: 1\n", "seed: 1\nseeed: 2\n", r"params\.yaml: seeed: unknown key"),
        ("threads: 1", "# threads: 1", r"params\.yaml: threads: missing key"),
        ("seed: 1", "seed: [1", r"params\.yaml:\d+: not YAML"),
    ],
)
def test_what_is_no_set_of_parameters_is_not_saved_and_not_lost(folder: Path, old: str, new: str, message: str) -> None:
    active = edited(folder, old, new)
    before = active.read_bytes()
    with pytest.raises(InputError, match=message):
        switch(active, folder, "wide", save="mine")
    assert active.read_bytes() == before and names(folder) == ["demo", "wide"]


@pytest.mark.parametrize(
    ("save", "message"),
    [
        ("demo", "exists already"),
        ("wide", "exists already"),
        ("base", "exists already"),
        ("../x", "cannot name a profile"),
    ],
)
def test_save_never_overwrites_a_profile(folder: Path, save: str, message: str) -> None:
    active = edited(folder, "strength: 0.05", "strength: 0.2")
    with pytest.raises(InputError, match=message):
        switch(active, folder, "wide", save=save)
    assert (folder / "base.yaml").read_text(encoding="utf-8") == BASE
    assert (folder / "wide.yaml").read_text(encoding="utf-8") == WIDE
    assert load_params(active).select.strength == 0.2


def test_discard_gives_the_edit_up(folder: Path) -> None:
    active = edited(folder, "strength: 0.05", "strength: 0.2")
    switch(active, folder, "wide", discard=True)
    assert load_params(active).profile == "wide"
    assert names(folder) == ["demo", "wide"]


def test_unknown_and_broken_profiles_change_nothing(folder: Path) -> None:
    active = edited(folder)
    (folder / "broken.yaml").write_text("profile: broken\npretrain_lm: {strems: 2}\n", encoding="utf-8")
    (folder / "torn.yaml").write_text("profile: [torn\n", encoding="utf-8")
    (folder / "list.yaml").write_text("- torn\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"no profile 'other'.*there are broken, demo, list, torn, wide"):
        switch(active, folder, "other")
    (folder / "copy.yaml").write_text(BASE, encoding="utf-8")
    with pytest.raises(InputError, match=r"copy\.yaml: profile: expected copy, .* found 'demo'"):
        switch(active, folder, "copy")
    with pytest.raises(InputError, match=r"broken\.yaml: pretrain_lm\.strems: unknown key"):
        switch(active, folder, "broken")
    with pytest.raises(InputError, match=r"torn\.yaml:2: not YAML"):
        switch(active, folder, "torn")
    with pytest.raises(InputError, match=r"list\.yaml: expected a section of keys"):
        switch(active, folder, "list")
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
    assert (saved.exit_code, saved.output) == (0, "params.yaml is now the profile wide\n")
    assert load_params(active).profile == "wide" and names(folder) == ["demo", "mine", "wide"]


@pytest.mark.parametrize("name", names(PROFILES))
def test_shipped_profiles_load_and_carry_their_own_name(name: str) -> None:
    assert load_profile(PROFILES, name).profile == name


@pytest.mark.parametrize("name", [name for name in names(PROFILES) if name != "demo"])
def test_shipped_profiles_hold_only_what_differs(name: str) -> None:
    def check(overlay: dict[str, Any], base: dict[str, Any], place: str) -> None:
        for key, value in overlay.items():
            if isinstance(value, dict) and value:
                check(value, base[key], f"{place}{key}.")
            else:
                assert value != base[key], f"{name}: {place}{key} is that of the base"

    overlay = yaml.safe_load((PROFILES / f"{name}.yaml").read_text(encoding="utf-8"))
    like = overlay.pop("like", None)
    check(overlay, yaml.safe_load(BASE) | (yaml.safe_load(render(PROFILES, like)) if like else {}), "")


@pytest.mark.parametrize("path", [*PROFILES.glob("*.yaml"), ROOT / "params.yaml", ROOT / "examples/own_data/mine.yaml"])
def test_editors_find_the_schema(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    schema = first.removeprefix("# yaml-language-server: $schema=")
    folder = PROFILES if "examples" in path.parts else path.parent  # the example is to be copied there
    assert schema != first and (folder / schema).resolve() == ROOT / (
        "params.schema.json" if path.name in ("base.yaml", "params.yaml") else "profiles/overlay.schema.json"
    )


def test_committed_parameters_are_the_demo_profile() -> None:
    if load_params(ROOT / "params.yaml").profile != "demo" or is_edited(ROOT / "params.yaml", PROFILES):
        pytest.skip("params.yaml is switched or edited here")
    assert (ROOT / "params.yaml").read_text(encoding="utf-8") == DEMO


def test_parameters_are_a_profile_unless_edited() -> None:
    """Where this fails, a profile has changed: `make profile NAME=demo DISCARD=1`, or the edit is yours."""
    active = load_params(ROOT / "params.yaml").profile
    if active not in names(PROFILES):
        pytest.skip("params.yaml is of a profile that is not here")
    assert (ROOT / "params.yaml").read_text(encoding="utf-8") == render(PROFILES, active)
