"""YAML is read as DVC reads it, and what is wrong with a file is one line."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.serialize import parse_yaml as parse_as_dvc

from ldnet.errors import InputError
from pipeline.params import load_params
from pipeline.profiles import load_profile, render
from pipeline.yaml_text import MOST_BYTES, parse_yaml, read_lock, read_yaml
from tests.imports import ROOT

BASE = (ROOT / "profiles/base.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("010", 10),
        ("0o10", 8),
        ("1:30", "1:30"),
        ("yes", "yes"),
        ("off", "off"),
        ("5e-2", 0.05),
        ("1e-05", 0.00001),
        ("1_000", 1000),
        ("0x10", 16),
        ("~", None),
        ("True", True),
        (".5", 0.5),
        ("'010'", "010"),
    ],
)
def test_values_are_those_of_dvc(text: str, value: Any) -> None:
    found = parse_yaml(f"key: {text}", "x")
    assert found == {"key": value} == parse_as_dvc(f"key: {text}", "x")
    assert type(found["key"]) is type(value)


def test_files_of_the_project_are_read_as_dvc_reads_them() -> None:
    for path in (ROOT / "params.yaml", ROOT / "dvc.yaml", *(ROOT / "profiles").glob("*.yaml")):
        assert read_yaml(path) == parse_as_dvc(path.read_text(encoding="utf-8"), str(path))


def test_a_stage_trains_as_many_epochs_as_dvc_writes_down(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(BASE.replace("\n  epochs: 20\n", "\n  epochs: 010\n"), encoding="utf-8")
    assert load_params(path).train_tagger.epochs == 10


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "x:3: not YAML: the key a stands there twice"),
        ("a:\n  b: 1\n  b: 2\n", "x:3: not YAML: the key b stands there twice"),
        ("a: [1", "x:1: not YAML: "),
        ("a: 1\n\tb: 2", "x:2: not YAML: "),
        ("a: *gone", "x:1: not YAML: "),
        ("a: !!python/object:os.system 1", "x:1: not YAML: could not determine a constructor"),
        ("a: 1\n---\nb: 2", "x:2: not YAML: "),
        ("a: " + "[" * 900, "x: not a readable YAML file: nested too deeply"),
        ("a: " + "9" * 5000, "x: not a readable YAML file: "),
        ("a: 2001-99-99", "x: not a readable YAML file: "),
        ("%YAML 1.3\n---\na: 1", "x: not a readable YAML file: "),
        ("a: '\x01'", "x: not a readable YAML file: "),
    ],
)
def test_what_is_wrong_is_one_line_with_file_and_line(text: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        parse_yaml(text, "x")
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value) and len(str(error.value)) < 300


@pytest.mark.parametrize("fault", ["seed: 2\n", "deep: " + "[" * 900 + "\n"])
def test_profiles_are_read_as_carefully(tmp_path: Path, fault: str) -> None:
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    (tmp_path / "own.yaml").write_text(f"profile: own\nseed: 1\n{fault}", encoding="utf-8")
    with pytest.raises(InputError, match=r"own\.yaml(:3: not YAML: the key seed stands there twice|: .* too deeply)$"):
        render(tmp_path, "own")
    (tmp_path / "base.yaml").write_text(BASE + fault, encoding="utf-8")
    with pytest.raises(InputError, match=r"base\.yaml"):
        load_profile(tmp_path, "own")


@pytest.mark.parametrize("read", [read_yaml, load_params, lambda path: render(path.parent, path.stem)])
def test_a_file_that_is_not_utf8_names_the_line(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    (tmp_path / "own.yaml").write_bytes("profile: own  # caf\xe9\n".encode() + "seed: 1  # caf\xe9\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"own\.yaml:2: not UTF-8 \(byte 0xe9 at position 15\); convert"):
        read(tmp_path / "own.yaml")
    (tmp_path / "own.yaml").write_bytes("profile: own".encode("utf-16"))
    with pytest.raises(InputError, match=r"own\.yaml:1: not UTF-8 \(byte 0xff at position 1\); convert"):
        read(tmp_path / "own.yaml")


def test_what_would_take_minutes_to_read_is_refused(tmp_path: Path) -> None:
    comment = "\n#" + "x" * MOST_BYTES
    with pytest.raises(InputError, match=r"^x: 1,048,\d+ bytes; a YAML file may have at most 1,048,576$"):
        parse_yaml(f"a: 1{comment}", "x")
    shutil.copytree(ROOT / "profiles", tmp_path / "profiles")
    (tmp_path / "profiles" / "own.yaml").write_text(f"profile: own{comment}", encoding="utf-8")
    with pytest.raises(InputError, match=r"own\.yaml: .* bytes; a YAML file"):
        render(tmp_path / "profiles", "own")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x\n", "top level: expected a section of keys, found 'x'"),
        ("stages: [a]\n", r"stages: expected dict, found \['a'\]"),
        ("stages: {a: x}\n", "stages.a: expected a section of keys, found 'x'"),
        ("stages: {a: {outs: [x]}}\n", r"stages.a.outs\[0\]: expected a section of keys, found 'x'"),
        ("stages: {a: {outs: [{path: 5}]}}\n", r"stages.a.outs\[0\].path: expected str, found 5"),
        ("stages: {a: {deps: 1}}\n", "stages.a.deps: expected list, found 1"),
        ("stages: {a: {params: {params.yaml: [1]}}}\n", r"stages.a.params.params.yaml: expected dict, found \[1\]"),
    ],
)
def test_an_odd_lock_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "dvc.lock"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=f"^{path}: {message}; mend it, or take what was committed: git checkout HEAD"):
        read_lock(path)


def test_locks_of_dvc_are_read_as_they_are(tmp_path: Path) -> None:
    assert read_lock(ROOT / "dvc.lock") == read_yaml(ROOT / "dvc.lock")
    (tmp_path / "dvc.lock").write_text("", encoding="utf-8")
    assert read_lock(tmp_path / "dvc.lock") == {}
