"""Tag a folder of text shards, in this process or on Spark."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

import click
from tqdm import tqdm

from ldnet.command_line import FOLDER, Command
from ldnet.decoding.packed_lstm import DecodingPrecision
from ldnet.mlflow_store import configure_mlflow
from ldnet.model_folder import load_model, model_digest, read_description
from ldnet.tagged_shards import ShardResult, find_shards, missing_shards, output_folder, tag_shard

ATTEMPTS = 4  # at a partition whose worker died


@click.command(
    cls=Command,
    examples=[
        "python -m ldnet.commands.tag_shards work/model/pruned shards tagged",
        "python -m ldnet.commands.tag_shards work/model/pruned shards tagged --precision int8",
        'python -m ldnet.commands.tag_shards work/model/pruned shards tagged --workers spark --master "local[2,4]"',
    ],
)
@click.argument("model", type=FOLDER)
@click.argument("shards", type=FOLDER)
@click.argument("out", type=FOLDER)
@click.option("--workers", type=click.Choice(["local", "spark"]), default="local", show_default=True)
@click.option("--master", help=f"Spark's master; left out: local[<cores>,{ATTEMPTS}].")
@click.option("--precision", type=click.Choice(get_args(DecodingPrecision)), default="float32", show_default=True)
def main(model: Path, shards: Path, out: Path, workers: str, master: str | None, precision: DecodingPrecision) -> None:
    """Tag the shards in the folder SHARDS (*.txt or *.txt.gz, one tokenised sentence a line) with the folder MODEL.

    OUT gets a file of JSON lines for each shard, in one step. Run again after a failure: only missing ones are done.
    A shard that cannot be read is named, and does not stop the others; then the exit status is 1.
    """
    read_description(model)
    found = find_shards(shards)
    with output_folder(out, model_digest(model), precision):
        missing = missing_shards(found, out)
        results: list[ShardResult] = []
        if missing:
            tag = _tag_here if workers == "local" else _tag_on_spark
            results = list(tag(model, missing, out, precision, master or f"local[{os.cpu_count()},{ATTEMPTS}]"))
    refused = [result for result in results if result.problem]
    for result in refused:
        click.echo(result.problem, err=True)
    click.echo(
        f"{out}: {len(results) - len(refused)} shards tagged "
        f"({sum(result.sentences for result in results):,} lines, {sum(result.words for result in results):,} words), "
        f"{len(found) - len(missing)} done before, {len(refused)} refused"
    )
    if refused:
        raise click.ClickException(f"{len(refused)} of {len(found)} shards could not be tagged")


def _tag_here(
    model: Path, shards: Sequence[Path], out: Path, precision: DecodingPrecision, _: str
) -> Iterator[ShardResult]:
    loaded = load_model(model, precision)
    for shard in tqdm(shards, desc="tagging", unit=" shards", disable=None):
        yield tag_shard(loaded, shard, out)


def _tag_on_spark(
    model: Path, shards: Sequence[Path], out: Path, precision: DecodingPrecision, master: str
) -> Iterator[ShardResult]:
    configure_mlflow()
    from ldnet.adapters.mlflow_model import save_mlflow_model
    from ldnet.adapters.spark import spark_session, tag_on_spark, tagging_function

    with tempfile.TemporaryDirectory() as scratch, spark_session(master) as session:
        save_mlflow_model(model, Path(scratch) / "model", precision)
        yield from tag_on_spark(session, tagging_function(session, Path(scratch) / "model"), shards, out)


if __name__ == "__main__":
    main()
