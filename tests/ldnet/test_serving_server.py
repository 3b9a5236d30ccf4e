"""Register a model and serve it with `mlflow models serve`: what it answers to good requests, and to bad ones."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ldnet.errors import InputError
from ldnet.model_folder import load_model
from pipeline.tracking import log_pipeline_run, stage_run
from pipeline.tracking_store import PIPELINE_EXPERIMENT, connect
from tests.imports import ROOT
from tests.serving_factories import make_workspace

pytestmark = pytest.mark.tracking

START_SECONDS = 120.0
NAME, ALIAS = "tiny-tagger", "champion"
LINES = ["the cat saw Paris .", "", "Rome"]
Ask = Callable[..., tuple[int, Any]]


@dataclass(frozen=True)
class Workspace:
    """A finished workspace with its runs, and what the export said that registered its model."""

    root: Path
    environment: dict[str, str]
    said: str


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, new_tracking_database: Path) -> Workspace:
    root = tmp_path_factory.mktemp("workspace")
    shutil.copy(new_tracking_database, root / "mlflow.db")
    work, metrics = make_workspace(root)
    predictions = work / "predictions" / "taught"
    predictions.mkdir(parents=True)
    (predictions / "pruned-seed-1.conll").write_text("the O O\n", encoding="utf-8")
    tracking = {"DVC_ROOT": str(root), "MLFLOW_TRACKING_URI": f"sqlite:///{root}/mlflow.db"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in tracking.items():
            patch.setenv(name, value)
        with stage_run("evaluate@taught", {}, [predictions]):
            pass
        for outs in ({"evaluate@taught": [predictions]}, {}):  # the second run is of another pipeline
            log_pipeline_run({}, {}, [], {}, {}, outs, "", {})
    environment = {**os.environ, **tracking, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    options = ["--work", work, "--metrics", metrics, "--out", root / "model", "--register", NAME, "--alias", ALIAS]
    command = [sys.executable, "-m", "commands.export_model", *options]
    export = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert export.returncode == 0, export.stderr
    return Workspace(root, environment, export.stdout)


@pytest.fixture(scope="module")
def ask(workspace: Workspace) -> Iterator[Ask]:
    """A server; what asks it gives the status and the decoded answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve = ["models", "serve", "-m", f"models:/{NAME}@{ALIAS}", "--env-manager", "local", "-h", "127.0.0.1"]
    log = workspace.root / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *serve, "-p", str(port)],
            cwd=workspace.root,  # from where the package `pipeline` cannot be imported
            env={**workspace.environment, "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false", "PYTHONPATH": ""},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    def ask(content: Any, kind: str = "application/json", path: str = "invocations") -> tuple[int, Any]:
        body = None if content is None else content if isinstance(content, bytes) else json.dumps(content).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}/{path}", body, {"Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read().strip() or "null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    try:
        end = time.monotonic() + START_SECONDS
        while not _answers(ask):
            assert server.poll() is None and time.monotonic() < end, log.read_text("utf-8")
            time.sleep(0.2)
        yield ask
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _answers(ask: Ask) -> bool:
    try:
        return ask(None, path="ping")[0] == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def expected(workspace: Workspace) -> list[dict[str, str]]:
    tags = load_model(workspace.root / "model").tag([line.split() for line in LINES])
    return [{"tags": " ".join(of_line)} for of_line in tags]


@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_the_registered_version_belongs_to_the_pipelines_run(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", workspace.environment["MLFLOW_TRACKING_URI"])
    client, experiment = connect(PIPELINE_EXPERIMENT)
    version = client.get_model_version_by_alias(NAME, ALIAS)
    (run,) = client.search_runs([experiment], "tags.`stage_run.evaluate_taught` != ''")
    assert client.get_experiment_by_name(PIPELINE_EXPERIMENT).experiment_id == experiment
    assert version.version == 1 and version.run_id == run.info.run_id
    assert [f"models:/{output.model_id}" for output in run.outputs.model_outputs] == [version.source]
    assert run.info.status == "FINISHED"
    card = (workspace.root / "model" / "README.md").read_text(encoding="utf-8")
    assert version.description.startswith("# ldnet-tiny-pruned_taught\n") and version.description in card
    assert version.tags["data"] == "demo" and version.tags["test_f1"] == "78.0"
    assert f"models:/{NAME}@{ALIAS}: version 1, logged to the pipeline's run {run.info.run_id}" in workspace.said


@pytest.mark.filterwarnings("ignore")
def test_what_mlflow_refuses_is_told_in_one_line(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.exporting.registry import register_model

    monkeypatch.setenv("MLFLOW_TRACKING_URI", workspace.environment["MLFLOW_TRACKING_URI"])
    with pytest.raises(InputError, match=r"^MLflow did not register 'a/b': .+$"):
        register_model(
            workspace.root / "model", "a/b", None, "evaluate@taught", workspace.root / "work/predictions/taught"
        )


@pytest.mark.parametrize(
    "content",
    [
        {"dataframe_split": {"columns": ["text"], "data": [[line] for line in LINES]}},
        {"dataframe_records": [{"text": line} for line in LINES]},
        {"inputs": LINES},
        {"inputs": [{"text": line} for line in LINES]},
        {"instances": LINES},
        {"inputs": LINES, "params": {"format": "tags"}},
    ],
)
def test_texts_get_their_tags(ask: Ask, expected: list[dict[str, str]], content: Any) -> None:
    assert ask(content) == (200, {"predictions": expected})


def test_one_text_and_none(ask: Ask, expected: list[dict[str, str]]) -> None:
    assert ask({"inputs": LINES[:1]}) == (200, {"predictions": expected[:1]})
    for content in ({"dataframe_split": {"columns": ["text"], "data": []}}, {"inputs": []}, {"instances": []}):
        assert ask(content) == (200, {"predictions": []}), content


def test_spans_on_request_are_those_of_the_model_folder(ask: Ask, workspace: Workspace) -> None:
    model = load_model(workspace.root / "model")
    annotated = json.loads(json.dumps([found.to_json() for found in model.annotate(LINES, tokenised=True)]))
    status, answer = ask({"inputs": LINES, "params": {"format": "spans"}})
    assert status == 200
    for row in [*annotated, *answer["predictions"]]:
        for span in row["spans"]:
            assert 0 < span.pop("confidence") <= 1
    assert answer["predictions"] == annotated and any(row["spans"] for row in annotated)
    assert ask({"inputs": [], "params": {"format": "spans"}}) == (200, {"predictions": []})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"inputs": ["the cat", None]}, "text 1 is null"),
        ({"instances": [None]}, "text 0 is null"),
        ({"dataframe_split": {"columns": ["text"], "data": [["the cat"], [None]]}}, "text 1 is null"),
        ({"inputs": ["the cat", 3]}, "text 1 is of type int"),
        ({"inputs": [1.5]}, "text 0 is of type float"),
        ({"dataframe_records": [{"text": ["the", "cat"]}, {"text": "the"}]}, "text 0 is of type list"),
        ({"dataframe_records": [{"text": {"a": "b"}}]}, "text 0 is of type dict"),
        ({"dataframe_records": [{"sentence": "the cat"}]}, "missing inputs ['text']"),
        ({"dataframe_split": {"columns": ["sentence"], "data": [["the cat"]]}}, "missing inputs ['text']"),
        ({"inputs": "the cat"}, "missing inputs ['text']"),
        ({"inputs": None}, "Expected input to be DataFrame"),
        ({"inputs": ["the"] * 1_001}, "1,001 texts; at most 1,000 are allowed"),
        ({"inputs": ["the", "x" * 20_001]}, "text 1 has 20,001 characters; at most 20,000 are allowed"),
        ({"inputs": ["x" * 19_999] * 51}, "1,019,949 characters in all; at most 1,000,000 are allowed"),
        *(
            ({"inputs": ["a \ud800 b"], "params": {"format": form}}, "text 0 has half a character")
            for form in ("tags", "spans")
        ),
        ({"inputs": ["the"], "params": {"format": "xml"}}, "params: format: expected one of tags, spans, found 'xml'"),
        ({"inputs": ["the"], "params": {"format": 3}}, "format"),
        ({"inputs": ["the"], "params": ["spans"]}, "Parameters must be a dictionary"),
        ({"texts": ["the"]}, "exactly one of the input fields"),
        ({}, "exactly one of the input fields"),
        (["the cat"], "Received a list"),
        (b'{"inputs": ["the cat"', "valid JSON"),
        (b'{"inputs": ["\xff"]}', "valid JSON"),
    ],
)
def test_bad_requests_get_status_400_and_the_reason(ask: Ask, content: Any, reason: str) -> None:
    status, answer = ask(content)
    assert status == 400, answer
    assert reason in json.loads(answer)["message"]


def test_other_content_is_refused(ask: Ask) -> None:
    assert ask(b"the cat", kind="text/plain")[0] == 415
