"""The product's MLflow model, but the first process that is given the word MARKER kills itself (models from code)."""

import os
import signal
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc.model import PythonModelContext

from ldnet.adapters.mlflow_model import TextTagger

MARKER = "<kill>"


class KilledOnce(TextTagger):
    """Kills its process at the marker, unless the file named in KILLED_FLAG says that this has happened."""

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """The tags, or no return."""
        flag = Path(os.environ["KILLED_FLAG"])
        if MARKER in set(model_input["text"]) and not flag.exists():
            flag.write_text(str(os.getpid()), encoding="utf-8")
            os.kill(os.getpid(), signal.SIGKILL)
        return super().predict(context, model_input, params)


mlflow.models.set_model(KilledOnce())
