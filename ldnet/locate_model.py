"""From what a user calls a model to its folder: a path, an MLflow URI, the newest export here, or the one shipped."""

import os
import signal
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from lzma import LZMAError
from pathlib import Path

from ldnet.errors import InputError
from ldnet.extras import require
from ldnet.mlflow_store import configure_mlflow, tracking_uri, without_password
from ldnet.model_description import DESCRIPTION, read_description
from ldnet.printable import MOST_REASON, shortened

LATEST, MODELS = "latest", Path("work/model")
DEMO, ARCHIVE = "demo", Path(__file__).with_name("demo.zip")
EXPECTED = f"a model folder (`make export`), models:/..., runs:/..., {LATEST} or {DEMO}"
# What zipfile raises: for what is no zip file, for compressions that this Python lacks, and for damaged content.
DAMAGE = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, zlib.error, LZMAError)
MLFLOW_SCHEMES = ("models:", "runs:")
DOWNLOAD_SECONDS = 300
DEEPEST = 4  # folders down to where a model folder is looked for: MLflow has it in artifacts/<name>, and / is vast
# MLflow downloads in a process of its own, which an alarm ends: a server that sends a byte now and then cannot be
# interrupted in any other way, and MLflow's threads would keep this process from ending.
DOWNLOAD = """
import signal, sys
signal.alarm(int(sys.argv[3]))
import mlflow
try:
    sys.stdout.write(mlflow.artifacts.download_artifacts(artifact_uri=sys.argv[1], dst_path=sys.argv[2]))
except Exception as error:
    sys.exit(" ".join(str(error).splitlines()[:1]) or type(error).__name__)
"""


@contextmanager
def located(name: str) -> Iterator[Path]:
    """The model folder that `name` means, which is there at least as long as the context.

    It is a folder (a model folder, or an MLflow model that has one inside), an MLflow URI (models:/name@alias,
    models:/name/1, runs:/<id>/<path>), "latest": the newest in work/model, or "demo": the small tagger that comes with
    this package. Where one of these two words is also a model in the current folder, it is refused. Raises InputError.
    """
    if not name.strip():
        raise InputError(f"the name of the model is empty; expected {EXPECTED}")
    if name in (LATEST, DEMO) and any((Path(name) / file).is_file() for file in (DESCRIPTION, "MLmodel")):
        raise InputError(
            f"{name}: a word for a model, and also a model folder here; expected one of them: write ./{name} for the "
            f"folder, or rename it to use the word"
        )
    if name == LATEST:
        yield _latest()
    elif name == DEMO:
        with tempfile.TemporaryDirectory() as scratch:
            yield unpack(ARCHIVE, Path(scratch) / DEMO)
    elif name.startswith(MLFLOW_SCHEMES):
        with tempfile.TemporaryDirectory() as scratch:
            yield _model_inside(_download(name, scratch), name)
    else:
        yield _model_inside(Path(name), name)


def unpack(archive: Path, folder: Path) -> Path:
    """The folder, with what the archive holds. Raises InputError if that is not there or damaged."""
    try:
        with zipfile.ZipFile(archive) as content:
            content.extractall(folder)
    except FileNotFoundError:
        raise InputError(f"{archive}: no such file; expected the tagger in ldnet: install it again") from None
    except OSError as error:  # a full disk; zipfile does not say where
        raise OSError(error.errno, error.strerror or str(error), str(folder)) from None
    except DAMAGE as error:
        raise InputError(f"{archive}: damaged ({error}); expected a zip file: install ldnet again") from None
    return folder


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
        raise InputError(f"{name}: no such folder; expected {EXPECTED}")
    below = [path for depth in range(1, DEEPEST + 1) for path in folder.glob("*/" * depth + DESCRIPTION)]
    found = [path.parent for path in below if (path.parent / "lexicon").is_dir()]
    if len(found) != 1:
        raise InputError(
            f"{name}: {len(found)} model folders in it; expected a model folder, or an MLflow model that has one"
        )
    read_description(found[0])
    return found[0]


def _download(uri: str, folder: str) -> Path:
    """Fetch the model `uri` into the folder. Raises InputError with MLflow's reason, and after DOWNLOAD_SECONDS."""
    require("mlflow", uri, "mlflow")
    configure_mlflow()
    server = tracking_uri()
    database = Path(server.removeprefix("sqlite:///"))
    if server.startswith("sqlite:///") and not database.is_file():
        raise InputError(f"{uri}: no file {database}; set MLFLOW_TRACKING_URI, or run this where `make repro` has run")
    done = subprocess.run(
        [sys.executable, "-P", "-c", DOWNLOAD, uri, folder, str(DOWNLOAD_SECONDS)],
        env={**os.environ, "MLFLOW_TRACKING_URI": server},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    shown = without_password(server)
    if done.returncode == -signal.SIGALRM:
        raise InputError(
            f"{uri}: MLflow at {shown}: not here after {DOWNLOAD_SECONDS} s; expected the whole model by then; try "
            f"again, or download it in another way and give its folder"
        )
    if done.returncode:
        said = done.stderr.splitlines() or [f"exit status {done.returncode}"]
        raise InputError(f"{uri}: MLflow at {shown}: {shortened(without_password(said[-1]), MOST_REASON)}")
    return Path(done.stdout.splitlines()[-1])
