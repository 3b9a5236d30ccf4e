"""What an outage kept from MLflow, uploaded from what the stages left: dvc.lock, outputs, metrics/ and curves/.

A run is missing if MLflow has no finished one with the same content: the outputs of a stage, the parameters and metrics
of the experiment. So nothing is uploaded twice, and nothing that another workspace has logged with the same content.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ldnet.errors import InputError
from ldnet.files import read_json
from ldnet.mlflow_store import tracking_uri, without_password
from pipeline.params import Params, experiment_values, load_params
from pipeline.report.experiment_run import experiment_run
from pipeline.report.measurements import flat_metrics, read_metrics
from pipeline.report.results import build_results
from pipeline.tracking import as_text, flatten, log_pipeline_run
from pipeline.tracking_store import (
    PIPELINE_EXPERIMENT,
    STAGES_EXPERIMENT,
    WAIT_SECONDS,
    Measured,
    RunWriter,
    TrackingError,
    close_dead_runs,
    closing,
    connect,
    content_md5,
    has_content,
    md5_of_outs,
    run_that_made,
    within,
)
from pipeline.validation import validated
from pipeline.yaml_text import read_lock

LOCK, METRICS, CURVES, REPORT = Path("dvc.lock"), Path("metrics"), Path("curves"), Path("work/report")
PIPELINE_RUN = "the whole experiment"
# Stages without a run of their own.
UNTRACKED = ("generate_data", "prepare_conll", "prepare_corpus", "prepare_unlabelled", "report")


@dataclass(frozen=True, kw_only=True)
class FinishedStage:
    """A stage as it stands in dvc.lock: metrics, curve and outputs are what dvc.lock says."""

    name: str
    params: Mapping[str, Any]
    metrics: Path | None
    curve: Path | None
    outs: list[Path]


def upload_missed() -> Iterator[str]:
    """Upload each run that MLflow has no finished one of; what was done and what could not be, a line each.

    Raises InputError if there is no dvc.lock, or MLflow does not do what it is asked within WAIT_SECONDS a run.
    """
    if not LOCK.exists():
        raise InputError(f"{LOCK}: no such file, so no stage has run here; expected it beside params.yaml")
    stages = read_lock(LOCK).get("stages", {})
    try:
        if closed := within(WAIT_SECONDS, close_all_dead_runs):
            yield closing(closed)
        for name, entry in stages.items():
            if name.split("@")[0] in UNTRACKED:
                continue
            stage = finished_stage(name, entry)
            if isinstance(stage, str):
                yield stage
            elif within(WAIT_SECONDS, lambda stage=stage: upload_stage(stage, origin(stages))):  # type: ignore[misc]
                yield f"uploaded: {name}"
        if "report" in stages:
            yield from upload_experiment(stages["report"])
    except TrackingError as error:
        place = without_password(tracking_uri())
        raise InputError(f"{place}: {error}; nothing is lost: run the same command again later") from None


def close_all_dead_runs() -> list[str]:
    """Close the runs of this machine whose processes are gone; their names."""
    return [
        name
        for experiment in (STAGES_EXPERIMENT, PIPELINE_EXPERIMENT)
        for name in close_dead_runs(*connect(experiment))
    ]


def finished_stage(name: str, entry: Mapping[str, Any]) -> FinishedStage | str:
    """The stage of this entry of dvc.lock, or why it cannot be uploaded."""
    md5s = {Path(out["path"]): out.get("md5", "") for out in entry.get("outs", [])}
    small = [path for path in md5s if path.parent in (METRICS, CURVES)]
    outs = [path for path in md5s if path not in small]
    for path in small:
        if md5_of(path) != md5s[path]:
            return f"not uploaded: {name}: {_other(path)}; `dvc repro {name}` makes it"
    if other := [path for path in outs if md5_of(path) != md5s[path]]:
        return f"not uploaded: {name}: {_other(other[0])}; `dvc checkout {other[0]}` brings it"
    return FinishedStage(
        name=name,
        params=entry.get("params", {}).get("params.yaml", {}),
        metrics=next((path for path in small if path.parent == METRICS), None),
        curve=next((path for path in small if path.parent == CURVES), None),
        outs=outs,
    )


def upload_stage(stage: FinishedStage, tags: Mapping[str, str]) -> bool:
    """Log the run of the stage, unless a finished one has the same outputs; whether that was so."""
    client, _ = connect(STAGES_EXPERIMENT)
    if run_that_made(client, stage.name, stage.outs):
        return False
    section = stage.name.split("@")[0]  # its keys are the stage's own, and stand without its name
    params = {
        **{name: value for name, value in stage.params.items() if name != section},
        **stage.params.get(section, {}),
    }
    texts = {name: as_text(value) for name, value in flatten(params).items()}
    run = RunWriter(STAGES_EXPERIMENT, stage.name, texts, {"stage": stage.name, **tags}, os.getpid())
    run.begin()
    run.metrics(list(measurements(stage)))
    run.finish("FINISHED", {"out_md5": md5_of_outs(stage.outs)})
    return True


def measurements(stage: FinishedStage) -> Iterator[Measured]:
    """The numbers of the metrics file, at step 0, and the curve, step by step. Times are the files'."""
    if stage.metrics is not None:
        time = int(stage.metrics.stat().st_mtime * 1000)
        for name, value in flat_metrics(read_json(stage.metrics)).items():
            yield name, value, time, 0
    if stage.curve is not None:
        time = int(stage.curve.stat().st_mtime * 1000)
        table = pd.read_csv(stage.curve)
        step = "step" if "step" in table else "epoch"
        for record in table.to_dict("records"):
            of_seed = f"seed_{int(record['seed'])}/" if "seed" in record else ""
            for name in table.columns.drop(["seed", step], errors="ignore"):
                yield f"{of_seed}{name}", float(record[name]), time, int(record[step])


def upload_experiment(entry: Mapping[str, Any]) -> Iterator[str]:
    """Log the run of the whole experiment, as the stage report does, unless a finished one has the same content."""
    changed = [
        dep["path"]
        for dep in entry.get("deps", [])
        if Path(dep["path"]).parent in (METRICS, CURVES) and md5_of(Path(dep["path"])) != dep.get("md5", "")
    ]
    changed += [out["path"] for out in entry.get("outs", []) if md5_of(Path(out["path"])) != out.get("md5", "")]
    if changed:
        yield f"not uploaded: {PIPELINE_RUN}: {_other(Path(changed[0]))}; `dvc repro report` makes it"
        return
    try:
        params = params_of(entry)
    except InputError as error:  # parameters of an older version
        yield f"not uploaded: {PIPELINE_RUN}: {error}; `dvc repro report` makes it"
        return
    measured = read_metrics(METRICS)
    results = build_results(experiment_values(params), measured)
    run = experiment_run(params, measured, results, out=REPORT, metrics=METRICS, curves=CURVES)
    content = content_md5(run["params"], run["metrics"])
    if within(WAIT_SECONDS, lambda: has_content(*connect(PIPELINE_EXPERIMENT), content)):
        return
    if not log_pipeline_run(**{**run, "tags": {**run["tags"], "data": params.data, "uploaded": "true"}}):
        raise TrackingError(f"the run of {PIPELINE_RUN} was not written")
    yield f"uploaded: {PIPELINE_RUN}"


def params_of(entry: Mapping[str, Any]) -> Params:
    """The parameters that the stage report ran with. The rest comes from params.yaml and has no effect on it."""
    current = load_params(Path("params.yaml"))
    return validated(Params, {**current.model_dump(), **entry.get("params", {}).get("params.yaml", {})}, f"{LOCK}: ")


def origin(stages: Mapping[str, Any]) -> dict[str, str]:
    """Tags of what was uploaded; the data set comes from dvc.lock, as params.yaml may have been switched since."""
    values = stages.get("report", {}).get("params", {}).get("params.yaml", {})
    return {"uploaded": "true", **({"data": str(values["data"])} if "data" in values else {})}


def _other(path: Path) -> str:
    return f"{path} is not what {LOCK} names" if path.exists() else f"no {path} here"


def md5_of(path: Path) -> str:
    """What dvc.lock has for a file or a folder with this content; '' where there is none."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if not path.is_dir():
        return ""
    # Sorted by the whole name, as DVC does, in which a dot comes before a slash.
    names = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
    files = [{"md5": md5_of(path / name), "relpath": name} for name in names]
    return hashlib.md5(json.dumps(files).encode(), usedforsecurity=False).hexdigest() + ".dir"
