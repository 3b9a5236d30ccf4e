"""MLflow's side of tracking, imported lazily (MLflow takes 2 s): write a run, find it by its content, close dead ones.

Everything here raises in an outage. How long it may take is bounded by `within`, whatever a server does.
"""

import getpass
import hashlib
import json
import re
import socket
import threading
import uuid
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from ldnet.errors import InputError
from ldnet.mlflow_store import configure_mlflow, root, tracking_uri, without_password
from pipeline.yaml_text import read_yaml

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import DatasetInput
    from mlflow.entities import Run as MlflowRun

Answer = TypeVar("Answer")
Measured = tuple[str, float, int, int]  # name, value, milliseconds since 1970, step

STAGES_EXPERIMENT = "ldnet-stages"
PIPELINE_EXPERIMENT = "ldnet"
VIEW = "comparison"  # the saved view of the pipeline's runs
WAIT_SECONDS = 60.0  # the longest that a call, or a stage at its end, waits in all
METRICS_PER_BATCH, PARAMS_PER_BATCH = 1000, 100  # the most that MLflow takes at once
CONTENT_TAG = "content_md5"  # of a pipeline run; runs of stages have out_md5
OVER = -1  # in the place of the time when a process began, if it is over


class TrackingError(Exception):
    """MLflow did not do what it was asked; one line says why."""


def within(seconds: float, call: Callable[[], Answer]) -> Answer:
    """What the call returns. Raises TrackingError, with one line, if it fails or takes longer than `seconds` in all.

    A call that hangs is left behind in its thread, which keeps no process from ending: neither a name server that is
    silent nor a server that sends a byte now and then can be interrupted.
    """
    future: Future[Answer] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # those of MLflow's own dependencies
            threading.Thread(target=run, daemon=True).start()
            return future.result(seconds)
    except TimeoutError:
        raise TrackingError(f"no answer within {seconds:g} s") from None
    except TrackingError:
        raise
    except Exception as error:
        raise TrackingError(without_password(str(error).strip().split("\n")[0]) or type(error).__name__) from None


class RunWriter:
    """One MLflow run. A method that failed may be called again: what is written already is not written twice."""

    def __init__(self, experiment: str, name: str, params: Mapping[str, str], tags: Mapping[str, str], process: int):
        """`process` is the number of the process whose run it is: when that is gone, the run is taken for killed."""
        self._experiment, self._name, self._params = experiment, name, params
        self._tags = {**origin_tags(Path("params.yaml")), "process": _living(process), **tags}
        self._inputs = dataset_inputs(self._tags.get("data", ""), Path("dvc.lock"))
        self._tried = False
        self._client: MlflowClient
        self._experiment_id = self._id = ""

    def begin(self) -> list[str]:
        """Create the run with its parameters. Returns the names of killed runs that were closed."""
        from mlflow.entities import Param

        self._client, self._experiment_id = connect(self._experiment)
        if not self._id:
            self._id = (self._tried and self._created_before()) or self._create()
        entries = [Param(key(name), value) for name, value in self._params.items()]
        for start in range(0, len(entries), PARAMS_PER_BATCH):
            self._client.log_batch(self._id, params=entries[start : start + PARAMS_PER_BATCH])
        if self._inputs:
            self._client.log_inputs(self._id, self._inputs)
        return close_dead_runs(self._client, self._experiment_id)

    def _create(self) -> str:
        self._tried = True
        made = self._client.create_run(self._experiment_id, run_name=self._name, tags=self._tags).info.run_id
        if not made:
            raise TrackingError("the answer names no run, so it is none of MLflow's")
        return str(made)

    def _created_before(self) -> str | None:
        """The run, should the server have made it and only its answer have been lost."""
        process = self._tags["process"]
        found = self._client.search_runs([self._experiment_id], f"tags.process = '{process}'", max_results=1)
        return str(found[0].info.run_id) if found else None

    def metrics(self, values: Sequence[Measured]) -> None:
        """Record values."""
        from mlflow.entities import Metric

        entries = [Metric(key(name), value, time, step) for name, value, time, step in values]
        for start in range(0, len(entries), METRICS_PER_BATCH):
            self._client.log_batch(self._id, metrics=entries[start : start + METRICS_PER_BATCH])

    def artifact(self, path: Path) -> None:
        """Copy a file or a folder to the run."""
        if path.is_dir():
            self._client.log_artifacts(self._id, str(path), artifact_path=path.name)
        else:
            self._client.log_artifact(self._id, str(path))

    def table(self, name: str, content: str) -> None:
        """Record a table (JSON: columns, data), which the MLflow pages show and compare between runs.

        MLflow's own log_table would append the rows once more when it is repeated.
        """
        self._client.log_text(self._id, content, f"{name}.json")
        self._client.set_tag(
            self._id, "mlflow.loggedArtifacts", json.dumps([{"path": f"{name}.json", "type": "table"}])
        )

    def describe(self, outs: Mapping[str, Sequence[str]], note: str) -> None:
        """Describe the run: the Markdown `note`, and links to the stages' runs that made these outputs, where known."""
        links = []
        for stage, paths in sorted(outs.items()):
            if run := run_that_made(self._client, stage, [Path(path) for path in paths]):
                self._client.set_tag(self._id, f"stage_run.{key(stage)}", run.info.run_id)
                links.append(f"* [{stage}](#/experiments/{run.info.experiment_id}/runs/{run.info.run_id})")
        text = note + ("\nStage runs:\n\n" + "\n".join(links) + "\n" if links else "")
        self._client.set_tag(self._id, "mlflow.note.content", text)

    def view(self, state: Mapping[str, Any], time: int) -> None:
        """Save a view of the experiment's page of runs, unless it has one already: people may have changed that."""
        from mlflow import MlflowException

        tag = f"mlflow.sharedViewState.{VIEW}"
        if tag not in self._client.get_experiment(self._experiment_id).tags:
            view = {"name": VIEW, "createdAt": time, "updatedAt": time, "state": json.dumps(state)}
            try:
                self._client.set_experiment_tag(self._experiment_id, tag, json.dumps(view))
            except MlflowException:
                # Another run may have saved it since it was looked for: a server inserts a tag, and fails on a second.
                if tag not in self._client.get_experiment(self._experiment_id).tags:
                    raise

    def finish(self, status: str, tags: Mapping[str, str]) -> None:
        """Set the tags and then the status. Raises TrackingError if the run is not there afterwards: a proxy that
        answers everything with {} has taken all that was sent."""
        for name, value in tags.items():
            self._client.set_tag(self._id, name, value)
        self._client.set_terminated(self._id, status)
        kept = self._client.get_run(self._id)
        if (kept.info.run_id, kept.info.status) != (self._id, status):
            raise TrackingError("the server has not kept the run")


def connect(experiment: str) -> tuple["MlflowClient", str]:
    """A client and the id of the experiment; database and experiment are created if they are not there yet."""
    folder, uri = root(), tracking_uri()
    configure_mlflow()
    import mlflow.store.db.utils

    mlflow.store.db.utils.MAX_RETRY_COUNT = 2  # else an unusable database is waited for 200 s
    from filelock import FileLock

    database = database_file()
    if database is None:
        return _client_and_experiment(uri, experiment, None if uri.startswith("http") else folder / "mlartifacts")
    # Two processes that create one database's tables at once break each other.
    with FileLock(f"{database}.lock", timeout=WAIT_SECONDS):
        return _client_and_experiment(uri, experiment, database.resolve().parent / "mlartifacts")


def database_file() -> Path | None:
    """The database, if runs go to a file; it may have to be created yet."""
    uri = tracking_uri()
    return Path(uri.removeprefix("sqlite:///")) if uri.startswith("sqlite:///") else None


def _client_and_experiment(uri: str, name: str, artifacts: Path | None) -> tuple["MlflowClient", str]:
    """`artifacts` is the folder for the files of new experiments; None leaves that to the server."""
    from mlflow import MlflowClient, MlflowException

    client = MlflowClient(tracking_uri=uri)
    number = ""
    if found := client.get_experiment_by_name(name):
        number = found.experiment_id
        if artifacts is not None:
            _check_place(str(found.artifact_location), (artifacts / name).as_uri())
    else:
        try:
            number = client.create_experiment(name, (artifacts / name).as_uri() if artifacts else None)
        except MlflowException:  # another process was faster
            if not (found := client.get_experiment_by_name(name)):
                raise
            number = found.experiment_id
    if not number:
        raise TrackingError("the answer names no experiment, so it is none of MLflow's")
    return client, number


def _check_place(noted: str, here: str) -> None:
    """Raise TrackingError for a database that came here with a copied or moved workspace: MLflow has the absolute place
    of the files of runs in it, so that new ones would go into the other workspace."""
    ending = "/".join(here.split("/")[-2:])
    if noted != here and noted.startswith("file://") and noted.endswith(ending):
        raise TrackingError(
            f"the database comes from another folder, and would put files of runs there ({noted}); "
            "move mlflow.db away, and `make upload` begins a new one with what is here"
        )


def run_that_made(client: "MlflowClient", stage: str, outs: Sequence[Path]) -> "MlflowRun | None":
    """The latest finished run of `stage` that made these outputs, known by content, as the cache may restore them."""
    experiment = client.get_experiment_by_name(STAGES_EXPERIMENT)
    if experiment is None or not all(path.exists() for path in outs):
        return None
    runs = client.search_runs(
        [experiment.experiment_id],
        f"tags.stage = '{stage}' and tags.out_md5 = '{md5_of_outs(outs)}' and attributes.status = 'FINISHED'",
        order_by=["attributes.start_time DESC"],
        max_results=1,
    )
    return runs[0] if runs else None


def pipeline_run_after(client: "MlflowClient", experiment_id: str, stage: str, outs: Sequence[Path]) -> str | None:
    """The id of the latest finished pipeline run in which `stage` had these outputs, if there is one."""
    made_by = run_that_made(client, stage, outs)
    if made_by is None:
        return None
    runs = client.search_runs(
        [experiment_id],
        f"tags.`stage_run.{key(stage)}` = '{made_by.info.run_id}' and attributes.status = 'FINISHED'",
        order_by=["attributes.start_time DESC"],
        max_results=1,
    )
    return str(runs[0].info.run_id) if runs else None


def has_content(client: "MlflowClient", experiment_id: str, content: str) -> bool:
    """Whether a pipeline run with this content, as `content_md5` gives it, has been finished."""
    query = f"tags.{CONTENT_TAG} = '{content}' and attributes.status = 'FINISHED'"
    return bool(client.search_runs([experiment_id], query, max_results=1))


def without_run(experiments: Collection[str]) -> list[str]:
    """Those of the DVC experiments that no finished pipeline run is of."""
    client, number = connect(PIPELINE_EXPERIMENT)
    query = "tags.dvc_exp = '{}' and attributes.status = 'FINISHED'"
    return [name for name in experiments if not client.search_runs([number], query.format(name), max_results=1)]


def close_dead_runs(client: "MlflowClient", experiment_id: str) -> list[str]:
    """Set runs of this machine to KILLED that are RUNNING, but whose process is gone; their names."""
    query = f"attributes.status = 'RUNNING' and tags.host = '{socket.gethostname()}'"
    dead = [run for run in client.search_runs([experiment_id], query) if _gone(run.data.tags.get("process", ""))]
    for run in dead:
        client.set_terminated(run.info.run_id, "KILLED")
    return [str(run.info.run_name) for run in dead]


def closing(names: Sequence[str]) -> str:
    """What to say about runs that were closed."""
    return f"MLflow: closed as KILLED, since their processes are gone: {', '.join(names)}"


def comparison_links(site: str) -> dict[str, str]:
    """Addresses of MLflow's pages at `site`: all runs of the pipeline in the saved view; the latest tries, compared.

    The latest tries are the DVC experiments, such as the points of a sweep, from the commit of the newest one, and each
    at its newest run. {} before the first run. Raises InputError where MLflow cannot be asked.
    """
    database = database_file()
    if database is not None and not database.exists():
        return {}
    try:
        number, found = within(WAIT_SECONDS, _finished_pipeline_runs)
    except TrackingError as error:
        raise InputError(f"{without_password(tracking_uri())}: MLflow cannot read the runs there: {error}") from None
    if not number:
        return {}
    links = {"all runs": f"{site}/#/experiments/{number}/runs?viewStateShareKey={VIEW}&compareRunsMode=CHART"}
    tries = [run for run in found if "dvc_exp" in run.data.tags]
    newest = {run.data.tags["dvc_exp"]: run.info.run_id for run in reversed(tries) if _same_baseline(run, tries[0])}
    if len(newest) > 1:
        runs, experiments = (quote(json.dumps(ids)) for ids in (list(newest.values()), [number]))
        links[f"latest {len(newest)} tries"] = f"{site}/#/compare-runs?runs={runs}&experiments={experiments}"
    return links


def _finished_pipeline_runs() -> tuple[str, list["MlflowRun"]]:
    """The id of the experiment, '' before the first run, and its finished runs, the newest first."""
    configure_mlflow()
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=tracking_uri())
    experiment = client.get_experiment_by_name(PIPELINE_EXPERIMENT)
    if experiment is None:
        return "", []
    number = str(experiment.experiment_id)
    if not number:
        raise TrackingError("the answer names no experiment, so it is none of MLflow's")
    newest_first = ["attributes.start_time DESC"]
    return number, list(client.search_runs([number], "attributes.status = 'FINISHED'", order_by=newest_first))


def _same_baseline(run: "MlflowRun", other: "MlflowRun") -> bool:
    return bool(run.data.tags.get("baseline_rev") == other.data.tags.get("baseline_rev"))


def origin_tags(params: Path) -> dict[str, str]:
    """Who made a run, where, and from what: runs of several people and workspaces lie side by side in one store."""
    configure_mlflow()
    from mlflow.utils.git_utils import get_git_commit

    tags = {"host": socket.gethostname(), "workspace": str(root())}
    tags |= {"mlflow.source.name": "dvc.yaml", "mlflow.source.type": "PROJECT"}
    with suppress(OSError, KeyError):  # a user without a name
        tags["mlflow.user"] = getpass.getuser()
    with suppress(InputError, OSError, KeyError, TypeError):  # the stage itself says what is wrong with it
        tags["data"] = str(read_yaml(params)["data"])
    if commit := get_git_commit(str(Path.cwd())):
        tags["mlflow.source.git.commit"] = commit
    return tags


def dataset_inputs(data: str, lock: Path) -> "list[DatasetInput]":
    """The data set as MLflow's column *Dataset* has it: name, DVC's checksum of its folder, and where that lies.

    Empty before DVC has seen the folder, and where the lock cannot be read.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag

    folder = f"data/raw/{data}"
    try:
        stages = read_yaml(lock)["stages"].values()
        md5s = [
            file["md5"]
            for stage in stages
            for file in (*stage.get("outs", []), *stage.get("deps", []))
            if file["path"] == folder
        ]
    except (InputError, OSError, KeyError, TypeError, AttributeError):
        return []
    source = json.dumps({"uri": folder})
    context = [InputTag("mlflow.data.context", "training")]
    return [DatasetInput(Dataset(data, str(md5s[0]), "local", source), context)] if md5s else []


def _living(process: int) -> str:
    """What tells a process from a later one with the same number, and this run from others of the same process."""
    return f"{process}/{_started(process)}/{uuid.uuid4().hex}"


def _gone(process: str) -> bool:
    """Whether the process of such a tag is over; it may have been so when the tag was made."""
    match = re.fullmatch(r"(\d+)/(-?\d+)/\w+", process)
    if match is None:
        return False
    number, began = int(match[1]), int(match[2])
    return began == OVER or abs(_started(number) - began) > 2  # the clock may have been set


def _started(process: int) -> int:
    """When the process began, in seconds since 1970; OVER if it is over."""
    import psutil

    try:
        alive = psutil.Process(process)
        return OVER if alive.status() == psutil.STATUS_ZOMBIE else int(alive.create_time())
    except psutil.NoSuchProcess:
        return OVER


def md5_of_outs(outs: Sequence[Path]) -> str:
    """MD5 over the names and contents of the files, and of all files in the folders, whatever the order of `outs`."""
    files: dict[str, Path] = {}
    for out in outs:
        inside = [path for path in out.rglob("*") if path.is_file()] if out.is_dir() else [out]
        files.update({path.relative_to(out.parent).as_posix(): path for path in inside})
    digest = hashlib.md5(usedforsecurity=False)
    for name in sorted(files):
        digest.update(f"{name}\0{files[name].stat().st_size}\0".encode())
        with files[name].open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def content_md5(params: Mapping[str, Any], metrics: Mapping[str, float]) -> str:
    """What a pipeline run is known by: its parameters and all that was measured."""
    # checkpoint_steps has no effect on a result, and dvc.lock does not keep it.
    effective = {name: value for name, value in params.items() if name != "checkpoint_steps"}
    text = json.dumps({"params": effective, "metrics": dict(metrics)}, sort_keys=True)
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def key(name: str) -> str:
    """The name with what MLflow refuses in keys (such as @) replaced."""
    return re.sub(r"[^\w.\- /]", "_", name)
