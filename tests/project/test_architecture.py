"""The shape of the code: one-way imports, what ships apart, no circles, no pickle, a test per module."""

import re
import subprocess
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import ldnet
import pipeline
from tests.imports import ROOT, imported_files, imported_modules, sources

CODE = sources("ldnet", "pipeline", "stages", "ablations", "commands")
CORE = sources("ldnet", "pipeline", "stages")
MODULES = [file for file in CODE if not file.endswith(("__init__.py", "__main__.py"))]
# A folder imports only from those before it. Modules directly in pipeline/ may be imported from everywhere in it.
ORDER = re.findall(r"\w+", (pipeline.__doc__ or "").split("before it):")[1])
BASICS = {f"ldnet/{name}.py" for name in ("compilation", "errors", "files", "limits", "printable", "processors")}
SHIPPED_ORDER = re.findall(r"\w+", (ldnet.__doc__ or "").split("before it: ")[1].split(";")[0])


def folder(file: str) -> str:
    """`text` for ldnet/text/columns.py, '' for the modules directly in a package."""
    return file.split("/")[1] if file.count("/") == 2 else ""


def imports_of(file: str, *packages: str) -> set[str]:
    """The files of these packages that the file imports."""
    return {other for other in imported_files(file) if other.split("/")[0] in packages}


@pytest.mark.parametrize("file", sources("ldnet"))
def test_what_ships_knows_nothing_of_how_it_was_made(file: str) -> None:
    assert imported_files(file) == imports_of(file, "ldnet")


@pytest.mark.parametrize("file", CORE)
def test_the_core_never_imports_its_guest(file: str) -> None:
    assert not imports_of(file, "ablations", "commands", "bench")


@pytest.mark.parametrize("file", sources("ablations"))
def test_the_guest_knows_no_command(file: str) -> None:
    assert not imports_of(file, "commands", "bench")


def test_reading_order_names_the_folders() -> None:
    assert sorted(ORDER) == sorted({folder(file) for file in sources("pipeline")} - {""})
    assert set(SHIPPED_ORDER) <= {folder(file) for file in sources("ldnet")}


@pytest.mark.parametrize("file", sources("pipeline"))
def test_a_folder_imports_only_from_folders_before_it(file: str) -> None:
    own = imports_of(file, "pipeline")
    assert imported_files(file) == own | imports_of(file, "ldnet"), f"{file} imports from outside"
    allowed = {"", *ORDER[: ORDER.index(folder(file)) + 1]} if folder(file) else {""}
    assert {folder(other) for other in own} <= allowed, f"{file} imports {sorted(own)}"


@pytest.mark.parametrize("file", sources("ldnet"))
def test_what_ships_has_an_order_too(file: str) -> None:
    others = {folder(other) for other in imported_files(file)}
    if folder(file) in SHIPPED_ORDER:
        assert others <= {"", *SHIPPED_ORDER[: SHIPPED_ORDER.index(folder(file)) + 1]}
        assert imported_files(file) - BASICS == {other for other in imported_files(file) if folder(other)}
    elif folder(file) == "" and not file.endswith("__main__.py"):
        assert "adapters" not in others and "commands" not in others


def circle(imports: Mapping[str, set[str]]) -> list[str]:
    """Files that import each other in a circle, if there are any."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_import_circle_between_modules() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) != []
    assert circle({file: imported_files(file) for file in CODE}) == []


@pytest.mark.parametrize("file", sources("stages"))
def test_a_stage_imports_no_other_stage_and_no_command(file: str) -> None:
    others = imported_files(file) - imports_of(file, "pipeline", "ldnet")
    assert others <= {"stages/_run.py", "stages/_dry_run.py", "stages/_ending.py"}


def test_no_two_modules_have_one_name() -> None:
    """A word stands for one thing. Stages and commands are named as what they run; a model is that of its package."""
    seen: dict[str, str] = {}
    for file in MODULES:
        name = Path(file).stem
        if not file.startswith(("stages/", "ablations/stages/", "commands/", "ldnet/commands/")) and name != "model":
            assert name not in seen, f"{file} and {seen[name]}"
            seen[name] = file


def test_where_mlflow_is_imported() -> None:
    users = [file for file in CODE if any(name.split(".")[0] == "mlflow" for name in imported_modules(file))]
    assert users == [
        "ldnet/adapters/mlflow_model.py",
        "ldnet/adapters/spark.py",
        "pipeline/exporting/registry.py",
        "pipeline/tracking_store.py",
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
    scripts = {file for file in sources("stages", "ablations/stages") if file != "stages/_run.py"}
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
