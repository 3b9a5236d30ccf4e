"""The exported tagger in MLflow: logged to the pipeline's run that measured it, and registered under a name."""

from dataclasses import dataclass
from pathlib import Path

import mlflow
from mlflow.entities import LoggedModelOutput

from ldnet.adapters.mlflow_model import model_parts
from ldnet.errors import InputError
from ldnet.model_description import read_description
from pipeline.exporting.model_card import card_text
from pipeline.tracking_store import PIPELINE_EXPERIMENT, TrackingError, connect, pipeline_run_after, within

TAGS = ("data", "profile", "tagger", "seed", "dev_f1", "test_f1", "export_commit")  # of a version, from model.json
MOST_CHARACTERS = 5000  # that MLflow keeps of a version's description
REGISTER_SECONDS = 600.0  # the longest that logging and registering a model takes in all


@dataclass(frozen=True)
class Registered:
    """A version of a registered model. `run` is the pipeline's run that it belongs to, if that is known."""

    name: str
    version: int
    run: str | None


def register_model(folder: Path, name: str, alias: str | None, stage: str, predictions: Path) -> Registered:
    """Log the model `folder` as an MLflow model and register it as a new version of `name`, which `alias` then means.

    `predictions` are the outputs of `stage`, which evaluated the tagger; the latest pipeline run that they belong to
    gets the model. The version has the model card as its description, and tags. Raises InputError if MLflow refuses
    something, cannot be reached, or has not done it in REGISTER_SECONDS.
    """

    def register() -> Registered:
        client, experiment = connect(PIPELINE_EXPERIMENT)
        mlflow.set_tracking_uri(client.tracking_uri)
        run = pipeline_run_after(client, experiment, stage, [predictions])
        logged = mlflow.initialize_logged_model(name, source_run_id=run, experiment_id=experiment)
        if run is not None:
            client.log_outputs(run, [LoggedModelOutput(logged.model_id, 0)])
        with model_parts(folder) as parts:
            info = mlflow.pyfunc.log_model(name=name, model_id=logged.model_id, registered_model_name=name, **parts)
        version, description = info.registered_model_version, read_description(folder)
        client.update_model_version(name, version, card_text(description)[:MOST_CHARACTERS])
        for tag in TAGS:
            client.set_model_version_tag(name, version, tag, str(description[tag]))
        if alias is not None:
            client.set_registered_model_alias(name, alias, version)
        return Registered(name, int(version), run)

    try:
        return within(REGISTER_SECONDS, register)
    except TrackingError as error:
        raise InputError(f"MLflow did not register {name!r}: {error}") from None
