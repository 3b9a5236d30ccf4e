"""Upload to MLflow what an outage kept from it."""

import click

from ldnet.command_line import Command, echo
from pipeline.experiments.missed_runs import upload_missed


@click.command(cls=Command, examples=["make upload", "python -m commands.upload_runs"])
def main() -> None:
    """Log the finished stages and the experiment of this workspace to MLflow, unless they are there. Run twice, it
    uploads nothing the second time.

    It reads dvc.lock, metrics/, curves/ and the outputs of the stages. Runs of stages of this machine that were killed
    are closed. MLFLOW_TRACKING_URI says where MLflow is.
    """
    uploaded = False
    for line in upload_missed():
        uploaded |= line.startswith("uploaded")
        echo(line)
    if not uploaded:
        echo("nothing to upload: MLflow has all runs whose files are here")


if __name__ == "__main__":
    main()
