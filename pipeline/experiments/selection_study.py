"""The study of selection: what each method keeps at each budget, and what the tagger scores that is left."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from ldnet.errors import naming
from ldnet.files import read_json
from pipeline.experiments.rows import (
    ENDS,
    MEASURED,
    SCORES,
    ends_in_words,
    experiment_row,
    of_selections,
    over_seeds,
    taught_then,
    with_spread,
)
from pipeline.experiments.study_points import TITLES, Choice
from pipeline.report.measurements import pick
from pipeline.report.results import only_pruned_was_taught
from pipeline.report.tables import kept_cells, markdown_table, millions

ROW_KEYS = (*MEASURED, "method", "draw", "max_layers", "values", "dev_f1_as_selected")
Row = Mapping[str, Any]


def study_row(choice: Choice, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The measurements of one method and budget; see `experiment_row`.

    `dev_f1_as_selected` is dev F1 of the tagger that selection left: trained with the gates, or the full one of the
    first seed without the closed layers.
    """
    return {
        "method": choice.method,
        "draw": choice.draw or None,
        "max_layers": choice.max_layers,
        "values": choice.values(),
        "dev_f1_as_selected": pick(metrics, "prune.dev_f1"),
        **experiment_row(choice, metrics),
    }


def study_document(params: Mapping[str, Any], rows: Sequence[Row], commit: str) -> dict[str, Any]:
    """All rows, and the ends, which are the same for all of them. `params` are all of params.yaml."""
    return {
        "data": pick(params, "data"),
        "git_commit": commit,
        "params": dict(params),
        "rows": [{key: value for key, value in row.items() if key != "ends"} for row in rows],
        "ends": rows[0]["ends"],
    }


def read_study(file: Path) -> dict[str, Any]:
    """Read a document. Raises InputError if a key is missing."""
    document = read_json(file)
    with naming(file):
        for key in ("params.profile", "params.train_tagger.seeds", "params.pretrain_lm.layers", "data"):
            pick(document, key)
        for variant in ENDS:
            for key in SCORES:
                pick(document, f"ends.{variant}.{key}")
        for row in pick(document, "rows"):
            if only_pruned_was_taught(document["params"]):  # the mean of the full taggers of all seeds
                row["dev_f1_as_selected"] = pick(row, "masked_dev_f1_mean")
            for key in ROW_KEYS:
                pick(row, key)
    return dict(document)


def by_budget(document: Mapping[str, Any]) -> dict[int, list[Row]]:
    """The rows of each budget, the best on dev first."""
    budgets = sorted({row["max_layers"] for row in document["rows"]})
    return {
        budget: sorted(
            (row for row in document["rows"] if row["max_layers"] == budget),
            key=lambda row: (-row["dev_f1_mean"], row["method"], row["draw"] or 0),
        )
        for budget in budgets
    }


def title(row: Row) -> str:
    """The method in words."""
    strength = row["values"].get("select.strength")
    draw = f", draw {row['draw']}" if row["draw"] else ""
    return TITLES[row["method"]] + draw + (f", strength {strength}" if strength else "")


def study_section(document: Mapping[str, Any]) -> str:
    """The table of one study, with the command that makes it."""
    profile = document["params"]["profile"]
    budgets = by_budget(document)
    header = [
        "method", "budget", "LM layers forward", "backward", "MACs per word (M)", "dev F1 as selected", "dev F1",
        "test F1", "budget reached by", "command",
    ]  # fmt: skip
    seeds = len(document["params"]["train_tagger"]["seeds"])
    cells = [_cells(row, seeds) for rows in budgets.values() for row in rows]
    if old := only_pruned_was_taught(document["params"]):  # their commands are gone with their stages
        header, cells = header[:-1], [of_row[:-1] for of_row in cells]
    table = markdown_table(header, cells)
    before_training = "the full taggers, the other layers closed" if old else "the tagger that selection left"
    against_chance = "".join(f"* {_against_chance(budget, rows)}\n" for budget, rows in budgets.items())
    return (
        f"**{profile}** ({_command(document)}[figure](study_{profile}.svg), "
        f"[all numbers](../results/study_{profile}.json))\n\n{table}\n"
        f"F1 of whole spans in percent, {over_seeds(seeds)}; layers are counted from 0, the lowest. As selected: "
        f"{before_training}, before any more training. For comparison, {ends_in_words(document['ends'])}."
        f"{of_selections(document['rows'])}{taught_then(document)}\n\n{against_chance}"
    )


def _against_chance(budget: int, rows: Sequence[Row]) -> str:
    """The method with the best dev F1, and what random layers give."""
    text = f"Budget {budget}: the best on dev is {title(rows[0])}, with test F1 {rows[0]['test_f1_mean']:.2f}"
    draws = [row["test_f1_mean"] for row in rows if row["method"] == "random"]
    if len(draws) < 2:
        return f"{text}."
    return f"{text}; random layers have {mean(draws):.2f} ± {stdev(draws):.2f}, over {len(draws)} draws."


def _command(document: Mapping[str, Any]) -> str:
    """What makes all of the document again, and a comma; nothing if its stages are gone."""
    if only_pruned_was_taught(document["params"]):
        return ""
    methods, budgets = (_distinct(row[key] for row in document["rows"]) for key in ("method", "max_layers"))
    found = _distinct(
        row["values"]["select.strength"] for row in document["rows"] if "select.strength" in row["values"]
    )
    strengths = f' STRENGTHS="{found}"' if found else ""
    return f'`make study NAME={document["params"]["profile"]} METHODS="{methods}" BUDGETS="{budgets}"{strengths}`, '


def _distinct(values: Iterable[Any]) -> str:
    return " ".join(map(str, dict.fromkeys(values)))


def _cells(row: Row, seeds: int) -> list[str]:
    return [
        title(row),
        str(row["max_layers"]),
        *kept_cells(row["layers_kept"]),
        millions(row["macs_per_word"]),
        f"{row['dev_f1_as_selected']:.2f}",
        with_spread(row["dev_f1_mean"], row["dev_f1_sd"], seeds),
        with_spread(row["test_f1_mean"], row["test_f1_sd"], seeds),
        row["budget_reached_by"],
        f"`{row['command']}`",
    ]
