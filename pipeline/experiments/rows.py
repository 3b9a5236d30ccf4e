"""What one experiment on the selection of layers measured."""

from collections.abc import Mapping, Sequence
from typing import Any

from ldnet.errors import InputError
from pipeline.experiments.points import Experiment
from pipeline.report.measurements import pick

ENDS = ("no_lm", "full")  # what selection chooses between
SCORES = ("dev_f1_mean", "test_f1_mean", "test_f1_sd", "macs_per_word")
MEASURED = (*SCORES, "layers_kept", "budget_reached_by", "dev_f1_sd", "command")  # keys of every row but its `ends`


def epochs_option(rows: Sequence[Mapping[str, Any]]) -> str:
    """EPOCHS=3, with a space before it, where the rows were made with it."""
    return f" EPOCHS={rows[0]['epochs']}" if rows[0].get("epochs") else ""


def experiment_row(experiment: Experiment, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The measurements of the pruned tagger, from the metrics files by name, the command that makes them again, and
    train_pruned.epochs if params.yaml has another value; `ends` are the rows of ENDS.

    F1 in percent, standard deviations of the sample of seeds. Raises InputError for a missing metric.
    """
    rows = {pick(row, "variant"): row for row in pick(metrics, "evaluate.rows")}
    if missing := [variant for variant in (*ENDS, "pruned") if variant not in rows]:
        raise InputError(f"evaluate.rows: no row for the variant {missing[0]}; found {', '.join(rows) or 'none'}")
    return {
        "layers_kept": pick(rows["pruned"], "layers_kept"),
        "budget_reached_by": pick(metrics, "select.budget_reached_by"),
        **{key: pick(rows["pruned"], key) for key in SCORES},
        "dev_f1_sd": pick(metrics, "train_pruned.dev_f1_sd"),
        "command": experiment.command(),
        "epochs": experiment.epochs or None,
        "ends": {variant: {key: pick(rows[variant], key) for key in SCORES} for variant in ENDS},
    }
