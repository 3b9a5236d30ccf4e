"""The process beside a stage: what it makes of a server that misbehaves in any way, and what it still writes later."""

import importlib
import json
import random
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowException

from ldnet.errors import InputError
from ldnet.mlflow_store import configure_mlflow
from pipeline import tracking_sender, tracking_store
from pipeline.experiments import missed_runs
from pipeline.tracking_sender import Sender
from pipeline.tracking_store import TrackingError, comparison_links, within

pytestmark = pytest.mark.tracking

LIMIT = 0.5
LIMITS = (LIMIT, 4 * LIMIT, 16 * LIMIT)  # a busy machine may not get to ask within the first
SLACK = 15.0  # of a busy machine; less than HELD_UP
HELD_UP = 60.0  # what a call without a limit would take at least
BEGIN = {"begin": {"experiment": "e", "name": "n", "params": {}, "tags": {}, "process": 1}}


class Misbehaving(BaseHTTPRequestHandler):
    """Answers every request in the way that the server is set to."""

    server: "Server"

    def do_GET(self) -> None:
        """Answer, whatever was asked."""
        self.server.requests += 1
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        getattr(self, self.server.kind)()

    def reply(self, status: int, body: bytes = b"{}", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def too_many_requests(self) -> None:
        self.reply(429, Retry_After="3600")

    def unavailable(self) -> None:
        self.reply(503)

    def unavailable_for_an_hour(self) -> None:
        self.reply(503, Retry_After="3600")

    def redirect_to_itself(self) -> None:
        self.reply(302, Location=self.path)

    def redirect_to_silence(self) -> None:
        self.reply(307, Location=f"http://127.0.0.1:{self.server.silent.getsockname()[1]}/")

    def empty_object(self) -> None:
        self.reply(200)

    def page(self) -> None:
        self.reply(200, b"<html>\x1b[31mPlease log in</html>", Content_Type="text/html")

    def nothing(self) -> None:
        self.reply(200, b"")

    def numbers(self) -> None:
        self.reply(200, b"[1, 2]")

    def wrong_types(self) -> None:
        self.reply(200, b'{"experiment": [1], "run": "x", "runs": 3}')

    def gone_in_the_middle(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"{")

    def silence(self) -> None:
        self.server.over.wait(HELD_UP)

    def trickle(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        self.drop_by_drop()

    def trickle_of_headers(self) -> None:
        self.send_response(200)
        self.flush_headers()
        self.wfile.write(b"X-Slow: ")
        self.drop_by_drop()

    def drop_by_drop(self) -> None:
        try:
            while not self.server.over.wait(0.05):
                self.wfile.write(b" ")
                self.wfile.flush()
        except OSError:
            pass

    def keeps_nothing(self) -> None:
        """Like MLflow, until the run is looked at."""
        if "get-by-name" in self.path:
            self.reply(200, b'{"experiment": {"experiment_id": "1"}}')
        elif "runs/create" in self.path:
            self.reply(200, b'{"run": {"info": {"run_id": "abc"}}}')
        else:
            self.reply(200)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


for method in ("POST", "PATCH", "PUT"):
    setattr(Misbehaving, f"do_{method}", Misbehaving.do_GET)
KINDS = [name for name, item in vars(Misbehaving).items() if callable(item)]
KINDS = [name for name in KINDS if name not in ("reply", "drop_by_drop", "log_message") and not name.startswith("do_")]


class Server(ThreadingHTTPServer):
    """On a free port of this machine."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Misbehaving)
        self.kind, self.requests, self.over = "unavailable", 0, threading.Event()
        self.silent = socket.create_server(("127.0.0.1", 0))  # takes connections and says nothing

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients go when they like."""


@pytest.fixture(scope="module", autouse=True)
def registry() -> Any:
    """The module, with all of MLflow, whose first use takes longer than the limit here and warns."""
    configure_mlflow()
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        patch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        sender = Sender(60, print)
        sender.take(BEGIN)
        sender.send()
        return importlib.import_module("pipeline.exporting.registry")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last word is tried a second time without a pause."""
    monkeypatch.setattr(tracking_sender, "AGAIN_SECONDS", 0)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server()
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.server_port}")
    yield server
    server.over.set()
    server.shutdown()
    server.server_close()
    server.silent.close()


def timed(call: Callable[[], Any]) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began


@pytest.mark.parametrize("kind", KINDS)
def test_no_answer_holds_up_a_call_or_passes_for_success(kind: str, server: Server) -> None:
    server.kind = kind
    for limit in LIMITS:
        said: list[Any] = []
        sender = Sender(limit, said.append)
        sender.take(BEGIN)
        assert timed(sender.send) < limit + SLACK or kind == "keeps_nothing"
        sender.take({"values": [["loss", 1.0]], "time": 1, "step": 1})
        assert timed(sender.end) < 4 * limit + SLACK
        if server.requests:
            break
    assert server.requests and said
    assert {name for answer in said for name in answer} == {"problem"}, "nobody has written anything"
    assert all("\n" not in answer["problem"] for answer in said)


@pytest.mark.parametrize("kind", KINDS)
def test_no_answer_holds_up_a_command(
    kind: str, server: Server, registry: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.kind = kind
    for module in (tracking_store, missed_runs):
        monkeypatch.setattr(module, "WAIT_SECONDS", LIMIT)
    monkeypatch.setattr(registry, "REGISTER_SECONDS", LIMIT)
    began = time.monotonic()
    for call in (
        lambda: comparison_links("http://x"),
        lambda: list(missed_runs.upload_missed()),
        lambda: registry.register_model(Path("x"), "name", None, "evaluate", Path("y")),
    ):
        if kind == "keeps_nothing":  # an empty list of runs is an answer
            continue
        with pytest.raises(InputError) as raised:
            call()
        assert "\n" not in str(raised.value)
    assert time.monotonic() - began < 3 * (LIMIT + SLACK)


@pytest.mark.parametrize("uri", ["http://127.0.0.1:9", "sqlite:////proc/no/such.db", "nonsense://here"])
def test_no_server_and_no_database_are_outages(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    said: list[Any] = []
    sender = Sender(LIMIT, said.append)
    sender.take(BEGIN)
    assert timed(sender.end) < LIMIT + SLACK
    assert [list(answer) for answer in said] == [["problem"]]


def test_a_name_server_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, over = threading.Event(), threading.Event()

    def look_up(*_: object, **__: object) -> None:
        asked.set()
        over.wait(HELD_UP)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow.example.org")
    said: list[Any] = []
    sender = Sender(LIMIT, said.append)
    sender.take(BEGIN)
    assert timed(sender.end) < LIMIT + SLACK
    assert said == [{"problem": f"no answer within {LIMIT} s"}]
    assert asked.wait(HELD_UP), "a busy machine may get there after the limit"
    over.set()


def test_within_gives_the_answer_or_one_line() -> None:
    assert within(5, lambda: 3) == 3
    with pytest.raises(TrackingError, match=r"^first$"):
        within(5, lambda: (_ for _ in ()).throw(ValueError("first\nsecond")))
    with pytest.raises(TrackingError, match=r"^no answer within 0\.1 s$"):
        within(0.1, lambda: time.sleep(1))


class Store:
    """Stands in for MLflow: keeps runs; loses the answer or fails before or after the work, as `fails` says."""

    def __init__(self) -> None:
        self.fails: Callable[[], bool] = lambda: False
        self.runs: dict[str, dict[str, Any]] = {}

    def __getattr__(self, name: str) -> Any:
        method = object.__getattribute__(self, f"do_{name}")

        def call(*given: Any, **options: Any) -> Any:
            if self.fails():
                raise ConnectionError("before")
            answer = method(*given, **options)
            if self.fails():
                raise ConnectionError("after")
            return answer

        return call

    def do_create_run(self, experiment: str, run_name: str, tags: dict[str, str]) -> Any:
        self.runs[str(len(self.runs))] = {
            "tags": dict(tags), "metrics": set(), "params": {}, "status": "RUNNING", "files": {}, "inputs": []
        }  # fmt: skip
        return self.entity(str(len(self.runs) - 1))

    def do_search_runs(self, experiments: list[str], query: str, max_results: int = 0) -> list[Any]:
        if not query.startswith("tags.process = "):
            return []
        return [self.entity(run) for run, kept in self.runs.items() if kept["tags"]["process"] in query]

    def do_log_batch(self, run: str, metrics: Any = (), params: Any = ()) -> None:
        self.runs[run]["metrics"] |= {(metric.key, metric.value, metric.step) for metric in metrics}
        self.runs[run]["params"].update({param.key: param.value for param in params})

    def do_log_inputs(self, run: str, inputs: list[str]) -> None:
        self.runs[run]["inputs"] = list(inputs)

    def do_set_tag(self, run: str, key: str, value: str) -> None:
        self.runs[run]["tags"][key] = value

    def do_log_text(self, run: str, text: str, name: str) -> None:
        self.runs[run]["files"][name] = text

    def do_set_terminated(self, run: str, status: str) -> None:
        self.runs[run]["status"] = status

    def do_get_run(self, run: str) -> Any:
        return self.entity(run)

    def made_by(self, kind: str) -> list[dict[str, Any]]:
        """The runs with this tag: a call of an earlier test that nobody waits for any more may make one, too."""
        return [run for run in self.runs.values() if run["tags"].get("kind") == kind]

    def entity(self, run: str) -> Any:
        info = type("Info", (), {"run_id": run, "status": self.runs[run]["status"]})
        return type("Run", (), {"info": info})


@pytest.mark.parametrize("seed", range(20))
def test_outages_anywhere_leave_one_complete_run(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often calls fail, before the server has done its work or after, the run is as if none had failed."""
    store, chance = Store(), random.Random(seed)
    store.fails = lambda: chance.random() < 0.3
    monkeypatch.setattr(tracking_store, "connect", lambda experiment: (store, "1"))
    monkeypatch.setattr(tracking_store, "dataset_inputs", lambda data, lock: ["demo"])
    said: list[Any] = []
    sender = Sender(60, said.append)
    sender.take({"begin": {**BEGIN["begin"], "params": {"a@b": "1"}, "tags": {"kind": "test"}}})
    for step in range(50):
        sender.take({"values": [["loss", 1 / (step + 1)]], "time": 1, "step": step})
        if step % 5 == 0:
            sender.send()
    sender.take({"table": "rows", "content": "{}"})
    sender.take({"finish": "FINISHED", "tags": {"out_md5": "x"}})
    for _ in range(100):
        if {"sent": True} not in said:
            sender.end()
    (run,) = store.made_by("test")
    assert run["inputs"] == ["demo"]
    assert run["metrics"] == {("loss", 1 / (step + 1), step) for step in range(50)}
    assert (run["params"], run["files"], run["status"]) == ({"a_b": "1"}, {"rows.json": "{}"}, "FINISHED")
    assert run["tags"]["kind"] == "test" and run["tags"]["out_md5"] == "x"


def test_without_a_last_word_the_stage_was_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    store, said = Store(), list[Any]()
    monkeypatch.setattr(tracking_store, "connect", lambda experiment: (store, "1"))
    sender = Sender(60, said.append)
    sender.take({"begin": {**BEGIN["begin"], "tags": {"kind": "killed"}}})
    sender.end()
    assert [run["status"] for run in store.made_by("killed")] == ["KILLED"] and said == [{"sent": True}]


def test_a_short_outage_at_the_end_leaves_no_run_open(monkeypatch: pytest.MonkeyPatch) -> None:
    store, said, failures = Store(), list[Any](), iter([True])
    monkeypatch.setattr(tracking_store, "connect", lambda experiment: (store, "1"))
    sender = Sender(2, said.append)
    sender.take({"begin": {**BEGIN["begin"], "tags": {"kind": "short"}}})
    sender.send()
    store.fails = lambda: next(failures, False)
    sender.take({"finish": "FINISHED", "tags": {}})
    sender.end()
    assert [run["status"] for run in store.made_by("short")] == ["FINISHED"] and said == [{"sent": True}]


def test_a_server_that_is_silent_at_the_end_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second time would take longer than the stage waits."""
    asked: list[str] = []

    def silent(experiment: str) -> None:
        asked.append(experiment)
        time.sleep(4 * limit)

    monkeypatch.setattr(tracking_store, "connect", silent)
    for limit in LIMITS:
        said: list[Any] = []
        sender = Sender(limit, said.append)
        sender.take(BEGIN)
        sender.end()
        if asked:
            break
    assert len(asked) == 1 and said == [{"problem": f"no answer within {limit} s"}]


def test_a_server_in_trouble_is_asked_less_and_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store()
    store.fails = lambda: True
    monkeypatch.setattr(tracking_store, "connect", lambda experiment: (store, "1"))
    sender = Sender(60, lambda answer: None)
    sender.take(BEGIN)
    pauses = [sender.send() for _ in range(8)]
    assert pauses == sorted(pauses) and pauses[0] > tracking_sender.FLUSH_SECONDS
    assert pauses[-1] == tracking_sender.LONGEST_PAUSE_SECONDS
    store.fails = lambda: False
    assert sender.send() == tracking_sender.FLUSH_SECONDS


def test_a_view_that_is_there_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    tags: dict[str, str] = {}
    store = Store()
    experiment = type("Experiment", (), {"tags": tags})
    monkeypatch.setattr(Store, "do_get_experiment", lambda self, number: experiment, raising=False)
    monkeypatch.setattr(
        Store, "do_set_experiment_tag", lambda self, number, key, value: tags.update({key: value}), raising=False
    )
    monkeypatch.setattr(tracking_store, "connect", lambda experiment: (store, "1"))
    for state in ({"a": 1}, {"a": 2}):
        sender = Sender(60, lambda answer: None)
        sender.take(BEGIN)
        sender.take({"view": state, "time": 1})
        sender.end()
    (view,) = tags.values()
    assert json.loads(json.loads(view)["state"]) == {"a": 1}


@pytest.mark.parametrize("saved_by_another", [True, False])
def test_a_view_that_another_run_saves_at_the_same_time(
    monkeypatch: pytest.MonkeyPatch, saved_by_another: bool
) -> None:
    """The server inserts the tag, and fails where it is there by then; any other failure counts."""
    tags: dict[str, str] = {}
    store, answers = Store(), list[Any]()

    def insert(self: Store, number: str, key: str, value: str) -> None:
        if saved_by_another:
            tags[key] = "another run's"
        raise MlflowException("UNIQUE constraint failed: experiment_tags.key")

    experiment = type("Experiment", (), {"tags": tags})
    monkeypatch.setattr(Store, "do_get_experiment", lambda self, number: experiment, raising=False)
    monkeypatch.setattr(Store, "do_set_experiment_tag", insert, raising=False)
    monkeypatch.setattr(tracking_store, "connect", lambda experiment: (store, "1"))
    sender = Sender(60, answers.append)
    sender.take(BEGIN)
    sender.take({"view": {"a": 1}, "time": 1})
    sender.end()
    assert (answers == [{"sent": True}]) is saved_by_another
