"""From what a user calls a model to its folder: a path, an MLflow URI, or the newest one of the workspace."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from pipeline.errors import InputError
from pipeline.files import sha256_of_files
from pipeline.serving.model_folder import DESCRIPTION, FORMAT, VERSION, export_model, read_description
from pipeline.serving.workspace import describe, model_source
from pipeline.tracking import configure_mlflow, tracking_uri

LATEST, VARIANT = "latest", "pruned"
WORK, METRICS = Path("work"), Path("metrics")
MLFLOW_SCHEMES = ("models:", "runs:")


@contextmanager
def located(name: str) -> Iterator[Path]:
    """The model folder that `name` means, which is there at least as long as the context.

    It is a folder (a model folder, or an MLflow model that has one inside), an MLflow URI (models:/name@alias,
    models:/name/1, runs:/<id>/<path>), or "latest": the pruned tagger of the workspace here. Raises InputError.
    """
    if name == LATEST:
        yield export_latest(WORK, METRICS)
    elif name.startswith(MLFLOW_SCHEMES):
        with tempfile.TemporaryDirectory() as scratch:
            yield _model_inside(_download(name, scratch), name)
    else:
        yield _model_inside(Path(name), name)


def export_latest(work: Path, metrics: Path) -> Path:
    """The pruned tagger as a model folder work/model/latest-<digest>, exported if what it is made of has changed.

    Older folders of this kind are removed. Raises InputError if the pipeline has not run to its end.
    """
    description = describe(work, metrics, VARIANT)
    source = model_source(work, VARIANT, description.seed)
    folders = [source.lexicon, source.tagger, *([source.lm] if source.lm else [])]
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    files += [work / "report" / "results.json", *([source.dev] if source.dev else [])]
    key = f"{FORMAT} {VERSION} {sha256_of_files(files)}"
    folder = work / "model" / f"{LATEST}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.parent / f".{LATEST}.lock"):
        if not folder.exists():
            export_model(source, description, folder)
        for other in folder.parent.glob(f"{LATEST}-*"):
            if other != folder:
                shutil.rmtree(other)
    return folder


def _model_inside(folder: Path, name: str) -> Path:
    """The folder itself or the one model folder in it: an MLflow model has one among its artifacts."""
    if (folder / DESCRIPTION).is_file():
        return folder
    if not folder.is_dir():
        raise InputError(
            f"{name}: no such folder; expected a model folder (`make export`), models:/..., runs:/... or {LATEST}"
        )
    found = [path.parent for path in folder.rglob(DESCRIPTION) if (path.parent / "lexicon").is_dir()]
    if len(found) != 1:
        raise InputError(
            f"{name}: {len(found)} model folders in it; expected one, as `make export` and its MLFLOW= write it"
        )
    read_description(found[0])
    return found[0]


def _download(uri: str, folder: str) -> Path:
    """Fetch the MLflow model `uri` into the folder. Raises InputError with MLflow's reason."""
    configure_mlflow()
    import mlflow
    from mlflow import MlflowException

    server = tracking_uri()
    database = Path(server.removeprefix("sqlite:///"))
    if server.startswith("sqlite:///") and not database.exists():
        raise InputError(f"{uri}: no {database}; set MLFLOW_TRACKING_URI, or run this where `make repro` has run")
    mlflow.set_tracking_uri(server)
    try:
        return Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=folder))
    except MlflowException as error:
        raise InputError(f"{uri}: MLflow at {server}: {str(error).splitlines()[0]}") from None
