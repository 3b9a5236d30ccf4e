"""The exported tagger as an MLflow model: a column `text` with one tokenised sentence a row to a column `tags`.

"Models from code": MLflow copies this file into the model and executes it wherever the model is loaded, so nothing is
pickled. The model carries the `ldnet` package, and needs the packages in its requirements.
"""

import gc
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow import MlflowException
from mlflow.models import ModelSignature
from mlflow.pyfunc.model import PythonModel, PythonModelContext
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import AnyType

from ldnet.adapters.requests import SERVING_LIMITS, RequestLimits, check_tags, check_texts
from ldnet.decoding.precision import PRECISIONS, DecodingPrecision
from ldnet.errors import InputError
from ldnet.model_description import read_description
from ldnet.model_folder import load_model_once
from ldnet.printable import quoted
from ldnet.text.tokenisation import split_words

PACKAGE = Path(__file__).parents[1]
# What this module and all that it needs of the package import; a test reads it from the sources.
REQUIREMENTS = ("mlflow", "nltk", "numba", "numpy", "pandas", "safetensors", "torch")
FORMATS = ("tags", "spans")
CONFIGURATION = {"precision": "float32", **asdict(SERVING_LIMITS)}
EXAMPLE = pd.DataFrame({"text": ["The cat sat on the mat .", ""]})
# The column is declared as of any type, and `predict` checks it: MLflow turns values of a text column into text before
# anybody sees them, so that null would be tagged as the word "None".
SIGNATURE = ModelSignature(
    Schema([ColSpec(AnyType(), "text")]),  # type: ignore[no-untyped-call]
    Schema([ColSpec(DataType.string, "tags")]),
    ParamSchema([ParamSpec("format", DataType.string, FORMATS[0])]),
)


class TextTagger(PythonModel):
    """IOBES tags, separated by spaces, of each row's words, which ASCII white space separates; or spans on request."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the model folder, if this process has not loaded it yet."""
        config = context.model_config
        if unknown := sorted(set(config) - CONFIGURATION.keys()):
            expected = f"one of {', '.join(CONFIGURATION)}"
            raise InputError(f"model configuration: expected {expected}, found {quoted(unknown[0])}")
        if config["precision"] not in PRECISIONS:
            expected = f"one of {', '.join(PRECISIONS)}"
            raise InputError(
                f"model configuration: precision: expected {expected}, found {quoted(repr(config['precision']))}"
            )
        self.limits = RequestLimits.configured(config)
        self.model = load_model_once(Path(context.artifacts["model"]), config["precision"])
        gc.freeze()  # the vocabularies stay: the collector need not look through them again and again

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """The column `tags` for the column `text`; with the format "spans" the fields of `AnnotatedText` as columns.

        Raises MlflowException, which a server answers with status 400, for a request that `check_texts` refuses, and
        for tags where `check_tags` does.
        """
        try:
            form = (params or {}).get("format", FORMATS[0])
            if form not in FORMATS:
                raise InputError(f"params: format: expected one of {', '.join(FORMATS)}, found {quoted(str(form))}")
            texts = check_texts(_texts(model_input), self.limits)
            if form == "tags":
                check_tags(self.model.bulk.lexicon.tags, 'ask for {"params": {"format": "spans"}}')
        except InputError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from None
        if form == "spans":
            return pd.DataFrame([found.to_json() for found in self.model.annotate(texts, tokenised=True)])
        tags = self.model.tag([split_words(text) for text in texts])
        index = model_input.index if len(model_input) == len(texts) else None
        return pd.DataFrame({"tags": [" ".join(of_sentence) for of_sentence in tags]}, index=index)


def _texts(model_input: pd.DataFrame) -> list[object]:
    """The values of the column; or what is in the list of a single row: so MLflow hands over {"inputs": [...]}."""
    values = model_input["text"].tolist()
    return values[0] if len(values) == 1 and isinstance(values[0], list) else values


def save_mlflow_model(
    folder: Path, out: Path, precision: DecodingPrecision = "float32", code: Path = Path(__file__)
) -> None:
    """Write the model `folder` as an MLflow model to `out`, whose code is the file `code`. Raises InputError."""
    with model_parts(folder, precision, code) as parts:
        mlflow.pyfunc.save_model(path=str(out), **parts)


@contextmanager
def model_parts(
    folder: Path, precision: DecodingPrecision = "float32", code: Path = Path(__file__)
) -> Iterator[Mapping[str, Any]]:
    """What MLflow is to be given of the model `folder`, to save or to log it. Raises InputError."""
    read_description(folder)
    with tempfile.TemporaryDirectory() as scratch:
        package = Path(scratch) / PACKAGE.name
        shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__", "*.zip"))
        yield {
            "python_model": str(code),
            "artifacts": {"model": str(folder.resolve())},
            "code_paths": [str(package)],
            "model_config": {**CONFIGURATION, "precision": precision},
            "signature": SIGNATURE,
            "input_example": EXAMPLE,
            "pip_requirements": [f"{name}=={public_version(name)}" for name in REQUIREMENTS],
        }


def public_version(distribution: str) -> str:
    """The installed version as package indexes have it: without a local part, such as +cpu of torch's CPU wheels."""
    return version(distribution).partition("+")[0]


mlflow.models.set_model(TextTagger())
