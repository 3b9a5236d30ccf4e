"""The results document, results/<profile>/results.json: made from metrics, and read again."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ldnet.errors import InputError, naming
from ldnet.files import read_json
from pipeline.report.measurements import DIRECTIONS, pick
from pipeline.report.results_schema import DocumentSchema, Row
from pipeline.six_taggers import TRAININGS, VARIANTS
from pipeline.validation import validated


def build_results(params: Mapping[str, Any], metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The document, without the git commit that publishing adds. F1 in percent, standard deviations of the sample.

    `params` are all of params.yaml, `metrics` all metrics files by name. Raises InputError for a missing metric.
    """
    return {
        "data": pick(params, "data"),
        "params": dict(params),
        "lm": {
            direction: {
                key: pick(metrics, f"pretrain_lm_{direction}.{key}") for key in ("heldout_perplexity", "tokens")
            }
            for direction in DIRECTIONS
        },
        "rows": [
            {key: pick(row, key) for key in Row.model_fields}
            for training in TRAININGS
            for row in evaluated_rows(metrics, training).values()
        ],
        "comparison": {training: pick(metrics, f"evaluate_{training}.comparison") for training in TRAININGS},
    }


def evaluated_rows(metrics: Mapping[str, Any], training: str) -> dict[str, Any]:
    """What was evaluated of each variant in this training. Raises InputError if a variant is missing."""
    rows = {pick(row, "variant"): row for row in pick(metrics, f"evaluate_{training}.rows")}
    if missing := [variant for variant in VARIANTS if variant not in rows]:
        found = ", ".join(rows) or "none"
        raise InputError(f"evaluate_{training}.rows: no row for the variant {missing[0]}; found {found}")
    return {variant: rows[variant] for variant in VARIANTS}


def read_results(path: Path) -> dict[str, Any]:
    """Read a results document. Raises InputError if what `DocumentSchema` names is missing or of another kind."""
    document = read_json(path)
    with naming(path):
        validated(DocumentSchema, document)
    return dict(document)


def only_pruned_was_taught(params: Mapping[str, Any]) -> bool:
    """Whether these are the parameters of a path, study or ablations from before every variant had both trainings.

    The pruned tagger was taught, and trained on from the one that selection left; the others had gold tags alone.
    """
    return "train_pruned" in params
