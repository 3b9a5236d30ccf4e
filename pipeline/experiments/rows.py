"""What one experiment on the selection of layers measured, and how tables say it."""

from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.experiments.points import TRAINING, Experiment
from pipeline.report.measurements import pick
from pipeline.report.results import evaluated_rows, only_pruned_was_taught
from pipeline.report.tables import NAMES, millions
from pipeline.six_taggers import metrics_name

ENDS = ("no_lm", "full")  # what selection chooses between
SCORES = ("dev_f1_mean", "test_f1_mean", "test_f1_sd", "macs_per_word")
MEASURED = (*SCORES, "layers_kept", "budget_reached_by", "dev_f1_sd", "command")  # keys of every row but its `ends`


def experiment_row(experiment: Experiment, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The measurements of the pruned tagger, from the metrics files by name, and the command that makes them again;
    `ends` are the rows of ENDS.

    F1 in percent, standard deviations of the sample of seeds. Raises InputError for a missing metric.
    """
    rows = evaluated_rows(metrics, TRAINING)
    return {
        "layers_kept": pick(rows["pruned"], "layers_kept"),
        "layers_kept_again": pick(rows["pruned"], "layers_kept_again"),
        "budget_reached_by": pick(metrics, "select.budget_reached_by"),
        **{key: pick(rows["pruned"], key) for key in SCORES},
        "dev_f1_sd": pick(metrics, f"{metrics_name('pruned', TRAINING)}.dev_f1_sd"),
        "command": experiment.command(),
        "ends": {variant: {key: pick(rows[variant], key) for key in SCORES} for variant in ENDS},
    }


def with_spread(mean: float, deviation: float, seeds: int) -> str:
    """A mean with its standard deviation, which one seed has not."""
    return f"{mean:.2f} ± {deviation:.2f}" if seeds > 1 else f"{mean:.2f}"


def over_seeds(seeds: int) -> str:
    """What the numbers of `with_spread` are."""
    return f"mean ± sample standard deviation over {seeds} seeds" if seeds > 1 else "of one seed"


def ends_in_words(ends: Mapping[str, Mapping[str, Any]]) -> str:
    """F1 and cost of what selection chooses between, in this order."""
    return "; ".join(
        f"{NAMES[variant]}: dev F1 {end['dev_f1_mean']:.2f}, test F1 {end['test_f1_mean']:.2f} at "
        f"{millions(end['macs_per_word'])} M MACs"
        for variant, end in ends.items()
    )


def of_selections(rows: Iterable[Mapping[str, Any]]) -> str:
    """What is of the first selection and what of all, where layers were selected more than once; else nothing."""
    most = max(len(row.get("layers_kept_again", ())) for row in rows) + 1
    if most == 1:
        return ""
    return (
        f" Layers were selected {most} times, from another full tagger each time, and the pruned taggers take turns: "
        "F1 and MACs are means over all of them; layers and what reached the budget are those of the first selection."
    )


def taught_then(document: Mapping[str, Any]) -> str:
    """What a document says if its points were not yet trained as their ends are; nothing otherwise."""
    if not only_pruned_was_taught(document["params"]):
        return ""
    return " The pruned taggers were taught here, the ends were not: compare pruned taggers with each other only."
