"""The same tagging on Spark, through `mlflow.pyfunc.spark_udf`: a partition for each shard.

A partition whose worker dies is computed again from the start. Its output is keyed by shard and line and appears in one
step, so a second attempt, even one beside the first, brings neither loss nor duplicates. Workers need the folders of
the shards and of the outputs under the same paths as the driver (one machine, or a shared file system).
"""

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from shutil import make_archive, which
from typing import TYPE_CHECKING, Any

import pandas as pd

from ldnet.adapters.requests import NO_LIMITS
from ldnet.errors import InputError
from ldnet.tagged_shards import GROUP_LINES, Line, ShardResult, read_groups, write_shard
from ldnet.text.tokenisation import split_words

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PACKAGE = Path(__file__).parents[1]
# Of a shard (its position in the list) the lines, numbered from 1; then one row numbered END that closes it, with the
# reason if the shard cannot be read. Without it a shard is not complete.
ROW_COLUMNS = "shard long, line long, text string, problem string"
END = 0
RESULT_COLUMNS = "shard string, sentences long, words long, problem string"


@contextmanager
def spark_session(master: str) -> Iterator["SparkSession"]:
    """A session on `master`, such as local[2,4]: two cores, up to four attempts at a partition.

    Spark runs a worker for each core, and has torch compute with one thread in it (spark.task.cpus).
    """
    if not ("JAVA_HOME" in os.environ or which("java")):
        raise InputError("Spark needs Java 17 or later on the PATH, or JAVA_HOME; found neither")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # else workers would be the first python3 of the PATH
    from pyspark.sql import SparkSession

    options = {
        "spark.app.name": "tag_shards",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": str(sys.stderr.isatty()).lower(),
        # What `predict` gets at once: so many lines, however long they are.
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(GROUP_LINES),
        "spark.sql.execution.arrow.maxBytesPerBatch": str((1 << 31) - 1),
    }
    if master.startswith("local"):
        options |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    builder = SparkSession.builder.master(master)
    for name, value in options.items():
        builder = builder.config(name, value)
    with tempfile.TemporaryDirectory() as scratch, builder.getOrCreate() as session:
        # Workers, which may be on other machines, import this package too. They fetch it when they first need it.
        archive = make_archive(str(Path(scratch) / PACKAGE.name), "zip", PACKAGE.parent, PACKAGE.name)
        session.sparkContext.addPyFile(archive)
        yield session


def tagging_function(session: "SparkSession", mlflow_model: Path) -> Any:
    """A column of texts to one of tags, by the MLflow model at this path (see `ldnet.adapters.mlflow_model`)."""
    import mlflow

    return mlflow.pyfunc.spark_udf(
        session, str(mlflow_model), result_type="string", env_manager="local", model_config=asdict(NO_LIMITS)
    )


def tag_on_spark(session: "SparkSession", tag: Any, shards: Sequence[Path], out: Path) -> list[ShardResult]:
    """Tag the shards with a `tagging_function` and write their outputs; what became of each."""
    # Large shards first, so that no long one is left to the end.
    ordered = sorted((shard.resolve() for shard in shards), key=lambda shard: (-shard.stat().st_size, shard.name))
    with _workers(session, "files"):
        rows = session.range(0, len(ordered), 1, len(ordered)).mapInPandas(_reader(ordered), ROW_COLUMNS)
    with _workers(session, "tagging"):
        tagged = rows.withColumn("tags", tag("text"))
    with _workers(session, "files"):
        results = tagged.mapInPandas(_writer(ordered, out.resolve()), RESULT_COLUMNS)
    return [ShardResult(**row.asDict()) for row in results.collect()]


@contextmanager
def _workers(session: "SparkSession", kind: str) -> Iterator[None]:
    """Functions defined inside run in Python workers of this kind.

    Spark reuses a worker for any function with the same environment: without this, readers and writers of files would
    be given to tagging later on, and each would load the model as well.
    """
    environment = session.sparkContext.environment
    environment["TAG_SHARDS_WORKERS"] = kind
    yield
    del environment["TAG_SHARDS_WORKERS"]


def _reader(shards: Sequence[Path]) -> Any:
    """Frames of `id` (positions in `shards`) to frames of ROW_COLUMNS, group by group."""

    def read(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for frame in frames:
            for position in frame["id"]:
                problem = ""
                try:
                    for group in read_groups(shards[position]):
                        numbers, texts = zip(*group, strict=True)
                        yield pd.DataFrame({"shard": position, "line": numbers, "text": texts, "problem": ""})
                except InputError as error:
                    problem = str(error)
                yield pd.DataFrame({"shard": [position], "line": [END], "text": [""], "problem": [problem]})

    return read


def _writer(shards: Sequence[Path], out: Path) -> Any:
    """Frames of ROW_COLUMNS and tags to a frame of the result of each shard, written on the way."""

    def lines(rows: Iterator[Any]) -> Iterator[Line]:
        for row in rows:
            if row.line == END and row.problem:
                raise InputError(row.problem)
            if row.line == END:
                return
            yield Line(row.line, row.text, split_words(row.tags))
        raise RuntimeError("the rows of a shard ended before their end was announced")

    def write(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        rows = (row for frame in frames for row in frame.itertuples(index=False))
        for position, of_shard in groupby(rows, key=lambda row: row.shard):
            yield pd.DataFrame([asdict(write_shard(shards[position], out, lines(of_shard)))])

    return write
