"""Export a finished tagger: one folder with all that tagging needs."""

from pathlib import Path

import click

from pipeline.report.results import VARIANTS
from pipeline.serving.model_folder import export_model
from pipeline.serving.workspace import describe, model_source
from pipeline.tracking import configure_mlflow
from stages._run import FOLDER, StageCommand


@click.command(cls=StageCommand)
@click.option("--tagger", type=click.Choice(VARIANTS), default="pruned", show_default=True, help="Which one.")
@click.option("--work", type=FOLDER, default="work", show_default=True, help="The outputs of the stages.")
@click.option("--metrics", type=FOLDER, default="metrics", show_default=True, help="Their metrics.")
@click.option("--out", type=FOLDER, help="The model folder; left out: work/model/<tagger>.")
@click.option("--mlflow", "mlflow_out", type=FOLDER, help="Also write it as an MLflow model to this new folder.")
def main(tagger: str, work: Path, metrics: Path, out: Path | None, mlflow_out: Path | None) -> None:
    """Export the tagger of the seed that is best on dev, with its lexicon and language models, as one folder."""
    folder = out or Path("work") / "model" / tagger
    description = describe(work, metrics, tagger)
    export_model(model_source(work, tagger, description.seed), description, folder)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    click.echo(
        f"{folder}: {description.data}, {tagger}, seed {description.seed}, test F1 {description.test_f1:.2f}, "
        f"{size / 1e6:.1f} MB"
    )
    if mlflow_out is not None:
        configure_mlflow()
        from pipeline.serving.pyfunc_model import save_mlflow_model

        save_mlflow_model(folder, mlflow_out)
        click.echo(f"{mlflow_out}: the same as an MLflow model")


if __name__ == "__main__":
    main()
