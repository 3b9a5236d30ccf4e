"""A real MLflow server: killed and started again under a stage, shared, and made up for by `make upload`."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from commands import upload_runs
from ldnet.mlflow_store import configure_mlflow
from pipeline import tracking
from pipeline.experiments.missed_runs import md5_of
from pipeline.profiles import render
from pipeline.publishing.published_state import bring_state_back
from pipeline.tracking import stage_run
from pipeline.tracking_store import PIPELINE_EXPERIMENT, STAGES_EXPERIMENT, connect, within
from stages import report

pytestmark = pytest.mark.tracking

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "results" / "demo"  # with the state that its results were published from
MADE = ("select", "train_tagger@no_lm", "report")  # stages whose outputs a workspace here has
START_SECONDS = 120
OTHER_WORKSPACE = """
from pipeline.tracking import log_pipeline_run, stage_run
with stage_run("select", {{"strength": 0.1}}, []) as run:
    for step in range(200):
        run.log(step, {{"loss": 1.0}})
log_pipeline_run({{}}, {{"f1": 1.0}}, [], {{}}, {{"profile": "{name}"}}, {{}}, "", {{}}, name="{name}")
"""


class MlflowServer:
    """`mlflow server` with its database, started by an interpreter that has what the database needs."""

    def __init__(self, folder: Path, database: str, python: str = sys.executable) -> None:
        self.folder, self.database, self.python = folder, database, python
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.uri = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [self.python, "-m", "mlflow", "server", "--backend-store-uri", self.database]
        command += ["--artifacts-destination", str(self.folder / "files"), "--port", str(self.port), "--workers", "1"]
        configure_mlflow()
        environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        end = time.monotonic() + START_SECONDS
        while not self.answers():
            assert time.monotonic() < end and self.process.poll() is None, (self.folder / "server.log").read_text()
            time.sleep(0.2)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.uri}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def kill(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=60)
            self.process = None


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, new_tracking_database: Path) -> Iterator[MlflowServer]:
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(new_tracking_database, folder / "runs.db")
    server = MlflowServer(folder, f"sqlite:///{folder}/runs.db")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def use(server: MlflowServer, monkeypatch: pytest.MonkeyPatch) -> MlflowServer:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    return server


def runs(experiment: str, **tags: str) -> list[Any]:
    """The runs of the experiment with these tags."""
    query = " and ".join(f"tags.{name} = '{value}'" for name, value in tags.items())

    def ask() -> list[Any]:
        client, number = connect(experiment)
        return list(client.search_runs([number], query))

    return within(60, ask)


def history(run: Any, metric: str) -> list[tuple[int, float]]:
    def ask() -> list[tuple[int, float]]:
        client, _ = connect(STAGES_EXPERIMENT)
        return sorted((entry.step, entry.value) for entry in client.get_metric_history(run.info.run_id, metric))

    return within(60, ask)


def wait_for_run(stage: str) -> None:
    end = time.monotonic() + 60
    while not runs(STAGES_EXPERIMENT, stage=stage):
        assert time.monotonic() < end
        time.sleep(0.5)


def logged_over_a_restart(server: MlflowServer, stage: str) -> Any:
    """The run of a stage that logs 300 losses, during which the server is killed and started again."""
    with stage_run(stage, {"threads": 1}, []) as run:
        for step in range(100):
            run.log(step, {"loss": float(step)})
        wait_for_run(stage)
        server.kill()
        for step in range(100, 200):
            run.log(step, {"loss": float(step)})
        time.sleep(6)  # the sender tries, and fails
        server.start()
        for step in range(200, 300):
            run.log(step, {"loss": float(step)})
    (made,) = runs(STAGES_EXPERIMENT, stage=stage)
    return made


def is_whole(run: Any) -> bool:
    """Whether the run is finished and has each loss once."""
    return run.info.status == "FINISHED" and history(run, "loss") == [(step, float(step)) for step in range(300)]


def test_a_server_that_is_killed_and_started_again_under_a_stage(
    use: MlflowServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert is_whole(logged_over_a_restart(use, "restarted"))
    assert capsys.readouterr().err.count("warning: MLflow tracking is off for this run") == 1


def test_two_workspaces_log_to_one_server(use: MlflowServer, tmp_path: Path) -> None:
    started = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "params.yaml").write_text(f"data: data-of-{name}\n", encoding="utf-8")
        environment = {**os.environ, "DVC_ROOT": str(folder), "PYTHONPATH": str(ROOT)}
        program = OTHER_WORKSPACE.format(name=name)
        started.append(subprocess.Popen([sys.executable, "-c", program], cwd=folder, env=environment))
    assert [process.wait(timeout=300) for process in started] == [0, 0]
    for name in ("first", "second"):
        (whole,) = runs(PIPELINE_EXPERIMENT, profile=name)
        (stage,) = runs(STAGES_EXPERIMENT, stage="select", data=f"data-of-{name}")
        for run in (whole, stage):
            assert run.info.status == "FINISHED"
            assert run.data.tags["data"] == f"data-of-{name}"
            assert run.data.tags["workspace"] == str(tmp_path / name) and run.data.tags["mlflow.user"]
        assert history(stage, "loss") == [(step, 1.0) for step in range(200)]


def upload() -> Result:
    done = CliRunner().invoke(upload_runs.main, [])
    assert done.exit_code == 0, (done.output, done.exception)
    return done


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace after an outage: the published demo, with the outputs of two stages that log runs."""
    bring_state_back(DEMO, tmp_path)
    (tmp_path / "params.yaml").write_text(render(ROOT / "profiles", "demo"), encoding="utf-8")
    for name in ("work/selection/gates.json", "work/tagger/no_lm/seed-1/model.json"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(f"{tmp_path}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(tracking, "_start_sender", lambda: (_ for _ in ()).throw(ConnectionError("down")))
        done = CliRunner().invoke(report.main, [])
    assert done.exit_code == 0 and done.output.count("`make upload` uploads it later") == 1
    lock_outputs()
    return tmp_path


def lock_outputs() -> None:
    """Let dvc.lock name the outputs as they are."""
    lock = yaml.safe_load(Path("dvc.lock").read_text(encoding="utf-8"))
    for out in (out for stage in MADE for out in lock["stages"][stage]["outs"] if out["path"].startswith("work/")):
        out["md5"] = md5_of(Path(out["path"]))
    Path("dvc.lock").write_text(yaml.safe_dump(lock), encoding="utf-8")


def test_what_an_outage_cost_is_uploaded_once(use: MlflowServer, workspace: Path) -> None:
    first = upload().output
    uploaded = [line for line in first.splitlines() if line.startswith("uploaded: ")]
    assert uploaded == ["uploaded: select", "uploaded: train_tagger@no_lm", "uploaded: the whole experiment"]
    assert "not uploaded: prune: no work/pruned here; `dvc checkout work/pruned` brings it\n" in first
    assert "uploaded: " not in upload().output.replace("not uploaded: ", "")
    (select,) = runs(STAGES_EXPERIMENT, stage="select", workspace=str(workspace))
    assert (select.info.status, select.data.tags["data"], select.data.tags["uploaded"]) == ("FINISHED", "demo", "true")
    assert select.data.params["method"] and select.data.params["train_tagger.optimizer"]
    assert len(history(select, "seed_1/gate_forward_0")) > 5
    (tagger,) = runs(STAGES_EXPERIMENT, stage="train_tagger@no_lm", workspace=str(workspace))
    assert [step for step, _ in history(tagger, "seed_1/dev_f1")][:3] == [1, 2, 3]
    (whole,) = runs(PIPELINE_EXPERIMENT, workspace=str(workspace))
    assert whole.data.tags["stage_run.select"] == select.info.run_id
    assert whole.data.params["checkpoint_steps"] and whole.data.metrics["dev_f1"]


def test_what_was_logged_is_not_uploaded(use: MlflowServer, workspace: Path) -> None:
    """The run of the report is known by what is in it, though nothing else links the two."""
    for path in map(Path, ("params.yaml", "dvc.lock")):  # a profile that no other test here has
        text = path.read_text(encoding="utf-8")
        assert text.count("profile: demo") == 1
        path.write_text(text.replace("profile: demo", "profile: logged"), encoding="utf-8")
    assert CliRunner().invoke(report.main, []).exit_code == 0
    lock_outputs()
    assert len(runs(PIPELINE_EXPERIMENT, workspace=str(workspace))) == 1
    assert "the whole experiment" not in upload().output
    assert len(runs(PIPELINE_EXPERIMENT, workspace=str(workspace))) == 1


def test_files_that_the_lock_does_not_name_are_not_uploaded(use: MlflowServer, workspace: Path) -> None:
    Path("metrics/select.json").write_text("{}", encoding="utf-8")
    said = upload().output
    problem = "metrics/select.json is not what dvc.lock names; `dvc repro"
    assert f"not uploaded: select: {problem} select` makes it\n" in said
    assert f"not uploaded: the whole experiment: {problem} report` makes it\n" in said
    shutil.copy(DEMO / "metrics" / "select.json", "metrics")
    for name in ("selection", "report"):
        Path(f"work/{name}/another.json").write_text("{}", encoding="utf-8")
    said = upload().output
    problem = "work/selection is not what dvc.lock names; `dvc checkout work/selection` brings it"
    assert f"not uploaded: select: {problem}\n" in said
    assert "not uploaded: the whole experiment: work/report is not what dvc.lock names; `dvc repro" in said


def test_an_experiment_of_an_older_version_is_not_uploaded(use: MlflowServer, workspace: Path) -> None:
    lock = yaml.safe_load(Path("dvc.lock").read_text(encoding="utf-8"))
    del lock["stages"]["report"]["params"]["params.yaml"]["train_tagger"]["lm_norm"]
    Path("dvc.lock").write_text(yaml.safe_dump(lock), encoding="utf-8")
    said = upload().output
    assert "not uploaded: the whole experiment: dvc.lock: train_tagger.lm_norm: " in said


def postgres_tools() -> Path | None:
    """The folder of PostgreSQL's programs: Debian keeps them out of PATH."""
    found = sorted(Path("/").glob("usr/lib/postgresql/*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def python_with_driver() -> str | None:
    """An interpreter that has MLflow and PostgreSQL's driver, which the requirements have not."""
    given = os.environ.get("MLFLOW_POSTGRES_PYTHON")
    return given or (sys.executable if importlib.util.find_spec("psycopg2") else None)


@pytest.fixture
def postgres() -> Iterator[str]:
    """The address of a database of its own, served by a user without privileges."""
    tools = postgres_tools()
    if tools is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    user = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    if user:
        shutil.chown(folder, "nobody", "nogroup")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def call(*command: str) -> None:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, **user)  # type: ignore[call-overload]
        assert done.returncode == 0, done.stdout + done.stderr

    try:
        call(str(tools / "initdb"), "-D", str(folder / "data"), "-U", "tester", "--auth", "trust", "--no-sync")
        options = f"-h 127.0.0.1 -p {port} -k {folder} -F"
        call(str(tools / "pg_ctl"), "-D", str(folder / "data"), "-w", "-l", str(folder / "log"), "-o", options, "start")
        yield f"postgresql+psycopg2://tester@127.0.0.1:{port}/postgres"
        call(str(tools / "pg_ctl"), "-D", str(folder / "data"), "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_a_server_on_postgresql(postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = python_with_driver()
    if python is None:
        pytest.skip("no Python with MLflow and psycopg2; MLFLOW_POSTGRES_PYTHON names one")
    server = MlflowServer(tmp_path, postgres, python)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    try:
        server.start()
        assert is_whole(logged_over_a_restart(server, "postgres"))
    finally:
        server.kill()
