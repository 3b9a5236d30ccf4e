"""From what a user calls a model to its folder: a path, an MLflow URI, or the newest export here."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ldnet.errors import InputError
from ldnet.extras import require
from ldnet.mlflow_store import configure_mlflow, tracking_uri
from ldnet.model_description import DESCRIPTION, read_description

LATEST, MODELS = "latest", Path("work/model")
MLFLOW_SCHEMES = ("models:", "runs:")


@contextmanager
def located(name: str) -> Iterator[Path]:
    """The model folder that `name` means, which is there at least as long as the context.

    It is a folder (a model folder, or an MLflow model that has one inside), an MLflow URI (models:/name@alias,
    models:/name/1, runs:/<id>/<path>), or "latest": the newest in work/model. Raises InputError.
    """
    if not name.strip():
        raise InputError(f"the name of the model is empty; expected a folder, models:/..., runs:/... or {LATEST}")
    if name == LATEST:
        yield _latest()
    elif name.startswith(MLFLOW_SCHEMES):
        with tempfile.TemporaryDirectory() as scratch:
            yield _model_inside(_download(name, scratch), name)
    else:
        yield _model_inside(Path(name), name)


def _latest() -> Path:
    """The model that was exported last below the current folder. Raises InputError if there is none."""
    exported = list(MODELS.glob(f"*/{DESCRIPTION}"))
    if not exported:
        raise InputError(f"{LATEST}: no exported model in {MODELS}; `make export` writes one")
    return max(exported, key=lambda path: (path.stat().st_mtime_ns, path)).parent


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
            f"{name}: {len(found)} model folders in it; expected a model folder, or an MLflow model that has one"
        )
    read_description(found[0])
    return found[0]


def _download(uri: str, folder: str) -> Path:
    """Fetch the MLflow model `uri` into the folder. Raises InputError with MLflow's reason."""
    require("mlflow", uri, "mlflow")
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
