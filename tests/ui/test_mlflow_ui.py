"""MLflow's pages with runs that the report stage has logged: what is compared, and how."""

import copy
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from imports import ROOT

from pipeline.files import read_json, write_json
from stages import report

pytestmark = pytest.mark.tracking

RUNS = 5
START_SECONDS = 90
HEADER = ["select.strength", "select.max_layers", "dev_f1", "layers_kept", "million_macs_per_word", "test_f1"]


def workspaces(folder: Path) -> Iterator[tuple[str, Path]]:
    """Finished workspaces by the names of their experiments: the committed one, and what is published of its path."""
    params = yaml.safe_load((ROOT / "profiles" / "demo.yaml").read_text(encoding="utf-8"))
    metrics = {path.stem: read_json(path) for path in (ROOT / "metrics").glob("*.json")}
    points = read_json(ROOT / "results" / "path_demo.json")["points"]
    own = {"strength": params["select"]["strength"], "max_layers": params["select"]["max_layers"]}
    for point in [own, *points][:RUNS]:
        name = f"demo-{point['strength']:g}-{point['max_layers']}"
        evaluated = copy.deepcopy(metrics["evaluate"])
        next(row for row in evaluated["rows"] if row["variant"] == "pruned").update(point)
        params["select"].update(strength=point["strength"], max_layers=point["max_layers"])
        workspace = folder / name
        for path, content in {**metrics, "evaluate": evaluated}.items():
            write_json(workspace / "metrics" / f"{path}.json", content)
        (workspace / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
        (workspace / "curves").symlink_to(ROOT / "curves")
        yield name, workspace


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A server as `make ui` starts it, and the addresses that it prints, by what they show."""
    root = tmp_path_factory.mktemp("root")
    with pytest.MonkeyPatch.context() as patch:
        for key, value in {"DVC_ROOT": root, "MLFLOW_TRACKING_URI": "", "DVC_EXP_BASELINE_REV": "0" * 40}.items():
            patch.setenv(key, str(value))
        for name, workspace in workspaces(root):
            patch.setenv("DVC_EXP_NAME", name)
            patch.chdir(workspace)
            done = CliRunner().invoke(report.main, [])
            assert done.exit_code == 0 and "tracking failed" not in done.output, done.output
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    environment = {**os.environ, "DVC_ROOT": str(root), "MLFLOW_TRACKING_URI": ""}
    log = root / "server.log"
    command = [sys.executable, "-m", "commands.ui", "--port", str(port)]
    with log.open("w") as output:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_for(f"http://127.0.0.1:{port}/health", server, log)
        lines = log.read_text(encoding="utf-8").splitlines()
        yield dict(line.split(": ", 1) for line in lines if ": http" in line)
    finally:
        server.terminate()
        server.wait()


def wait_for(address: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    pytest.fail(f"the server does not answer:\n{log.read_text(encoding='utf-8')[-3000:]}")
