"""What a user may call a model: a folder, an MLflow model or URI, or the newest of the workspace."""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ldnet.errors import InputError
from ldnet.locate_model import ARCHIVE, located, unpack
from ldnet.model_folder import load_model, model_digest
from tests.serving_factories import make_model


def test_a_folder_is_itself(tmp_path: Path) -> None:
    model = make_model(tmp_path)
    with located(str(model)) as folder:
        assert folder == model


@pytest.mark.parametrize(
    ("name", "message"),
    [("gone", "gone: no such folder; expected a model folder"), (".", "0 model folders in it")],
)
def test_what_is_no_model_is_refused(name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message), located(name):
        pass


def test_a_model_is_not_looked_for_on_a_whole_disk(tmp_path: Path) -> None:
    model = make_model(tmp_path / "a" / "b" / "c")
    with located(str(tmp_path)) as folder:
        assert folder == model
    (tmp_path / "deeper").mkdir()
    shutil.move(tmp_path / "a", tmp_path / "deeper")
    with pytest.raises(InputError, match="0 model folders in it"), located(str(tmp_path)):
        pass


def test_two_models_in_one_folder_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        make_model(tmp_path / name)
    with pytest.raises(InputError, match="2 model folders in it"), located(str(tmp_path)):
        pass


def test_the_latest_is_the_newest_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = [make_model(tmp_path / name).rename(tmp_path / name / "moved") for name in ("a", "b")]
    (tmp_path / "work" / "model").mkdir(parents=True)
    for age, model in enumerate(models):
        exported = model.rename(tmp_path / "work" / "model" / model.parent.name)
        os.utime(exported / "model.json", (1000 - age, 1000 - age))
    monkeypatch.chdir(tmp_path)
    with located("latest") as folder:
        assert folder.name == "a"


def test_the_latest_needs_an_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="latest: no exported model in work/model; `make export`"), located("latest"):
        pass


def test_the_demo_comes_with_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "demo").mkdir()  # a folder of this name that is no model is in nobody's way
    monkeypatch.chdir(tmp_path)
    with located("demo") as folder:
        sentence = ["Gaifert", "launched", "its", "Loujairt", "car", "."]
        assert load_model(folder).tag([sentence]) == [["S-ORG", "O", "O", "S-MISC", "O", "O"]]
        unpacked = folder
    assert not unpacked.exists() and list((tmp_path / "demo").iterdir()) == []


@pytest.mark.parametrize("word", ["latest", "demo"])
def test_a_word_that_is_also_a_model_here_is_refused(
    word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_model(tmp_path).rename(tmp_path / word)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=rf"^{word}: a word for a model, and .* write \./{word} "), located(word):
        pass
    with located(f"./{word}") as folder:
        assert load_model(folder)


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04", "cut", "changed"])
def test_a_damaged_demo_is_one_line(content: bytes | str | None, tmp_path: Path) -> None:
    archive, whole = tmp_path / "demo.zip", ARCHIVE.read_bytes()
    if content is not None:
        changed = whole[:5000] + bytes(byte ^ 255 for byte in whole[5000:6000]) + whole[6000:]
        damaged = {"cut": whole[:-1000], "changed": changed}
        archive.write_bytes(damaged[content] if isinstance(content, str) else content)
    with pytest.raises(InputError, match=r"demo\.zip: (no such file|damaged).* install (it|ldnet) again"):
        unpack(archive, tmp_path / "out")


def test_an_mlflow_uri_without_a_database_says_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    message = r"models:/tagger@best: no .*mlflow.db; set MLFLOW_TRACKING_URI"
    with pytest.raises(InputError, match=message), located("models:/tagger@best"):
        pass
    assert not (tmp_path / "mlflow.db").exists()


REGISTER = """
import sys
import mlflow
mlflow.set_tracking_uri(sys.argv[2])
from ldnet.adapters import mlflow_model as pyfunc_model
from pathlib import Path
pyfunc_model.save_mlflow_model(Path(sys.argv[1]), Path(sys.argv[1]).parent / "packed")
client = mlflow.MlflowClient()
client.create_registered_model("tagger")
client.create_model_version("tagger", (Path(sys.argv[1]).parent / "packed").as_uri())
client.set_registered_model_alias("tagger", "best", 1)
"""


@pytest.mark.tracking
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")  # in MLflow's own queries
def test_registered_models_are_fetched_by_alias_and_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new_tracking_database: Path
) -> None:
    model = make_model(tmp_path)
    shutil.copy(new_tracking_database, tmp_path / "mlflow.db")
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    subprocess.run([sys.executable, "-c", REGISTER, str(model), uri], check=True, capture_output=True)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    for name in ("models:/tagger@best", "models:/tagger/1", str(tmp_path / "packed")):
        with located(name) as folder:
            assert model_digest(folder) == model_digest(model), name
            assert load_model(folder)
    assert model.exists()
    with pytest.raises(InputError, match="models:/tagger@other: MLflow at sqlite"), located("models:/tagger@other"):
        pass


@pytest.fixture
def server() -> Iterator["Server"]:
    with Server() as running:
        yield running


class Server:
    """Answers each request with `answer`, and then with a byte now and then if it `trickles`."""

    def __init__(self) -> None:
        self.answer, self.trickles = b"", False
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.uri = f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def __enter__(self) -> "Server":
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.recv(1 << 16)
            connection.sendall(self.answer)
            while self.trickles:
                time.sleep(0.2)
                connection.sendall(b" ")


RUBBISH = [b"[]", b"{}", b"rubbish"]
HEADERS = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


@pytest.mark.tracking
def test_a_server_that_trickles_is_given_up(server: "Server", monkeypatch: pytest.MonkeyPatch) -> None:
    server.answer, server.trickles = HEADERS % 100_000, True
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    monkeypatch.setattr("ldnet.locate_model.DOWNLOAD_SECONDS", 10)
    started = time.monotonic()
    message = f"models:/tagger/1: MLflow at {server.uri}: not here after 10 s; expected the whole model by then"
    with pytest.raises(InputError, match=message), located("models:/tagger/1"):
        pass
    assert time.monotonic() - started < 30


@pytest.mark.tracking
@pytest.mark.parametrize("answer", [b"", b"rubbish", *(HEADERS % len(body) + body for body in RUBBISH)])
def test_a_server_that_answers_rubbish_is_one_line(
    answer: bytes, server: "Server", monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answer = answer
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with (
        pytest.raises(InputError, match=r"models:/tagger/1: .") as raised,
        located("models:/tagger/1"),
    ):
        pass
    assert "\n" not in str(raised.value)
