"""Results as Markdown tables."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.report.measurements import DIRECTIONS
from pipeline.report.paper_results import PUBLISHED

NAMES = {"no_lm": "without LM", "full": "all LM layers", "pruned": "pruned"}
DIFFERENCES = {
    "pruned_minus_full": f"{NAMES['pruned']} minus {NAMES['full']}",
    "pruned_minus_no_lm": f"{NAMES['pruned']} minus {NAMES['no_lm']}",
    "full_minus_no_lm": f"{NAMES['full']} minus {NAMES['no_lm']}",
}


def tables(document: Mapping[str, Any]) -> str:
    """The results table, what its columns mean, what pruning keeps (if the document says so), and the LM table."""
    kept = [gain_lines(document["comparison"])] if "comparison" in document else []
    return "\n".join([results_table(document), legend(document), *kept, lm_table(document)])


def results_table(document: Mapping[str, Any]) -> str:
    """The results as Markdown."""
    return markdown_table(*results_cells(document))


def results_cells(document: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and a row a tagger: F1, LM layers, cost, parameters, and the published results if there are any."""
    published = PUBLISHED.get(document["data"], {})
    header = ["tagger", "test F1", "dev F1", "LM layers forward", "backward", "MACs per word (M)", "parameters (M)"]
    rows = [_cells(row, document["params"]["pretrain_lm"]["layers"]) for row in document["rows"]]
    if published:
        header += ["published test F1", "published MACs (M)"]
        for cells, row in zip(rows, document["rows"], strict=True):
            point = published[row["variant"]]
            cells += [f"{point.f1_mean:.2f} ± {point.f1_sd:.2f}", f"{point.macs_per_word / 1e6:g}"]
    return header, rows


def legend(document: Mapping[str, Any]) -> str:
    """What the numbers of the results table are."""
    seeds = sorted({seed for row in document["rows"] for seed in row["seeds"]})
    spread = (
        f"mean ± sample standard deviation over seeds {', '.join(map(str, seeds))}" if len(seeds) > 1 else "one seed"
    )
    text = (
        f"F1 of whole spans in percent ({spread}); layers are counted from 0, the lowest; "
        "MACs are multiply-accumulates, without embeddings."
    )
    if document["data"] in PUBLISHED:
        text += " Published: Liu et al. (2018), whose LM has 10 layers of 300 units, trained on a billion words."
    return text + "\n"


def gain_lines(comparison: Mapping[str, Any]) -> str:
    """How much of the language models' gain and cost is left after pruning, and the differences in test F1."""
    differences = "; ".join(
        f"{name} {signed(of_name['test_f1'])} ({interval(of_name)})"
        for key, name in DIFFERENCES.items()
        for of_name in [comparison["differences"][key]]
    )
    kept, goals = comparison["gain_kept"], comparison["goals"]
    gain = comparison["differences"]["full_minus_no_lm"]
    caveat = ""
    if gain["test_f1_low"] <= 0:
        caveat = f"What all layers add, {signed(gain['test_f1'])}, is not told from 0, so its share says little. "
    return (
        f"Pruning keeps {percent(kept['test'])} of the F1 that the language models add on test "
        f"({percent(kept['dev'])} on dev), with {percent(comparison['lm_macs_kept'])} of their MACs; "
        f"the goal is at least {100 * goals['gain_kept']:.0f} % with at most {100 * goals['lm_macs_kept']:.0f} %. "
        f"{caveat}Differences in test F1, with 95 % intervals over resampled sentences: {differences}.\n"
    )


def interval(difference: Mapping[str, Any]) -> str:
    """The interval of a difference in test F1."""
    return f"{signed(difference['test_f1_low'])} to {signed(difference['test_f1_high'])}"


def signed(value: float) -> str:
    """A difference to two places, always with its sign."""
    return f"{value:+.2f}"


def percent(share: float | None) -> str:
    """A share in percent; it has no value where there is nothing to share."""
    return "no share" if share is None else f"{100 * share:.1f} %"


def lm_table(document: Mapping[str, Any]) -> str:
    """The language models as Markdown."""
    return markdown_table(*lm_cells(document))


def lm_cells(document: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and a row a direction: held-out perplexity and tokens."""
    rows = [
        [
            direction,
            f"{document['lm'][direction]['heldout_perplexity']:.2f}",
            f"{document['lm'][direction]['tokens']:,}",
        ]
        for direction in DIRECTIONS
    ]
    return ["language model", "held-out perplexity", "tokens trained on"], rows


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; columns whose cells all start with a digit, maybe after a sign, are right-aligned.

    Empty cells do not count, but a column of them alone is left as it is.
    """
    columns = [[row[i] for row in rows if row[i]] for i in range(len(header))]
    numbers = [bool(cells) and all(cell.lstrip("+-")[:1].isdigit() for cell in cells) for cells in columns]
    lines = [header, ["---:" if number else "---" for number in numbers], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def millions(count: float) -> str:
    """A count in millions, to three significant digits."""
    value = count / 1e6
    digits = 2 - math.floor(math.log10(value)) if value > 0 else 0
    return f"{value:.{max(0, digits)}f}"


def _cells(row: Mapping[str, Any], layers: int) -> list[str]:
    spread = f" ± {row['test_f1_sd']:.2f}" if len(row["seeds"]) > 1 else ""
    return [
        NAMES[row["variant"]],
        f"{row['test_f1_mean']:.2f}{spread}",
        f"{row['dev_f1_mean']:.2f}",
        *(_layers(row["layers_kept"][direction], layers) for direction in DIRECTIONS),
        millions(row["macs_per_word"]),
        millions(row["parameters"]),
    ]


def _layers(kept: Sequence[int], layers: int) -> str:
    if len(kept) == layers:
        return f"all {layers}"
    return ", ".join(map(str, kept)) or "none"
