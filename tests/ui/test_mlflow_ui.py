"""MLflow's pages with runs that the report stage has logged: what is compared, and how."""

import copy
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from ldnet.files import read_json, write_json
from pipeline.report.run_comparison import AXES, HEADLINE, SWEPT
from stages import report
from tests.imports import ROOT

pytestmark = pytest.mark.tracking

RUNS = 5
START_SECONDS = 90
# Nothing of ours: MLflow asks who has signed in, which a server without sign-in answers with 404; and its pages may
# resize a box while the browser tells them of a resize, which the browser notes and puts off to the next frame.
NOT_OURS = ("/ajax-api/2.0/mlflow/users/current]", "ResizeObserver loop completed")
# A panel that offers to chat, which opens by itself and takes a quarter of the width.
WITHOUT_ASSISTANT = """
localStorage.setItem("mlflow.assistant.fab.autoOpenedOnFirstLoad_v1", "true");
localStorage.setItem("mlflow.assistant.panelOpen_v1", "false");
"""
COLUMNS = [*SWEPT, *HEADLINE]


def workspaces(folder: Path) -> Iterator[tuple[str, Path]]:
    """Finished workspaces by the names of their experiments: the committed one, and what is published of its path."""
    params = yaml.safe_load((ROOT / "profiles" / "base.yaml").read_text(encoding="utf-8"))
    metrics = {path.stem: read_json(path) for path in (ROOT / "metrics").glob("*.json")}
    points = read_json(ROOT / "results" / "path_demo.json")["points"]
    own = {"strength": params["select"]["strength"], "max_layers": params["select"]["max_layers"]}
    for point in [own, *points][:RUNS]:
        name = f"demo-{point['strength']:g}-{point['max_layers']}"
        evaluated = copy.deepcopy(metrics["evaluate_gold"])
        next(row for row in evaluated["rows"] if row["variant"] == "pruned").update(point)
        params["select"].update(strength=point["strength"], max_layers=point["max_layers"])
        workspace = folder / name
        for path, content in {**metrics, "evaluate_gold": evaluated}.items():
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
            assert done.exit_code == 0 and "tracking is off" not in done.output, done.output
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
        server.wait(timeout=60)


def wait_for(address: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    pytest.fail(f"the server does not answer:\n{log.read_text(encoding='utf-8')[-3000:]}")


@pytest.fixture
def open_page(addresses: dict[str, str], visit: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """Opens one of the addresses, and in the end looks for errors and for requests to other hosts.

    MLflow's pages never stop asking their server, so tests wait for what they look for, not for silence.
    """
    opened = []

    def open_address(what: str, changed: str = "") -> Any:
        seen = visit(1500)
        seen.page.add_init_script(WITHOUT_ASSISTANT)
        seen.page.goto(next(address for name, address in addresses.items() if what in name).replace(changed, ""))
        opened.append(seen)
        return seen.page

    yield open_address
    host = next(iter(addresses.values())).partition("/#")[0]
    for seen in opened:
        assert [error for error in seen.errors if not any(text in error for text in NOT_OURS)] == []
        assert [asked for asked in seen.requests if not asked.startswith((host, "data:", "blob:"))] == []


def texts(page: Any, selector: str) -> list[str]:
    """The texts of the elements as the eye meets them, from left to right."""
    script = """elements => elements.map(element => [element.getBoundingClientRect().x, element.textContent.trim()])
    .sort((one, other) => one[0] - other[0]).map(pair => pair[1])"""
    return list(page.eval_on_selector_all(selector, script))


def test_make_ui_prints_where_runs_are_compared(addresses: dict[str, str]) -> None:
    assert list(addresses) == ["all runs", f"latest {RUNS} tries"]


def test_the_table_has_a_row_for_each_execution_and_what_matters_first(
    open_page: Callable[..., Any], screenshot: Callable[..., None]
) -> None:
    page = open_page("all runs", "&compareRunsMode=CHART")
    page.wait_for_selector(".ag-row")
    page.wait_for_function(f"document.querySelectorAll('.ag-pinned-left-cols-container .ag-row').length === {RUNS}")
    page.wait_for_selector(".ag-header-cell[col-id='metrics.`dev_f1`']")
    shown = [text for text in texts(page, ".ag-header-cell") if "_" in text or "." in text]
    assert shown == COLUMNS[: len(shown)] and len(shown) >= 3  # those farther right are not drawn yet
    screenshot(page, "runs_table.png", clip={"x": 0, "y": 0, "width": 1500, "height": 470})


def test_the_view_has_parallel_coordinates_of_strength_budget_layers_cost_and_f1(
    open_page: Callable[..., Any], screenshot: Callable[..., None]
) -> None:
    page = open_page("all runs")
    page.wait_for_selector(".parcoords .label")
    shown = texts(page, ".parcoords .label")  # the middle of a long name is left out
    for text, name in zip(shown, [*SWEPT, *AXES], strict=True):
        start, _, end = text.partition("...")
        assert name.startswith(start) and name.endswith(end), (text, name)
    page.get_by_text("million_macs_per_word vs. dev_f1").wait_for()
    screenshot(page, "compare_runs.png")


def test_the_compare_page_shows_the_tries_by_what_differs_and_dev_f1(open_page: Callable[..., Any]) -> None:
    page = open_page("latest")
    page.get_by_text(f"Comparing {RUNS} Runs from 1 Experiment").wait_for()
    page.wait_for_selector(".parcoords .axis-title")
    assert texts(page, ".parcoords .axis-title") == ["select.max_layers", "select.strength", "dev_f1"]
    names = page.locator(".mlflow-compare-run-table tr", has_text="Run Name:").locator("td").all_text_contents()
    assert sorted(names) == sorted(["demo-0.05-6", "demo-0.02-2", "demo-0.02-6", "demo-0.1-2", "demo-0.1-6"])


def test_a_run_is_described_by_its_results(open_page: Callable[..., Any]) -> None:
    page = open_page("all runs", "&compareRunsMode=CHART")
    page.get_by_role("link", name="demo-0.05-6").click()
    page.get_by_role("columnheader", name="MACs per word (M)").wait_for()
    assert page.get_by_role("cell", name="all LM layers").is_visible()
