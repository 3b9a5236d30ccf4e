"""The MLflow model: no pickle, loadable without workspace and project, tags as the model folder does."""

import json
import os
import subprocess
import sys
from pathlib import Path

from ldnet.model_folder import load_model
from ldnet.text.tokenisation import split_words
from tests.serving_factories import make_lines, make_model, make_workspace, rename_tag

LOAD_AND_TAG = """
import importlib.util, json, sys
# As where this project is not installed.
sys.meta_path[:] = [finder for finder in sys.meta_path if "__editable__" not in getattr(finder, "__module__", "")]
assert importlib.util.find_spec("pipeline") is None
import mlflow, pandas as pd
model = mlflow.pyfunc.load_model(sys.argv[1])
tags = model.predict(pd.DataFrame({"text": json.loads(sys.argv[2])}))["tags"]
print(json.dumps({"tags": list(tags), "signature": str(model.metadata.signature.to_dict())}))
"""


def test_the_mlflow_model_tags_as_the_model_folder_does(tmp_path: Path) -> None:
    work, metrics = make_workspace(tmp_path)
    options = ["--work", work, "--metrics", metrics, "--out", tmp_path / "model", "--mlflow", tmp_path / "mlflow"]
    subprocess.run([sys.executable, "-m", "commands.export_model", *options], check=True)
    suffixes = {path.suffix for path in (tmp_path / "mlflow").rglob("*") if path.is_file()}
    assert not suffixes & {".pkl", ".pickle", ".pt", ".pyc"}
    lines = make_lines(20, 3)
    environment = {**os.environ, "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false", "MLFLOW_LOGGING_LEVEL": "ERROR"}
    environment.pop("PYTHONPATH", None)
    loaded = subprocess.run(
        [sys.executable, "-c", LOAD_AND_TAG, str(tmp_path / "mlflow"), json.dumps(lines)],
        cwd=tmp_path,  # from where the package `pipeline` cannot be imported
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(loaded.stdout.splitlines()[-1])
    expected = load_model(tmp_path / "model").tag([split_words(line) for line in lines])
    assert [tags.split() for tags in answer["tags"]] == expected
    assert '"name": "text"' in answer["signature"] and '"name": "tags"' in answer["signature"]
    assert json.loads((tmp_path / "mlflow" / "input_example.json").read_text("utf-8"))["columns"] == ["text"]


SAVE_AND_TAG = """
import json, sys
from pathlib import Path
from ldnet.mlflow_store import configure_mlflow
configure_mlflow()
import mlflow, pandas as pd
from ldnet.adapters.mlflow_model import save_mlflow_model
save_mlflow_model(Path(sys.argv[1]), Path(sys.argv[2]), "float32")
model, texts = mlflow.pyfunc.load_model(sys.argv[2]), pd.DataFrame({"text": json.loads(sys.argv[3])})
try:
    model.predict(texts)
except mlflow.MlflowException as error:
    refused = str(error)
spans = model.predict(texts, params={"format": "spans"})
print(json.dumps({"refused": refused, "tags": list(spans["tags"])}))
"""


def test_tags_with_blanks_are_answered_as_spans_alone(tmp_path: Path) -> None:
    """A string of them could not be taken apart."""
    model, lines = make_model(tmp_path), make_lines(9)
    rename_tag(model, "S-LOC", "S-work of art")
    arguments = [str(model), str(tmp_path / "mlflow"), json.dumps(lines)]
    done = subprocess.run([sys.executable, "-c", SAVE_AND_TAG, *arguments], capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["refused"].startswith("the model's tag 'S-work of art' has a blank in it")
    assert answer["refused"].endswith('ask for {"params": {"format": "spans"}}')
    assert answer["tags"] == load_model(model).tag([split_words(line) for line in lines])
