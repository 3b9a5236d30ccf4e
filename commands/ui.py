"""Show the runs in MLflow's pages, and print the addresses of those that compare them."""

import os
import sys

import click

from ldnet.command_line import Command, echo
from ldnet.mlflow_store import configure_mlflow, tracking_uri
from pipeline.tracking_store import comparison_links


@click.command(cls=Command, examples=["make ui", "python -m commands.ui --port 5050"])
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True, help="Where to listen.")
def main(port: int) -> None:
    """Serve the runs on 127.0.0.1 until stopped; where MLFLOW_TRACKING_URI is a server, only print the addresses."""
    uri = tracking_uri()
    served = uri.startswith("http")
    links = comparison_links(uri.rstrip("/") if served else f"http://127.0.0.1:{port}")
    if not links:
        echo(f"no runs at {uri} yet; `make upload` logs those whose outputs are here, as after `dvc pull`")
    for what, address in links.items():
        echo(f"{what}: {address}")
    if served:
        return
    configure_mlflow()
    os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"  # eight more processes, for what is not used here
    options = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    stores = ["--backend-store-uri", uri, "--default-artifact-root", "mlartifacts"]
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "mlflow", "server", *options, *stores])


if __name__ == "__main__":
    main()
