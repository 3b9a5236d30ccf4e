"""The shape of the code: one-way imports, one home for MLflow, no pickle, a test per module, no machine's paths."""

import re
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from imports import ROOT, imported_files, imported_modules, sources

import pipeline

CODE = sources("pipeline", "stages", "commands")
MODULES = [file for file in CODE if not file.endswith("__init__.py")]
ORDER = re.findall(r"\w+", (pipeline.__doc__ or "").split("before it):")[1])


def folder(file: str) -> str:
    """`data` for pipeline/data/conll.py, '' for the modules directly in pipeline/."""
    return file.split("/")[1] if file.count("/") == 2 else ""


def test_reading_order_names_the_folders() -> None:
    assert sorted(ORDER) == sorted({folder(file) for file in sources("pipeline")} - {""})
    assert all(earlier != later for earlier, later in pairwise(ORDER))


@pytest.mark.parametrize("file", sources("pipeline"))
def test_a_folder_imports_only_from_folders_before_it(file: str) -> None:
    others = imported_files(file)
    assert not [other for other in others if not other.startswith("pipeline/")], f"{file} imports from outside"
    allowed = {"", *ORDER[: ORDER.index(folder(file)) + 1]} if folder(file) else {""}
    assert {folder(other) for other in others} <= allowed, f"{file} imports {sorted(others)}"


@pytest.mark.parametrize("file", sources("stages"))
def test_a_stage_imports_no_other_stage_and_no_command(file: str) -> None:
    others = {other for other in imported_files(file) if not other.startswith("pipeline/")}
    assert others <= {"stages/_run.py", "stages/_dry_run.py"}


def test_only_tracking_and_serving_import_mlflow() -> None:
    users = [file for file in CODE if any(name.split(".")[0] == "mlflow" for name in imported_modules(file))]
    assert users == [
        "pipeline/serving/locate_model.py",
        "pipeline/serving/pyfunc_model.py",
        "pipeline/serving/registry.py",
        "pipeline/serving/spark_tagging.py",
        "pipeline/tracking.py",
    ]


@pytest.mark.parametrize("file", CODE)
def test_nothing_is_pickled(file: str) -> None:
    assert not {name.split(".")[0] for name in imported_modules(file)} & {"pickle", "cloudpickle", "dill", "joblib"}
    text = (ROOT / file).read_text(encoding="utf-8")
    unsafe = [call for call in re.findall(r"torch\.load\([^\n]*", text) if "weights_only=True" not in call]
    assert not unsafe and "allow_pickle=True" not in text and "weights_only=False" not in text


def test_every_module_has_a_test() -> None:
    """A test imports it; or it is part of a single module of its folder, and a test imports that one.

    The stage scripts are left out: tests find them by their names in dvc.yaml.
    """
    users = {file: [user for user in CODE if file in imported_files(user)] for file in MODULES}
    tested = {file for test in sources("tests") for file in imported_files(test)}
    parts = {
        file
        for file, using in users.items()
        if len(using) == 1 and using[0] in tested and Path(using[0]).parent == Path(file).parent
    }
    scripts = {file for file in sources("stages") if file != "stages/_run.py"}
    assert sorted(set(MODULES) - tested - parts - scripts) == []


def test_no_path_of_one_machine_in_a_text_file() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    machine_path = re.compile(r"(?<![\w.~])/(?:home|root|work|tmp|opt|mnt|var|srv|Users|usr(?!/bin/env))/\w")
    found = []
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if not path.is_file() or b"\0" in (content := path.read_bytes())[:1000]:
            continue
        for number, line in enumerate(content.decode("utf-8", errors="replace").splitlines(), 1):
            if machine_path.search(line) and Path(name).name != ".gitignore":
                found.append(f"{name}:{number}: {line.strip()[:100]}")
    assert not found
