"""Tracking: what reaches MLflow, and that no trouble with it reaches a stage."""

import json
import math
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from ldnet.errors import InputError
from pipeline import tracking
from pipeline.tracking import flatten, log_pipeline_run, stage_run
from pipeline.tracking_store import (
    PIPELINE_EXPERIMENT,
    STAGES_EXPERIMENT,
    RunWriter,
    TrackingError,
    comparison_links,
    connect,
    dataset_inputs,
    md5_of_outs,
    within,
    without_run,
)

pytestmark = pytest.mark.tracking

OTHER_WORKSPACE = """
from pipeline.tracking import log_pipeline_run, stage_run
log_pipeline_run({"seed": 2}, {"f1": 80.0}, [], {}, {"profile": "other"}, {}, "", {"a": [1]})
with stage_run("fails", {}, []) as run:
    run.log(1, {"loss": 2.0})
    raise SystemExit(3)
"""


BEGUN_WITH = ("exp-a", "exp-b", "fails", "prune")  # the runs of `database`, to which some tests add others


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """A new database which two workspaces create and use at the same time: one is this process, the other is not."""
    root = tmp_path_factory.mktemp("root")
    out = root / "out"
    out.mkdir()
    (out / "weights").write_text("1", encoding="utf-8")
    store = {"MLFLOW_TRACKING_URI": f"sqlite:///{root}/mlflow.db"}
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "params.yaml").write_text("data: other-data\n", encoding="utf-8")
    theirs = {
        **store,
        "DVC_ROOT": str(elsewhere),
        "DVC_EXP_NAME": "exp-b",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    other = subprocess.Popen([sys.executable, "-c", OTHER_WORKSPACE], cwd=elsewhere, env={**os.environ, **theirs})
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**store, "DVC_ROOT": str(root), "DVC_EXP_NAME": "exp-a"}.items():
            patch.setenv(name, value)
        with stage_run("prune", {"threads": 1, "pretrain_lm": {"cutoffs": [5, 9]}, "a@b": "x"}, [out]) as run:
            for step in range(1, 2501):  # more than MLflow takes at once
                run.log(step, {"loss": 1 / step})
            run.log_metrics({"f1@NP": 90.0, "diverged": math.inf, "undefined": math.nan})
            run.log_artifact(out / "weights")
        links = {"prune": [out], "gone": [root / "x"]}
        log_pipeline_run({"seed": 1}, {"f1": 90.0}, [out], {}, {"profile": "demo"}, links, "A note", {"a": [1]})
    assert other.wait(timeout=300) == 3
    connection = sqlite3.connect(root / "mlflow.db")
    yield connection
    connection.close()


def select(database: sqlite3.Connection, column: str, table: str, run: str) -> dict[str, Any]:
    """One of MLflow's tables of keys and values, of the run with this name."""
    query = f"SELECT key, {column} FROM {table} JOIN runs USING (run_uuid) WHERE name = ?"
    return dict(database.execute(query, [run]).fetchall())


def test_two_workspaces_create_and_fill_one_database(database: sqlite3.Connection) -> None:
    runs = database.execute(
        "SELECT runs.name, status, experiments.name FROM runs JOIN experiments USING (experiment_id) ORDER BY runs.name"
    )
    assert [run for run in runs.fetchall() if run[0] in BEGUN_WITH] == [
        ("exp-a", "FINISHED", "ldnet"),
        ("exp-b", "FINISHED", "ldnet"),
        ("fails", "FAILED", "ldnet-stages"),
        ("prune", "FINISHED", "ldnet-stages"),
    ]


def test_a_stage_run_is_complete(database: sqlite3.Connection) -> None:
    assert select(database, "value", "params", "prune") == {"threads": "1", "pretrain_lm.cutoffs": "[5, 9]", "a_b": "x"}
    tags = select(database, "value", "tags", "prune")
    assert (tags["stage"], tags["dvc_exp"], len(tags["out_md5"])) == ("prune", "exp-a", 32)
    curve = database.execute(
        "SELECT step, value FROM metrics WHERE key = 'loss' AND value < 2 ORDER BY step"
    ).fetchall()
    assert curve == [(step, 1 / step) for step in range(1, 2501)]
    assert select(database, "is_nan", "latest_metrics", "prune") == {
        "loss": 0,
        "f1_NP": 0,
        "diverged": 1,
        "undefined": 1,
    }


def test_what_a_failing_stage_recorded_is_kept(database: sqlite3.Connection) -> None:
    assert select(database, "value", "latest_metrics", "fails") == {"loss": 2.0}
    assert "out_md5" not in select(database, "value", "tags", "fails")


def test_the_pipeline_run_links_the_stages_that_made_its_outputs(database: sqlite3.Connection) -> None:
    (stage_run_id,) = database.execute("SELECT run_uuid FROM runs WHERE name = 'prune'").fetchone()
    tags = select(database, "value", "tags", "exp-a")
    assert (tags["kind"], tags["profile"], tags["stage_run.prune"]) == ("pipeline", "demo", stage_run_id)
    assert (
        tags["mlflow.note.content"].startswith("A note\n") and f"/runs/{stage_run_id})" in tags["mlflow.note.content"]
    )
    assert "stage_run.gone" not in tags


def test_a_view_of_the_runs_is_offered(database: sqlite3.Connection) -> None:
    query = "SELECT value FROM experiment_tags WHERE key = 'mlflow.sharedViewState.comparison'"
    (view,) = [json.loads(value) for (value,) in database.execute(query)]
    assert view["name"] == "comparison" and json.loads(view["state"]) == {"a": [1]}


def test_artifacts_are_beside_the_database(database: sqlite3.Connection) -> None:
    (run, location) = database.execute("SELECT run_uuid, artifact_uri FROM runs WHERE name = 'exp-a'").fetchone()
    root = Path(database.execute("PRAGMA database_list").fetchone()[2]).parent
    assert location == (root / "mlartifacts" / "ldnet" / run / "artifacts").as_uri()
    assert (root / "mlartifacts" / "ldnet" / run / "artifacts" / "out" / "weights").read_text(encoding="utf-8") == "1"


def test_who_made_a_run_and_from_what(database: sqlite3.Connection) -> None:
    for run, data in {"prune": "demo", "exp-a": "demo", "exp-b": "other-data", "fails": "other-data"}.items():
        tags = select(database, "value", "tags", run)
        assert tags["data"] == data
        assert {"host", "workspace", "mlflow.user"} <= set(tags)
    ours, theirs = (select(database, "value", "tags", run) for run in ("exp-a", "exp-b"))
    assert ours["workspace"] != theirs["workspace"]
    assert len(ours["mlflow.source.git.commit"]) == 40 and "mlflow.source.git.commit" not in theirs
    assert ours["mlflow.source.name"] == theirs["mlflow.source.name"] == "dvc.yaml"
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_runs_have_their_data_set_as_input(database: sqlite3.Connection) -> None:
    query = """SELECT runs.name, datasets.name, digest, dataset_source FROM inputs
    JOIN runs ON destination_id = run_uuid JOIN datasets ON source_id = dataset_uuid"""
    found = {
        run: (data, digest, json.loads(source))
        for run, data, digest, source in database.execute(query)
        if run in BEGUN_WITH
    }
    lock = Path("dvc.lock").read_text(encoding="utf-8")
    assert set(found) == {"prune", "exp-a"}  # the other workspace has no dvc.lock
    for data, digest, source in found.values():
        assert data == "demo" and source == {"uri": "data/raw/demo"}
        assert f"path: data/raw/demo\n      hash: md5\n      md5: {digest}\n" in lock


@pytest.mark.parametrize(
    ("lock", "digests"),
    [
        (None, []),
        ("", []),
        ("[1]", []),
        ("stages: {a: 3}", []),
        ("stages: {a: {deps: [{path: data/raw/other, md5: x}]}}", []),
        ("stages: {a: {deps: [{path: data/raw/mine, md5: abc.dir}]}}", ["abc.dir"]),  # brought, so no stage's output
        (
            "stages: {a: {outs: [{path: data/raw/mine, md5: abc}]}, b: {deps: [{path: data/raw/mine, md5: abc}]}}",
            ["abc"],
        ),
    ],
)
def test_the_digest_of_a_data_set_is_dvcs(lock: str | None, digests: list[str], tmp_path: Path) -> None:
    if lock is not None:
        (tmp_path / "dvc.lock").write_text(lock, encoding="utf-8")
    assert [found.dataset.digest for found in dataset_inputs("mine", tmp_path / "dvc.lock")] == digests


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")  # in MLflow's own queries
def test_a_copied_database_does_not_write_into_the_other_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow's database has absolute places in it."""
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{old}/mlflow.db")
    connect(STAGES_EXPERIMENT)
    connect(STAGES_EXPERIMENT)
    shutil.copytree(old, new)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{new}/mlflow.db")
    with pytest.raises(TrackingError, match=r"comes from another folder, .*/old/mlartifacts/.*make upload"):
        connect(STAGES_EXPERIMENT)


def stand_in(program: str) -> Callable[[], "subprocess.Popen[bytes]"]:
    """Starts a Python program in the place of the sender."""

    def start() -> "subprocess.Popen[bytes]":
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        sender = subprocess.Popen([sys.executable, "-c", program], bufsize=0, **pipes)  # type: ignore[call-overload]
        for pipe in (sender.stdin, sender.stdout):
            os.set_blocking(pipe.fileno(), False)
        return sender  # type: ignore[no-any-return]

    return start


def test_a_sender_that_hangs_holds_up_nothing_but_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tracking, "_start_sender", stand_in("import time; time.sleep(60)"))
    monkeypatch.setattr(tracking, "WAIT_SECONDS", 0.5)
    began = time.monotonic()
    with stage_run("prune", {"a": 1}, []) as run:
        for step in range(20_000):  # more than a pipe holds
            run.log(step, {"loss": 3.0})
        run.log_artifact(Path("missing"))
        logged = time.monotonic() - began
    assert logged < 10  # 20,000 records; none waits for anybody
    assert time.monotonic() - began - logged < 2
    assert capsys.readouterr().err == (
        "warning: MLflow tracking is off for this run: no answer within 0.5 s; the run continues, and `make "
        "upload` uploads it later\n"
    )


@pytest.mark.parametrize(
    ("given", "noted"), [("evaluate", "evaluate@gold"), ("ablations:evaluate", "ablations:evaluate@gold")]
)
def test_dvc_names_a_stage_within_its_pipeline(
    given: str, noted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ablations are a DVC repository of their own, whose stages have the bare names there."""
    heard = tmp_path / "heard"
    program = f"import sys; open({str(heard)!r}, 'wb').write(sys.stdin.buffer.read()); print('{{\"sent\": true}}')"
    monkeypatch.setattr(tracking, "_start_sender", stand_in(program))
    monkeypatch.setenv("DVC_STAGE", "evaluate@gold")
    with stage_run(given, {}, []):
        pass
    begin = json.loads(heard.read_text(encoding="utf-8").splitlines()[0])["begin"]
    assert begin["name"] == begin["tags"]["stage"] == noted


@pytest.mark.parametrize(
    ("stage", "experiment", "uploaded"),
    [("prune", "", True), ("prune", "demo-0.1-2", False), ("ablations:prune", "", False)],
)
def test_an_upload_is_promised_where_there_is_one(
    stage: str, experiment: str, uploaded: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tracking, "_start_sender", stand_in(""))
    if experiment:
        monkeypatch.setenv("DVC_EXP_NAME", experiment)
    with stage_run(stage, {}, []):
        pass
    assert capsys.readouterr().err.endswith(
        "the run continues, and `make upload` uploads it later\n" if uploaded else "the run continues\n"
    )


@pytest.mark.parametrize("program", ["", "print('nonsense')", "raise SystemExit(1)"])
def test_a_sender_that_dies_costs_one_warning(
    program: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tracking, "_start_sender", stand_in(program))
    with stage_run("prune", {"a": 1}, []) as run:
        run.log(1, {"loss": 3.0})
        time.sleep(0.3)
        run.log(2, {"loss": 3.0})
    assert capsys.readouterr().err.count("its process ended before all was written") == 1


def test_no_process_no_mlflow(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with stage_run("prune", {"a": 1}, []) as run:
        run.log(1, {"loss": 3.0})
    assert capsys.readouterr().err.count("MLflow is not installed") == 1


def test_ctrl_c_waits_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def start() -> "subprocess.Popen[bytes]":
        started.append(stand_in("import time; time.sleep(60)")())
        return started[0]

    monkeypatch.setattr(tracking, "_start_sender", start)
    monkeypatch.setattr(tracking, "LEAVE_SECONDS", 0.1)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), stage_run("prune", {"a": 1}, []):
        raise KeyboardInterrupt
    assert time.monotonic() - began < 5
    started[0].kill()
    started[0].communicate(timeout=60)


def test_trouble_hides_no_error_of_the_stage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tracking, "_start_sender", stand_in(""))
    with pytest.raises(ZeroDivisionError), stage_run("prune", {"a": 1}, []) as run:
        run.log(1, {"loss": 1 / 0})
    assert capsys.readouterr().err.count("warning") == 1


def test_tracking_leaves_the_random_numbers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "_start_sender", stand_in(""))
    random.seed(1)
    expected = [random.random() for _ in range(3)]
    random.seed(1)
    with stage_run("prune", {"a": 1}, []) as run:
        drawn = []
        for step in range(3):
            run.log(step, {"loss": 1.0})
            drawn.append(random.random())
    assert drawn == expected


def test_no_server(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with stage_run("prune", {"a": 1}, []) as run:
        run.log(1, {"loss": 1.0})
        run.log_metrics({"f1": 1.0})
        run.log_artifact(Path("missing"))
    assert capsys.readouterr().err.count("warning: MLflow tracking is off for this run") == 1


def test_flatten() -> None:
    assert flatten({"a": 1, "b": {"c": [1, 2], "d": {"e": "x"}}, "f": {}}) == {"a": 1, "b.c": [1, 2], "b.d.e": "x"}


def test_md5_of_outs_depends_on_names_and_contents_alone(tmp_path: Path) -> None:
    def make(name: str, files: dict[str, str]) -> Path:
        for path, content in files.items():
            target = tmp_path / name / "lm" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content, encoding="utf-8")
        return tmp_path / name / "lm"

    original = md5_of_outs([make("1", {"a/x": "1", "b": "2"})])
    assert md5_of_outs([make("2", {"b": "2", "a/x": "1"})]) == original
    others = [{"a/x": "1", "b": "3"}, {"a/y": "1", "b": "2"}, {"a/x": "12", "b": ""}, {"a/x": "1"}]
    assert original not in [md5_of_outs([make(f"other{i}", files)]) for i, files in enumerate(others)]
    one, two = make("3", {"p": "1"}) / "p", make("3", {"q": "2"}) / "q"
    assert md5_of_outs([one, two]) == md5_of_outs([two, one]) != md5_of_outs([one])


WAITING_STAGE = """
import time
from pipeline.tracking import stage_run
with stage_run("killed", {}, []) as run:
    run.log(1, {"loss": 2.0})
    print("logged", flush=True)
    time.sleep(600)
"""


def start_and_kill(database: sqlite3.Connection, name: str, kill: Callable[[int, int], None]) -> int:
    """Start a stage in a process group of its own, kill it when its run is there; the process."""
    stage = subprocess.Popen(
        [sys.executable, "-c", WAITING_STAGE.replace("killed", name)],
        cwd=Path(__file__).parents[2],
        start_new_session=True,
    )
    try:
        wait_until(lambda: select(database, "value", "latest_metrics", name) == {"loss": 2.0})
    finally:
        kill(stage.pid, signal.SIGKILL)
        stage.wait(timeout=60)
    return stage.pid


def wait_until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.2)


def statuses(database: sqlite3.Connection, name: str) -> list[str]:
    return [status for (status,) in database.execute("SELECT status FROM runs WHERE name = ?", [name])]


def test_runs_of_killed_stages_do_not_stay_running(
    database: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = Path(database.execute("PRAGMA database_list").fetchone()[2]).parent
    monkeypatch.setenv("DVC_ROOT", str(root))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    start_and_kill(database, "killed-alone", os.kill)  # the sender lives on and says it
    wait_until(lambda: statuses(database, "killed-alone") == ["KILLED"])
    start_and_kill(database, "killed-with-sender", os.killpg)
    assert statuses(database, "killed-with-sender") == ["RUNNING"]
    alive = RunWriter(STAGES_EXPERIMENT, "alive", {}, {}, os.getpid())
    assert within(60, alive.begin) == ["killed-with-sender"]
    assert statuses(database, "killed-with-sender") == ["KILLED"]
    start_and_kill(database, "killed-again", os.killpg)
    with stage_run("next", {}, []):
        pass
    assert capsys.readouterr().err == "MLflow: closed as KILLED, since their processes are gone: killed-again\n"
    assert (statuses(database, "killed-again"), statuses(database, "next")) == (["KILLED"], ["FINISHED"])
    assert statuses(database, "alive") == ["RUNNING"]


def test_the_run_of_a_stage_that_is_gone_before_it_is_made_does_not_stay_running(
    database: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(database.execute("PRAGMA database_list").fetchone()[2]).parent
    monkeypatch.setenv("DVC_ROOT", str(root))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    with subprocess.Popen([sys.executable, "-c", ""]) as stage:
        pass
    late = RunWriter(STAGES_EXPERIMENT, "late", {}, {}, stage.pid)
    assert within(60, late.begin) == ["late"]
    assert statuses(database, "late") == ["KILLED"]


def test_links_lead_to_the_view_and_to_the_newest_runs_of_the_latest_tries(
    database: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(database.execute("PRAGMA database_list").fetchone()[2]).parent
    monkeypatch.setenv("DVC_ROOT", str(root))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    (experiment,) = database.execute("SELECT experiment_id FROM experiments WHERE name = 'ldnet'").fetchone()
    view = f"http://x/#/experiments/{experiment}/runs?viewStateShareKey=comparison&compareRunsMode=CHART"
    assert comparison_links("http://x")["all runs"] == view
    assert "latest 2 tries" in comparison_links("http://x")  # those of both workspaces
    for name, commit in (("other", "1"), ("try-1", "2"), ("try-2", "2"), ("try-1", "2"), ("", "")):
        tags = {"dvc_exp": name, "baseline_rev": commit} if name else {}
        run = RunWriter(PIPELINE_EXPERIMENT, name, {}, tags, os.getpid())
        within(60, run.begin)
        within(60, partial(run.finish, "FINISHED", {}))
    assert without_run(["try-1", "try-3", "try-2"]) == ["try-3"]
    links = comparison_links("http://x")
    assert links["all runs"] == view
    query = parse_qs(links["latest 2 tries"].partition("?")[2])
    assert json.loads(query["experiments"][0]) == [str(experiment)]
    made = dict(database.execute("SELECT run_uuid, name FROM runs ORDER BY start_time").fetchall())
    newest = {name: run for run, name in made.items()}
    assert json.loads(query["runs"][0]) == [newest["try-1"], newest["try-2"]]


def test_no_links_from_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(InputError, match=r"^http://127\.0\.0\.1:9: MLflow cannot read the runs there: .+$"):
        comparison_links("http://x")


def test_no_links_and_no_database_before_the_first_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    assert comparison_links("http://x") == {} and not any(tmp_path.iterdir())
