"""`python -m tests.spark_killed_worker MODEL IN OUT`: tag a folder on Spark, where one worker is killed on the way."""

import sys
import tempfile
from pathlib import Path

from ldnet.adapters.mlflow_model import save_mlflow_model
from ldnet.adapters.spark import spark_session, tag_on_spark, tagging_function
from ldnet.tagged_shards import find_shards
from tests.ldnet import killed_once

if __name__ == "__main__":
    model, shards, out = map(Path, sys.argv[1:])
    out.mkdir()
    with tempfile.TemporaryDirectory() as scratch, spark_session("local[2,4]") as session:
        save_mlflow_model(model, Path(scratch) / "model", code=Path(killed_once.__file__))
        tag_on_spark(session, tagging_function(session, Path(scratch) / "model"), find_shards(shards), out)
