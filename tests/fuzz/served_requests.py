"""Requests to the served model, by the function of MLflow's server that answers them."""

import json
import logging
import warnings
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hypothesis import strategies as st

from ldnet.adapters.requests import SERVING_LIMITS
from ldnet.errors import InputError
from ldnet.model_folder import load_model_once
from ldnet.text.tokenisation import split_words
from tests.fuzz.cases import Case, InputClass
from tests.fuzz.mutations import Draw, mutated
from tests.imports import ROOT

with warnings.catch_warnings():  # MLflow warns of its own type hints
    warnings.simplefilter("ignore")
    from mlflow import MlflowException
    from mlflow.models import Model
    from mlflow.pyfunc import PyFuncModel
    from mlflow.pyfunc.model import _PythonModelPyfuncWrapper
    from mlflow.pyfunc.scoring_server import invocations

    from ldnet.adapters.mlflow_model import SIGNATURE, TextTagger

MODEL = ROOT / "tests" / "fixtures" / "model_version_1"
JSON = "application/json"
UNEXPECTED = "unexpected error"  # MLflow's words for an exception in the model
LINES = ["the cat saw Paris .", "", "Rome"]
TOKENS = ["inputs", "text", "params", "format", "spans", "tags", "null", "NaN", "1e999", "\\ud800", "[[", "{}"]


@cache
def starts() -> Mapping[str, bytes]:
    """All forms of requests that are understood."""
    rows = [{"text": line} for line in LINES]
    requests: dict[str, Any] = {
        "inputs.json": {"inputs": LINES},
        "columns.json": {"inputs": {"text": LINES}},
        "split.json": {"dataframe_split": {"columns": ["text"], "data": [[line] for line in LINES]}},
        "records.json": {"dataframe_records": rows},
        "instances.json": {"instances": rows},
        "spans.json": {"inputs": LINES, "params": {"format": "spans"}},
    }
    return {name: json.dumps(request).encode() for name, request in requests.items()}


@st.composite
def _lines(draw: Draw) -> Case:
    """Any texts, which must be tagged as the model does elsewhere."""
    texts = draw(st.lists(st.text(max_size=12), min_size=1, max_size=4))
    return Case("inputs.json", json.dumps({"inputs": texts}).encode(), texts)


def cases() -> st.SearchStrategy[Case]:
    """Any texts, and changed requests."""
    return st.one_of(_lines(), *[mutated(starts, TOKENS)] * 3)


@cache
def served() -> PyFuncModel:
    """The model as MLflow loads it, without the time that this takes."""
    tagger = TextTagger()
    config = {"precision": "float32", **vars(SERVING_LIMITS)}
    context = SimpleNamespace(artifacts={"model": str(MODEL)}, model_config=config)
    tagger.load_context(context)
    implementation = _PythonModelPyfuncWrapper(tagger, context, SIGNATURE)
    meta = Model(signature=SIGNATURE, flavors={"python_function": {"loader_module": "mlflow.pyfunc.model"}})
    return PyFuncModel(model_meta=meta, model_impl=implementation)


def read(case: Case, folder: Path) -> None:
    """Answer it. A refusal has a status of 4xx and a reason; an error of the model is none."""
    logging.disable(logging.WARNING)  # MLflow warns of what it ignores
    try:
        answer = invocations(case.content, JSON, served(), SIGNATURE.inputs)
    except MlflowException as error:
        assert 400 <= error.get_http_status_code() < 500 and UNEXPECTED not in error.message, error.message
        raise InputError((error.message.splitlines() or ["no reason"])[-1][:300]) from None
    finally:
        logging.disable(logging.NOTSET)
    assert answer.status == 200, answer.status
    found = json.loads(answer.response)["predictions"]
    if case.expected is not None:
        tags = load_model_once(MODEL, "float32").tag([split_words(text) for text in case.expected])
        assert [row["tags"] for row in found] == [" ".join(of_text) for of_text in tags]


CLASS = InputClass(name="requests to a served model", starts=starts, cases=cases, read=read, paths=False)
