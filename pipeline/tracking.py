"""Tracking: what stages and sweeps record of their runs, for MLflow.

The JSON files under metrics/ are the truth and MLflow mirrors them, so nothing here raises. A process beside the stage
does the writing (`pipeline.tracking_sender`). The stage waits for it at its end alone, WAIT_SECONDS at most. An outage
costs one warning, and `make upload` makes up for it. Where the runs go: MLFLOW_TRACKING_URI, or else mlflow.db in the
repository.
"""

import importlib.util
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ldnet.command_line import echo
from pipeline.tracking_store import (
    CONTENT_TAG,
    PIPELINE_EXPERIMENT,
    STAGES_EXPERIMENT,
    WAIT_SECONDS,
    closing,
    content_md5,
    database_file,
    md5_of_outs,
)

if TYPE_CHECKING:
    import pandas as pd

LEAVE_SECONDS = 1.0  # at Ctrl-C: what is not written by then, the sender writes alone
BLOCK = 1 << 16


class Run:
    """One MLflow run. No method raises, and none but `finish` waits."""

    def __init__(self, experiment: str, name: str, params: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        self._unsent, self._heard = bytearray(), b""
        self._warned = self._sent = False
        # `make upload` knows neither the points of a sweep nor the stages of another pipeline, such as the ablations.
        self._uploaded_later = "dvc_exp" not in tags and ":" not in tags.get("stage", "")
        self._sender: subprocess.Popen[bytes] | None = None
        try:
            self._sender = _start_sender()
        except OSError as error:
            self._warn(str(error))
        flat = {name: as_text(value) for name, value in flatten(params).items()}
        begin = {"experiment": experiment, "name": name, "params": flat, "tags": dict(tags), "process": os.getpid()}
        self._put({"begin": begin})

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Record values of one step."""
        finite = [(name, _finite(value)) for name, value in values.items()]
        self._put({"values": finite, "time": _milliseconds(), "step": step})

    def log_metrics(self, values: Mapping[str, float]) -> None:
        """Record values that belong to the whole run."""
        self.log(0, values)

    def log_artifact(self, path: Path) -> None:
        """Copy a file or a folder to the run; it has to stay as it is until `finish`."""
        self._put({"artifact": str(path.resolve())})

    def log_table(self, name: str, table: "pd.DataFrame") -> None:
        """Record a table, which the MLflow pages show and compare between runs."""
        self._put({"table": name, "content": table.to_json(orient="split", index=False, date_format="iso")})

    def link_stages(self, outs: Mapping[str, Sequence[Path]], note: str) -> None:
        """Describe the run: the Markdown `note`, and links to the stages' runs that made these outputs, where known."""
        absolute = {stage: [str(path.resolve()) for path in paths] for stage, paths in outs.items()}
        self._put({"outs": absolute, "note": note})

    def offer_view(self, state: Mapping[str, Any]) -> None:
        """Save a view of the experiment's page of runs, unless it has one already: people may have changed that."""
        self._put({"view": state, "time": _milliseconds()})

    def finish(self, status: str, outs: Sequence[Path] = (), seconds: float | None = None) -> bool:
        """Write what is waiting, the checksum of the outputs, and the status (FINISHED, FAILED or KILLED).

        Waits `seconds` for that at most, WAIT_SECONDS if left out. Returns whether all is written.
        """
        tags = {}
        with suppress(OSError):  # a stage that continues without its outputs has other worries
            tags = {"out_md5": md5_of_outs(outs)} if outs else {}
        self._put({"finish": status, "tags": tags})
        if self._sender is None:
            return False
        seconds = WAIT_SECONDS if seconds is None else seconds
        try:
            heard, _ = self._sender.communicate(bytes(self._unsent), seconds)
        except subprocess.TimeoutExpired:
            assert self._sender.stdin is not None
            self._sender.stdin.close()  # which ends the messages for a sender that is left alone
            if status != "KILLED":
                self._sender.kill()
                heard, _ = self._sender.communicate()
                self._listen(heard)
                self._warn(f"no answer within {seconds:g} s")
            return False
        self._listen(heard)
        if not self._sent:
            self._warn("its process ended before all was written")
        return self._sent

    def _put(self, message: Mapping[str, Any]) -> None:
        """Leave a message for the sender, and hear what it says. The pipe takes what it can; the rest waits here."""
        if self._sender is None:
            return
        assert self._sender.stdin is not None and self._sender.stdout is not None
        self._unsent += f"{json.dumps(message)}\n".encode()
        with suppress(BlockingIOError, BrokenPipeError):
            while self._unsent:
                del self._unsent[: os.write(self._sender.stdin.fileno(), self._unsent[:BLOCK])]
        with suppress(BlockingIOError):
            self._listen(os.read(self._sender.stdout.fileno(), BLOCK))

    def _listen(self, heard: bytes) -> None:
        *lines, self._heard = (self._heard + heard).split(b"\n")
        for line in lines:
            match _parsed(line):
                case {"problem": reason}:
                    self._warn(reason)
                case {"closed": names}:
                    echo(closing(names), err=True)
                case {"sent": True}:
                    self._sent = True

    def _warn(self, reason: str) -> None:
        """Say once that something is missing in MLflow, and what makes up for it, if anything does."""
        if not self._warned:
            remedy = ", and `make upload` uploads it later" if self._uploaded_later else ""
            echo(f"warning: MLflow tracking is off for this run: {reason}; the run continues{remedy}", err=True)
        self._warned = True


def _start_sender() -> "subprocess.Popen[bytes]":
    """The process that writes one run. Raises OSError if there can be none."""
    if importlib.util.find_spec("mlflow") is None:
        raise OSError("MLflow is not installed")
    if (database := database_file()) is not None and not database.exists():
        echo(f"creating the tracking database {database.name} (once, about 10 s)", err=True)
    code = str(Path(__file__).parents[1])
    paths = os.pathsep.join(filter(None, [code, os.environ.get("PYTHONPATH")]))
    sender = subprocess.Popen(
        [sys.executable, "-m", "pipeline.tracking_sender", str(WAIT_SECONDS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert sender.stdin is not None and sender.stdout is not None
    for pipe in (sender.stdin, sender.stdout):
        os.set_blocking(pipe.fileno(), False)
    return sender


@contextmanager
def stage_run(stage: str, params: Mapping[str, Any], outs: Sequence[Path]) -> Iterator[Run]:
    """A run of the stages' experiment around a stage: FINISHED with the checksum of `outs`, FAILED by an exception, or
    KILLED by Ctrl-C.

    Under DVC the stage goes by its full name there, such as pretrain_lm@forward. What comes before a colon is the
    pipeline's name, which DVC does not know.
    """
    pipeline, colon, own = stage.rpartition(":")
    stage = pipeline + colon + os.environ.get("DVC_STAGE", own)
    run = Run(STAGES_EXPERIMENT, stage, params, {"stage": stage, **_experiment_tags()})
    try:
        yield run
    except KeyboardInterrupt:
        run.finish("KILLED", seconds=LEAVE_SECONDS)
        raise
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
) -> bool:
    """Log one run of the whole pipeline; `note` describes it, `stage_outs` finds the stages' runs to link.

    Returns whether all is written.

    `view` is the state of MLflow's page of runs that is offered there as a saved view. Without a `name`, the run is
    named as the DVC experiment which this process is a stage of.
    """
    name = name or os.environ.get("DVC_EXP_NAME", "repro")
    content = {CONTENT_TAG: content_md5(params, metrics)}
    run = Run(PIPELINE_EXPERIMENT, name, params, {"kind": "pipeline", **_experiment_tags(), **content, **tags})
    run.log_metrics(metrics)
    for path in artifacts:
        run.log_artifact(path)
    for title, table in tables.items():
        run.log_table(title, table)
    run.link_stages(stage_outs, note)
    run.offer_view(view)
    return run.finish("FINISHED")


def flatten(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"pretrain_lm": {"units": 32}} to {"pretrain_lm.units": 32}."""
    flat: dict[str, Any] = {}
    for name, value in nested.items():
        flat.update(flatten(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value})
    return flat


def _parsed(line: bytes) -> Any:
    """What the sender says, or None should it be nonsense."""
    try:
        return json.loads(line)
    except ValueError:
        return None


def _experiment_tags() -> dict[str, str]:
    """What DVC tells its stages about the experiment that they belong to."""
    names = {"dvc_exp": "DVC_EXP_NAME", "baseline_rev": "DVC_EXP_BASELINE_REV"}
    return {tag: os.environ[variable] for tag, variable in names.items() if variable in os.environ}


def _milliseconds() -> int:
    """Now, in milliseconds since 1970."""
    return int(time.time() * 1000)


def _finite(value: float) -> float:
    """Infinities as NaN: MLflow's stores would make them 1.8e308, which ruins the axis of a chart."""
    return float(value) if math.isfinite(value) else math.nan


def as_text(value: Any) -> str:
    """A parameter as MLflow keeps it."""
    return value if isinstance(value, str) else json.dumps(value)
