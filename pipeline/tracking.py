"""MLflow tracking, which is imported lazily (it takes 2 s).

The JSON files under metrics/ are the truth and MLflow mirrors them, so nothing here raises or waits for long:
an outage costs one warning. Where the runs go: MLFLOW_TRACKING_URI, or else mlflow.db in the repository.
"""

import hashlib
import json
import math
import os
import random
import re
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from ldnet.errors import InputError
from ldnet.mlflow_store import configure_mlflow, root, tracking_uri

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient
    from mlflow.entities import Metric
    from mlflow.entities import Run as MlflowRun

STAGES_EXPERIMENT = "ldnet-stages"
PIPELINE_EXPERIMENT = "ldnet"
VIEW = "comparison"  # the saved view of the pipeline's runs
FLUSH_SECONDS = 5.0
METRICS_PER_BATCH, PARAMS_PER_BATCH = 1000, 100  # the most that MLflow takes at once
LOCK_SECONDS = 120.0


class Run:
    """One MLflow run. No method raises; what an outage keeps from being written is offered once more at the end."""

    def __init__(self, experiment: str, name: str, params: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        self._client: MlflowClient | None = None
        self._id = self._experiment_id = ""
        self._waiting: list[Metric] = []
        self._flushed_at = time.monotonic()
        self._outage = False
        with self._guard():
            client, self._experiment_id = _connect(experiment)
            self._id = client.create_run(self._experiment_id, run_name=name, tags=dict(tags)).info.run_id
            self._client = client
        self._log_params(params)

    @contextmanager
    def _guard(self) -> Iterator[None]:
        """Turn a failure into an outage, announced once, and leave Python's random numbers as they were.

        MLflow draws from `random` (names, waiting times), which would make a training depend on its tracking.
        """
        state = random.getstate()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # those of MLflow's own dependencies
                yield
        except Exception as error:
            if not self._outage:
                reason = str(error).strip().split("\n")[0] or type(error).__name__
                click.echo(f"warning: MLflow tracking failed, going on without it: {reason}", err=True)
            self._outage = True
        finally:
            random.setstate(state)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Record values of one step. They are written every few seconds, and at the end of the run."""
        if self._client is None:
            return
        with self._guard():
            from mlflow.entities import Metric

            now = int(time.time() * 1000)
            self._waiting += [Metric(_key(name), _finite(value), now, step) for name, value in values.items()]
            if time.monotonic() - self._flushed_at >= FLUSH_SECONDS and not self._outage:
                self._flush(self._client)

    def log_metrics(self, values: Mapping[str, float]) -> None:
        """Record values that belong to the whole run."""
        self.log(0, values)

    def log_artifact(self, path: Path) -> None:
        """Copy a file or a folder to the run."""
        if self._client is None or self._outage:
            return
        with self._guard():
            if path.is_dir():
                self._client.log_artifacts(self._id, str(path), artifact_path=path.name)
            else:
                self._client.log_artifact(self._id, str(path))

    def log_table(self, name: str, table: "pd.DataFrame") -> None:
        """Record a table, which the MLflow pages show and compare between runs."""
        if self._client is None or self._outage:
            return
        with self._guard():
            self._client.log_table(self._id, table, f"{name}.json")

    def link_stages(self, outs: Mapping[str, Sequence[Path]], note: str) -> None:
        """Describe the run: the Markdown `note`, and links to the stages' runs that made these outputs, where known."""
        if self._client is None or self._outage:
            return
        with self._guard():
            links = []
            for stage, paths in sorted(outs.items()):
                if run := _run_that_made(self._client, stage, paths):
                    self._client.set_tag(self._id, f"stage_run.{_key(stage)}", run.info.run_id)
                    links.append(f"* [{stage}](#/experiments/{run.info.experiment_id}/runs/{run.info.run_id})")
            text = note + ("\nStage runs:\n\n" + "\n".join(links) + "\n" if links else "")
            self._client.set_tag(self._id, "mlflow.note.content", text)

    def offer_view(self, state: Mapping[str, Any]) -> None:
        """Save a view of the experiment's page of runs, unless it has one already: people may have changed that."""
        if self._client is None or self._outage:
            return
        with self._guard():
            tag = f"mlflow.sharedViewState.{VIEW}"
            if tag not in self._client.get_experiment(self._experiment_id).tags:
                now = int(time.time() * 1000)
                view = {"name": VIEW, "createdAt": now, "updatedAt": now, "state": json.dumps(state)}
                self._client.set_experiment_tag(self._experiment_id, tag, json.dumps(view))

    def finish(self, status: str, outs: Sequence[Path] = ()) -> None:
        """Write what is waiting, the checksum of the outputs, and the status (FINISHED or FAILED)."""
        if self._client is None:
            return
        with self._guard():
            self._flush(self._client)
            if outs:
                self._client.set_tag(self._id, "out_md5", md5_of_outs(outs))
            self._client.set_terminated(self._id, status)

    def _log_params(self, params: Mapping[str, Any]) -> None:
        if self._client is None:
            return
        with self._guard():
            from mlflow.entities import Param

            entries = [Param(_key(name), _text(value)) for name, value in flatten(params).items()]
            for start in range(0, len(entries), PARAMS_PER_BATCH):
                self._client.log_batch(self._id, params=entries[start : start + PARAMS_PER_BATCH])

    def _flush(self, client: "MlflowClient") -> None:
        while self._waiting:
            client.log_batch(self._id, metrics=self._waiting[:METRICS_PER_BATCH])
            del self._waiting[:METRICS_PER_BATCH]
        self._flushed_at = time.monotonic()


@contextmanager
def stage_run(stage: str, params: Mapping[str, Any], outs: Sequence[Path]) -> Iterator[Run]:
    """A run of the stages' experiment around a stage: FINISHED with the checksum of `outs`, or FAILED by an exception.

    Under DVC the stage goes by its full name there, such as pretrain_lm@forward.
    """
    stage = os.environ.get("DVC_STAGE", stage)
    run = Run(STAGES_EXPERIMENT, stage, params, {"stage": stage, **_experiment_tags()})
    try:
        yield run
    except BaseException:
        run.finish("FAILED")
        raise
    run.finish("FINISHED", outs)


def log_pipeline_run(
    params: Mapping[str, Any],
    metrics: Mapping[str, float],
    artifacts: Sequence[Path],
    tables: Mapping[str, "pd.DataFrame"],
    tags: Mapping[str, str],
    stage_outs: Mapping[str, Sequence[Path]],
    note: str,
    view: Mapping[str, Any],
    name: str | None = None,
) -> None:
    """Log one run of the whole pipeline; `note` describes it, `stage_outs` finds the stages' runs to link.

    `view` is the state of MLflow's page of runs that is offered there as a saved view. Without a `name`, it is that of
    the DVC experiment which this process is a stage of.
    """
    name = name or os.environ.get("DVC_EXP_NAME", "repro")
    run = Run(PIPELINE_EXPERIMENT, name, params, {"kind": "pipeline", **_experiment_tags(), **tags})
    run.log_metrics(metrics)
    for path in artifacts:
        run.log_artifact(path)
    for title, table in tables.items():
        run.log_table(title, table)
    run.link_stages(stage_outs, note)
    run.offer_view(view)
    run.finish("FINISHED")


def pipeline_experiment() -> tuple["MlflowClient", str]:
    """A client and the id of the experiment of pipeline runs. Unlike all that logs a run, this raises in an outage."""
    return _connect(PIPELINE_EXPERIMENT)


def pipeline_run_after(client: "MlflowClient", experiment_id: str, stage: str, outs: Sequence[Path]) -> str | None:
    """The id of the latest finished pipeline run in which `stage` had these outputs, if there is one."""
    made_by = _run_that_made(client, stage, outs)
    if made_by is None:
        return None
    runs = client.search_runs(
        [experiment_id],
        f"tags.`stage_run.{_key(stage)}` = '{made_by.info.run_id}' and attributes.status = 'FINISHED'",
        order_by=["attributes.start_time DESC"],
        max_results=1,
    )
    return str(runs[0].info.run_id) if runs else None


def comparison_links(site: str) -> dict[str, str]:
    """Addresses of MLflow's pages at `site`: all runs of the pipeline in the saved view; the latest tries, compared.

    The latest tries are the DVC experiments, such as the points of a sweep, from the commit of the newest one, and each
    at its newest run. {} before the first run. Raises InputError where MLflow cannot be asked.
    """
    uri = tracking_uri()
    if uri.startswith("sqlite:///") and not Path(uri.removeprefix("sqlite:///")).exists():
        return {}
    configure_mlflow()
    from mlflow import MlflowClient, MlflowException

    try:
        client = MlflowClient(tracking_uri=uri)
        experiment = client.get_experiment_by_name(PIPELINE_EXPERIMENT)
        if experiment is None:
            return {}
        number = experiment.experiment_id
        found = client.search_runs([number], "attributes.status = 'FINISHED'", order_by=["attributes.start_time DESC"])
    except MlflowException as error:
        raise InputError(f"{uri}: MLflow cannot read the runs there: {' '.join(str(error).split())}") from None
    links = {"all runs": f"{site}/#/experiments/{number}/runs?viewStateShareKey={VIEW}&compareRunsMode=CHART"}
    tries = [run for run in found if "dvc_exp" in run.data.tags]
    newest = {run.data.tags["dvc_exp"]: run.info.run_id for run in reversed(tries) if _same_baseline(run, tries[0])}
    if len(newest) > 1:
        runs, experiments = (quote(json.dumps(ids)) for ids in (list(newest.values()), [number]))
        links[f"latest {len(newest)} tries"] = f"{site}/#/compare-runs?runs={runs}&experiments={experiments}"
    return links


def flatten(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"pretrain_lm": {"units": 32}} to {"pretrain_lm.units": 32}."""
    flat: dict[str, Any] = {}
    for name, value in nested.items():
        flat.update(flatten(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value})
    return flat


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


def _connect(experiment: str) -> tuple["MlflowClient", str]:
    """A client and the id of the experiment; database and experiment are created if they are not there yet."""
    folder, uri = root(), tracking_uri()
    configure_mlflow()
    import mlflow.store.db.utils

    mlflow.store.db.utils.MAX_RETRY_COUNT = 2  # else an unusable database is waited for 200 s
    from filelock import FileLock

    database = Path(uri.removeprefix("sqlite:///")) if uri.startswith("sqlite:///") else None
    if database is None:
        return _client_and_experiment(uri, experiment, None if uri.startswith("http") else folder / "mlartifacts")
    if not database.exists():
        click.echo(f"creating the tracking database {database.name} (once, about 10 s)", err=True)
    # Two processes that create one database's tables at once break each other.
    with FileLock(f"{database}.lock", timeout=LOCK_SECONDS):
        return _client_and_experiment(uri, experiment, database.resolve().parent / "mlartifacts")


def _client_and_experiment(uri: str, name: str, artifacts: Path | None) -> tuple["MlflowClient", str]:
    """`artifacts` is the folder for the files of new experiments; None leaves that to the server."""
    from mlflow import MlflowClient, MlflowException

    client = MlflowClient(tracking_uri=uri)
    if found := client.get_experiment_by_name(name):
        return client, found.experiment_id
    try:
        return client, client.create_experiment(name, (artifacts / name).as_uri() if artifacts else None)
    except MlflowException:  # another process was faster
        if found := client.get_experiment_by_name(name):
            return client, found.experiment_id
        raise


def _run_that_made(client: "MlflowClient", stage: str, outs: Sequence[Path]) -> "MlflowRun | None":
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


def _same_baseline(run: "MlflowRun", other: "MlflowRun") -> bool:
    return bool(run.data.tags.get("baseline_rev") == other.data.tags.get("baseline_rev"))


def _experiment_tags() -> dict[str, str]:
    """What DVC tells its stages about the experiment that they belong to."""
    names = {"dvc_exp": "DVC_EXP_NAME", "baseline_rev": "DVC_EXP_BASELINE_REV"}
    return {tag: os.environ[variable] for tag, variable in names.items() if variable in os.environ}


def _key(name: str) -> str:
    """The name with what MLflow refuses in keys (such as @) replaced."""
    return re.sub(r"[^\w.\- /]", "_", name)


def _finite(value: float) -> float:
    """Infinities as NaN: MLflow's stores would make them 1.8e308, which ruins the axis of a chart."""
    return float(value) if math.isfinite(value) else math.nan


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
