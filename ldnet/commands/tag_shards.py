"""`ldnet tag-shards`: a folder of text shards to a folder of tags, in this process or on Spark."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ldnet.command_line import FOLDER, MODEL, Command, echo
from ldnet.commands.loading import loaded_for_command
from ldnet.decoding.precision import PRECISIONS, DecodingPrecision
from ldnet.extras import require

if TYPE_CHECKING:
    from ldnet.tagged_shards import ShardResult

ATTEMPTS = 4  # at a partition whose worker died


@click.command(
    "tag-shards",
    cls=Command,
    short_help="Tag a folder of text shards, here or on Spark.",
    examples=[
        "ldnet tag-shards work/model/pruned_taught shards tagged",
        "ldnet tag-shards latest shards tagged --precision int8",
        'ldnet tag-shards latest shards tagged --workers spark --master "local[2,4]"',
    ],
)
@click.argument("model", type=MODEL)
@click.argument("shards", type=FOLDER)
@click.argument("out", type=FOLDER)
@click.option("--workers", type=click.Choice(["local", "spark"]), default="local", show_default=True)
@click.option("--master", help=f"Spark's master; left out: local[<cores>,{ATTEMPTS}].")
@click.option("--precision", type=click.Choice(PRECISIONS), default="float32", show_default=True)
def main(model: str, shards: Path, out: Path, workers: str, master: str | None, precision: DecodingPrecision) -> None:
    """Tag the shards in the folder SHARDS (*.txt or *.txt.gz, one tokenised sentence a line) with MODEL.

    OUT gets a file of JSON lines for each shard, in one step. Run again after a failure: only missing ones are done.
    A shard that cannot be read is named, and does not stop the others; then the exit status is 1.
    MODEL is what `ldnet tag` takes.
    """
    if workers == "local" and master is not None:
        raise click.UsageError("--master belongs to --workers spark")
    if workers == "spark":
        require("spark", "--workers spark", "pyspark", "mlflow", "pandas", "pyarrow")
    from ldnet.locate_model import located
    from ldnet.model_description import model_digest, read_description
    from ldnet.tagged_shards import find_shards, missing_shards, output_folder

    with located(model) as folder:
        read_description(folder)
        found = find_shards(shards)
        with output_folder(out, model_digest(folder), precision):
            missing = missing_shards(found, out)
            results: list[ShardResult] = []
            if missing:
                tag = _tag_here if workers == "local" else _tag_on_spark
                results = list(tag(folder, missing, out, precision, master or f"local[{os.cpu_count()},{ATTEMPTS}]"))
    _report(results, len(found), len(missing), out)


def _report(results: "Sequence[ShardResult]", found: int, missing: int, out: Path) -> None:
    """Say what became of the shards. Raises ClickException if any was refused."""
    refused = [result for result in results if result.problem]
    for result in refused:
        echo(result.problem, err=True)
    echo(
        f"{out}: {len(results) - len(refused)} shards tagged "
        f"({sum(result.sentences for result in results):,} lines, {sum(result.words for result in results):,} words), "
        f"{found - missing} done before, {len(refused)} refused"
    )
    if refused:
        raise click.ClickException(f"{len(refused)} of {found} shards could not be tagged")


def _tag_here(
    model: Path, shards: Sequence[Path], out: Path, precision: DecodingPrecision, _: str
) -> "Iterator[ShardResult]":
    from tqdm import tqdm

    from ldnet.tagged_shards import tag_shard

    loaded = loaded_for_command(model, precision)
    for shard in tqdm(shards, desc="tagging", unit=" shards", disable=None):
        yield tag_shard(loaded, shard, out)


def _tag_on_spark(
    model: Path, shards: Sequence[Path], out: Path, precision: DecodingPrecision, master: str
) -> "Iterator[ShardResult]":
    from ldnet.mlflow_store import configure_mlflow

    configure_mlflow()
    from ldnet.adapters.mlflow_model import save_mlflow_model
    from ldnet.adapters.requests import check_tags
    from ldnet.adapters.spark import spark_session, tag_on_spark, tagging_function
    from ldnet.text.lexicon import Lexicon

    check_tags(Lexicon.load(model / "lexicon").tags, "leave --workers spark out")
    with tempfile.TemporaryDirectory() as scratch, spark_session(master) as session:
        save_mlflow_model(model, Path(scratch) / "model", precision)
        yield from tag_on_spark(session, tagging_function(session, Path(scratch) / "model"), shards, out)
