"""The results document: one schema for every results/<profile>.json."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ldnet.errors import InputError
from ldnet.files import read_json
from pipeline.report.measurements import DIRECTIONS, pick

# The taggers, and what the metrics files of their training are called.
VARIANTS = {"no_lm": "train_tagger_no_lm", "full": "train_tagger_full", "pruned": "train_pruned"}
ROW_KEYS = (
    "variant",
    "seeds",
    "test_f1",
    "test_f1_mean",
    "test_f1_sd",
    "dev_f1_mean",
    "macs_per_word",
    "parameters",
    "layers_kept",
)
# Measured later: documents of before do not have them, and their cells are blank.
ADDED_ROW_KEYS = ("test_f1_int8",)


def build_results(params: Mapping[str, Any], metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The document, without the git commit that publishing adds. F1 in percent, standard deviations of the sample.

    `params` are all of params.yaml, `metrics` all metrics files by name. Raises InputError for a missing metric.
    """
    rows = {
        pick(row, "variant"): {key: pick(row, key) for key in (*ROW_KEYS, *ADDED_ROW_KEYS)}
        for row in pick(metrics, "evaluate.rows")
    }
    if missing := [variant for variant in VARIANTS if variant not in rows]:
        raise InputError(f"evaluate.rows: no row for the variant {missing[0]}; found {', '.join(rows) or 'none'}")
    return {
        "data": pick(params, "data"),
        "params": dict(params),
        "lm": {
            direction: {
                key: pick(metrics, f"pretrain_lm_{direction}.{key}") for key in ("heldout_perplexity", "tokens")
            }
            for direction in DIRECTIONS
        },
        "rows": [rows[variant] for variant in VARIANTS],
        "comparison": pick(metrics, "evaluate.comparison"),
    }


def read_results(path: Path) -> dict[str, Any]:
    """Read a results document, with None for what was not measured yet when it was made.

    Raises InputError if any other key is missing; only the comparison may be.
    """
    document = read_json(path)
    try:
        pick(document, "params.profile")
        pick(document, "params.pretrain_lm.layers")
        pick(document, "data")
        for direction in DIRECTIONS:
            pick(document, f"lm.{direction}.heldout_perplexity")
            pick(document, f"lm.{direction}.tokens")
        for row in pick(document, "rows"):
            for key in ROW_KEYS:
                pick(row, key)
            row.update({key: row.get(key) for key in ADDED_ROW_KEYS})
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return dict(document)
