"""What is installed: the package ldnet alone, which needs what it says it needs, and nothing of the pipeline."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from email.message import Message
from email.parser import Parser
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ldnet import __version__
from ldnet.model_folder import load_model
from tests.imports import ROOT, closure, imported_modules, sources

MODEL = ROOT / "tests" / "fixtures" / "model_version_1"
SHIPPED = "ldnet/demo.zip"
LINES = ["the cat saw Paris .", "", "Rome"]
FOLDERS = ("ldnet", "pipeline", "stages", "commands", "ablations", "bench", "tests")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

# Refuses to import some modules, as where they are not installed, and the project from its clone.
ALONE = """
import sys
refused, path, *arguments = sys.argv[1:]
class Refuse:
    def find_spec(self, name, *_):
        if name.split(".")[0] in refused.split(","):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path[:] = [Refuse(), *(one for one in sys.meta_path if "editable" not in getattr(one, "__module__", ""))]
"""
RUN_LDNET = """
sys.path.insert(0, path)
import ldnet
assert ldnet.__file__.startswith(path)
from ldnet.commands.main import main
main(arguments, prog_name="ldnet")
"""
PREDICT = """
import json, mlflow, pandas as pd
model = mlflow.pyfunc.load_model(path)
print(json.dumps(list(model.predict(pd.DataFrame({"text": json.loads(arguments[0])}))["tags"])))
import ldnet
assert ldnet.__file__.startswith(path)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the code without a look at the network."""
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (*ROOT.glob("LICENSE*"), ROOT / "pyproject.toml", ROOT / "README.md"):
        shutil.copy(file, source)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", str(built), "."], cwd=source, check=True)
    (path,) = built.iterdir()
    return path


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        return Parser().parsestr(archive.read(f"ldnet-{__version__}.dist-info/METADATA").decode())


def distributions(roots: Iterable[str]) -> set[str]:
    """The names of all that is installed with these."""
    found: set[str] = set()
    waiting = [canonicalize_name(root) for root in roots]
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            waiting += [canonicalize_name(needed.name) for needed in map(Requirement, _needs(name)) if _wanted(needed)]
    return found


def _needs(distribution: str) -> list[str]:
    try:
        return requires(distribution) or []
    except PackageNotFoundError:  # such as torch's CUDA packages
        return []


def _wanted(needed: Requirement) -> bool:
    return needed.marker is None or needed.marker.evaluate({"extra": ""})


def others(roots: Iterable[str]) -> list[str]:
    """All modules that can be imported here and are not of these distributions, or of those that they need."""
    known = distributions(roots)
    bringers = {module: set(map(canonicalize_name, of)) for module, of in packages_distributions().items()}
    return [*(module for module, of in bringers.items() if module != "ldnet" and not known & of), *FOLDERS[1:]]


def alone(script: str, needs: Iterable[str], *arguments: object, cwd: Path, text: str = "") -> str:
    """Standard output of the script, run isolated in `cwd` with nothing but the distributions `needs` to import."""
    python = [sys.executable, "-I", "-W", "ignore", "-c", ALONE + script, ",".join(others(needs))]
    done = subprocess.run([*python, *map(str, arguments)], input=text, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def names(requirements: Iterable[str]) -> set[str]:
    return {Requirement(requirement).name for requirement in requirements}


def third_party(files: Iterable[str]) -> set[str]:
    modules = {module.split(".")[0] for file in files for module in imported_modules(file)}
    return modules - set(sys.stdlib_module_names) - {"ldnet"}


def test_the_wheel_holds_the_package_alone(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        files = set(archive.namelist())
    own = {file for file in files if not file.startswith(f"ldnet-{__version__}.dist-info/")}
    assert own == {*sources("ldnet"), SHIPPED}
    assert (ROOT / SHIPPED).stat().st_size < 400_000
    assert any(file.endswith("/licenses/LICENSE") for file in files)
    assert wheel.name == f"ldnet-{__version__}-py3-none-any.whl" and wheel.stat().st_size < 600_000


def test_the_metadata_ask_for_what_tagging_needs(metadata: Message) -> None:
    asked = [Requirement(requirement) for requirement in metadata.get_all("Requires-Dist", [])]
    assert {asked.name for asked in asked if not asked.marker} == {
        *("click", "nltk", "numba", "numpy", "safetensors", "torch", "tqdm"),
    }
    assert all({part.operator for part in requirement.specifier} <= {">="} for requirement in asked)
    assert set(metadata.get_all("Provides-Extra", [])) == {"mlflow", "onnx", "spark"}
    assert metadata["Version"] == __version__ and metadata["Requires-Python"] == "<3.15,>=3.11"


def test_what_is_imported_is_asked_for() -> None:
    extras = {name: names(needs) for name, needs in PROJECT["optional-dependencies"].items()}
    adapters = {"mlflow", "pandas", "pyspark", "onnxruntime"}
    assert third_party(sources("ldnet")) == names(PROJECT["dependencies"]) | adapters
    assert extras == {"mlflow": {"mlflow", "pandas"}, "spark": {"ldnet", "pyarrow", "pyspark"}, "onnx": {"onnxruntime"}}


def test_other_modules_are_refused(tmp_path: Path) -> None:
    needs = names(PROJECT["dependencies"])
    assert {"pipeline", "seqeval", "mlflow", "pandas", "dvc", "sklearn", "scipy"} <= set(others(needs))
    with pytest.raises(AssertionError, match="No module named 'seqeval'"):
        alone("import seqeval", needs, tmp_path, cwd=tmp_path)


@pytest.mark.parametrize("options", [[], ["--precision", "int8", "--format", "jsonl", "--n-best", "2"]])
def test_it_tags_elsewhere_with_nothing_but_its_needs(wheel: Path, options: list[str], tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    where, text = tmp_path / "installed", "".join(f"{line}\n" for line in LINES)
    needs = names(PROJECT["dependencies"])
    told = alone(RUN_LDNET, needs, where, "tag", MODEL, "--tokenised", *options, cwd=tmp_path, text=text)
    if options:
        found = load_model(MODEL, "int8").annotate(LINES, tokenised=True, n_best=2)
        assert [json.loads(line) for line in told.splitlines()] == json.loads(
            json.dumps([line.to_json() for line in found])
        )
    else:
        tags = load_model(MODEL).tag([line.split() for line in LINES])
        assert [line.split(" ")[-1] for line in told.splitlines() if line] == [tag for line in tags for tag in line]
    assert f"ldnet, version {__version__}" in alone(RUN_LDNET, needs, where, "--version", cwd=tmp_path)
    text = "Gaifert launched its Loujairt car.\n"
    assert alone(RUN_LDNET, needs, where, "tag", "demo", *options, cwd=tmp_path, text=text).count("Loujairt") >= 1
    assert "model_version_1" not in alone(RUN_LDNET, needs, where, "info", MODEL, cwd=tmp_path)


@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_the_mlflow_models_requirements_are_what_its_code_imports() -> None:
    from ldnet.adapters.mlflow_model import REQUIREMENTS, public_version

    assert third_party(closure("ldnet/adapters/mlflow_model.py")) == set(REQUIREMENTS)
    assert all(re.fullmatch(r"[\d.]+", public_version(name)) for name in REQUIREMENTS)


@pytest.mark.filterwarnings("ignore")
def test_the_mlflow_model_predicts_with_nothing_but_its_requirements(tmp_path: Path) -> None:
    from ldnet.adapters.mlflow_model import REQUIREMENTS, public_version, save_mlflow_model

    save_mlflow_model(MODEL, tmp_path / "mlflow")
    listed = (tmp_path / "mlflow" / "requirements.txt").read_text(encoding="utf-8").split()
    assert listed == [f"{name}=={public_version(name)}" for name in REQUIREMENTS]
    assert [path.name for path in (tmp_path / "mlflow" / "code").iterdir()] == ["ldnet"]
    assert not (tmp_path / "mlflow" / "code" / SHIPPED).exists()  # it has a model of its own
    told = alone(PREDICT, REQUIREMENTS, tmp_path / "mlflow", json.dumps(LINES), cwd=tmp_path)
    expected = load_model(MODEL).tag([line.split() for line in LINES])
    assert json.loads(told.splitlines()[-1]) == [" ".join(tags) for tags in expected]
