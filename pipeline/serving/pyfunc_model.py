"""The exported tagger as an MLflow model: a column `text` with one tokenised sentence a row to a column `tags`.

"Models from code": MLflow copies this file into the model and executes it wherever the model is loaded, so nothing is
pickled. The model carries the `pipeline` package, and needs the packages in its requirements.
"""

import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.pyfunc.model import PythonModel, PythonModelContext
from mlflow.types import ColSpec, DataType, Schema

from pipeline.language_model.packed_lstm import DecodingPrecision
from pipeline.serving.model_folder import load_model_once, read_description
from pipeline.serving.shards import split_words

PACKAGE = Path(__file__).parents[1]
REQUIREMENTS = ("mlflow", "numpy", "pandas", "safetensors", "torch", "tqdm")  # what the package imports to tag
EXAMPLE = pd.DataFrame({"text": ["The cat sat on the mat .", ""]})
SIGNATURE = ModelSignature(
    Schema([ColSpec(DataType.string, "text")]),
    Schema([ColSpec(DataType.string, "tags")]),
)


class TextTagger(PythonModel):
    """IOBES tags, separated by spaces, of each row's words, which ASCII white space separates."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the model folder, if this process has not loaded it yet."""
        self.model = load_model_once(Path(context.artifacts["model"]), context.model_config["precision"])

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """The column `tags` for the column `text`."""
        tags = self.model.tag([split_words(text) for text in model_input["text"]])
        return pd.DataFrame({"tags": [" ".join(of_sentence) for of_sentence in tags]}, index=model_input.index)


def save_mlflow_model(
    folder: Path, out: Path, precision: DecodingPrecision = "float32", code: Path = Path(__file__)
) -> None:
    """Write the model `folder` as an MLflow model to `out`, whose code is the file `code`. Raises InputError."""
    read_description(folder)
    with tempfile.TemporaryDirectory() as scratch:
        package = Path(scratch) / PACKAGE.name
        shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
        mlflow.pyfunc.save_model(
            path=str(out),
            python_model=str(code),
            artifacts={"model": str(folder.resolve())},
            code_paths=[str(package)],
            model_config={"precision": precision},
            signature=SIGNATURE,
            input_example=EXAMPLE,
            pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
        )


mlflow.models.set_model(TextTagger())
