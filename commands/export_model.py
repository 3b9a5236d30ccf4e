"""Export a finished tagger: one folder with all that tagging needs."""

from pathlib import Path

import click

from ldnet.command_line import FOLDER, Command, echo
from ldnet.errors import InputError
from ldnet.mlflow_store import configure_mlflow
from ldnet.model_description import read_description
from ldnet.text.columns import read_conll
from pipeline.exporting.model_export import export_model
from pipeline.exporting.workspace import best_model
from pipeline.six_taggers import SHIPPED, TAGGERS


@click.command(
    cls=Command,
    examples=[
        "make export",
        "python -m commands.export_model --tagger full --out my-model",
        "python -m commands.export_model --onnx --register chunker --alias champion",
    ],
)
@click.option("--tagger", type=click.Choice(list(TAGGERS)), default=SHIPPED, show_default=True, help="Which one.")
@click.option("--work", type=FOLDER, default="work", show_default=True, help="The outputs of the stages.")
@click.option("--metrics", type=FOLDER, default="metrics", show_default=True, help="Their metrics.")
@click.option("--out", type=FOLDER, help="The model folder; left out: work/model/<tagger>.")
@click.option("--onnx", is_flag=True, help="With an ONNX graph in float32 and 8-bit integers, measured on dev.")
@click.option("--mlflow", "mlflow_out", type=FOLDER, help="Also write it as an MLflow model to this new folder.")
@click.option("--register", "name", help="Also log it to MLflow and register it under this name.")
@click.option("--alias", help="The alias that the registered version gets, for example champion.")
def main(
    tagger: str,
    work: Path,
    metrics: Path,
    out: Path | None,
    onnx: bool,
    mlflow_out: Path | None,
    name: str | None,
    alias: str | None,
) -> None:
    """Export the tagger of the seed that is best on dev, with its lexicon and language models, as one folder."""
    if alias and not name:
        raise InputError("--alias: expected --register, too: an alias belongs to a registered model")
    if mlflow_out is not None and mlflow_out.exists() and not (mlflow_out.is_dir() and not any(mlflow_out.iterdir())):
        raise InputError(f"{mlflow_out}: expected a folder that is empty or not there yet; delete it, or name another")
    folder = out or Path("work") / "model" / tagger
    source, description = best_model(work, metrics, tagger)
    dev = read_conll(work / "conll" / "dev.conll", 0, 1) if onnx else None
    export_model(source, description, folder, dev)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    echo(
        f"{folder}: {description.data}, {tagger}, seed {description.seed}, test F1 {description.test_f1:.2f}, "
        f"{size / 1e6:.1f} MB"
    )
    if onnx:
        _echo_onnx(folder)
    if mlflow_out is not None:
        configure_mlflow()
        from ldnet.adapters.mlflow_model import save_mlflow_model

        save_mlflow_model(folder, mlflow_out)
        echo(f"{mlflow_out}: the same as an MLflow model")
    if name is not None:
        _register(folder, name, alias, work / "predictions", TAGGERS[tagger][1])


def _echo_onnx(folder: Path) -> None:
    measured = read_description(folder)["onnx"]
    f1, difference = measured["dev_f1"], measured["largest_score_difference"]
    echo(
        f"{folder / 'onnx'}: dev F1 {f1['float32']:.2f} in float32, {f1['int8']:.2f} in 8-bit integers "
        f"({f1['int8'] - f1['float32']:+.2f}); scores in float32 differ from the tagger's by at most {difference}"
    )


def _register(folder: Path, name: str, alias: str | None, predictions: Path, training: str) -> None:
    configure_mlflow()
    from pipeline.exporting.registry import register_model

    registered = register_model(folder, name, alias, f"evaluate@{training}", predictions / training)
    uri = f"models:/{name}@{alias}" if alias else f"models:/{name}/{registered.version}"
    run = (
        f"logged to the pipeline's run {registered.run}" if registered.run else "no pipeline run has these predictions"
    )
    echo(f"{uri}: version {registered.version}, {run}")


if __name__ == "__main__":
    main()
