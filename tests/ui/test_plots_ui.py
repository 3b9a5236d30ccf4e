"""`dvc plots show`: its page draws without a network."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.imports import ROOT


def test_plots_are_drawn_offline(tmp_path: Path, visit: Callable[..., Any], screenshot: Callable[..., None]) -> None:
    command = [sys.executable, "-m", "dvc", "plots", "show", "--out", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    seen = visit(1280, offline=True)
    address = (tmp_path / "index.html").as_uri()
    seen.page.goto(address)
    curves = sorted(path.stem for path in (ROOT / "curves").glob("*.csv"))
    seen.page.wait_for_function(
        f"document.querySelectorAll('.vega-embed canvas, .vega-embed svg.marks').length >= {len(curves)}"
    )
    assert [asked for asked in seen.requests if not asked.startswith(("data:", "blob:"))] == [address]
    assert seen.errors == []
