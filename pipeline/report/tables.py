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
    """The results table, how to read it, what pruning keeps (if the document says so), and the LM table."""
    kept = [gain_lines(document["comparison"])] if "comparison" in document else []
    return "\n".join([results_table(document), legend(document), *kept, lm_table(document)])


def results_table(document: Mapping[str, Any]) -> str:
    """The results as Markdown."""
    return markdown_table(*results_cells(document))


def results_cells(document: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and a row a tagger: F1, LM layers, cost, parameters, and the published results if there are any."""
    header = ["tagger", "test F1", "dev F1", "LM layers forward", "backward", "MACs per word (M)", "parameters (M)"]
    rows = [
        [*_scores(row), *_layers(document, row), millions(row["macs_per_word"]), millions(row["parameters"])]
        for row in document["rows"]
    ]
    if document["data"] in PUBLISHED:
        header += ["published test F1", "published MACs (M)"]
        rows = [cells + _published(document, row) for cells, row in zip(rows, document["rows"], strict=True)]
    return header, rows


def overview_table(documents: Sequence[Mapping[str, Any]]) -> str:
    """One Markdown table of several results: a row a profile and tagger."""
    header = [
        "profile", "tagger", "test F1", "dev F1", "LM layers: forward; backward", "MACs per word (M)",
        "published test F1", "published MACs (M)",
    ]  # fmt: skip
    rows = [
        [
            document["params"]["profile"],
            *_scores(row),
            "; ".join(_layers(document, row)),
            millions(row["macs_per_word"]),
            *_published(document, row),
        ]
        for document in documents
        for row in document["rows"]
    ]
    return markdown_table(header, rows)


def legend(*documents: Mapping[str, Any]) -> str:
    """What the numbers of the table of these results are, and what is compared with what."""
    params = {document["params"]["profile"]: document["params"] for document in documents}
    seeds = {profile: len(of["train_tagger"]["seeds"]) for profile, of in params.items()}
    spread = (
        "of one seed"
        if set(seeds.values()) == {1}
        else f"mean ± sample standard deviation over {_counted(seeds, 'seed')}"
    )
    sentences = [
        f"F1 of whole spans in percent, {spread}.",
        "Layers are counted from 0, the lowest.",
        "MACs are multiply-accumulates, without embeddings.",
    ]
    if any(document["data"] in PUBLISHED for document in documents):
        sentences.append(
            "Published: Liu et al. (2018), whose LM has 10 layers of 300 units, trained on a billion words."
        )
    sentences += _lessons(params)
    if at_one := [profile for profile, of in params.items() if of["train_pruned"]["start"] == "selection"]:
        where = "All" if len(at_one) == len(params) else f"In {', '.join(at_one)}, all"
        sentences.append(
            f"{where} seeds of the pruned tagger start from the one tagger that selection trained, so its standard "
            "deviation is too small."
        )
    sentences.append(
        "Language models were trained once and layers chosen once, so no standard deviation and no interval includes "
        "their spread."
    )
    return " ".join(sentences) + "\n"


def gain_lines(comparison: Mapping[str, Any]) -> str:
    """How much of the language models' gain and cost is left after pruning, which goals are missed, and the
    differences in test F1."""
    differences = "; ".join(
        f"{name} {signed(of_name['test_f1'])} ({interval(of_name)})"
        for key, name in DIFFERENCES.items()
        for of_name in [comparison["differences"][key]]
    )
    sentences = [_kept(comparison), *goal_sentences(comparison)]
    return (
        f"{' '.join(sentences)} Differences in test F1, with 95 % intervals over resampled sentences: {differences}.\n"
    )


def has_gain(comparison: Mapping[str, Any]) -> bool:
    """Whether all layers add to F1 beyond the chance of the test sentences, so that pruning can keep a share of it."""
    return bool(comparison["differences"]["full_minus_no_lm"]["test_f1_low"] > 0)


def no_share(comparison: Mapping[str, Any]) -> str:
    """Why no share of the gain is given."""
    gain = signed(comparison["differences"]["full_minus_no_lm"]["test_f1"])
    return f"The gain from all layers ({gain}) is not significantly above zero, so no share is given."


def goals_missed(comparison: Mapping[str, Any]) -> dict[str, bool]:
    """Whether pruning misses each goal that can be judged; without a gain, none on the gain can."""
    goals = comparison["goals"]
    kept = comparison["gain_kept"] if has_gain(comparison) else {}
    missed = {split: kept[split] < goals["gain_kept"] for split in ("test", "dev") if kept.get(split) is not None}
    return {**missed, "lm_macs": comparison["lm_macs_kept"] > goals["lm_macs_kept"]}


def goal_sentences(comparison: Mapping[str, Any]) -> list[str]:
    """The goals that are missed, or that none is."""
    goals, missed = comparison["goals"], goals_missed(comparison)
    gain = f"at least {100 * goals['gain_kept']:.0f} % of the gain"
    macs = f"at most {100 * goals['lm_macs_kept']:.0f} % of the MACs"
    on = [split for split in ("test", "dev") if missed.get(split)]
    sentences = [f"The goal of {gain} is missed on {' and '.join(on)}."] if on else []
    if missed["lm_macs"]:
        sentences.append(f"The goal of {macs} is missed.")
    if not sentences:
        met = f"Both goals are met: {gain}, {macs}" if has_gain(comparison) else f"The goal of {macs} is met"
        sentences.append(f"{met}.")
    return sentences


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


def _kept(comparison: Mapping[str, Any]) -> str:
    macs = f"{percent(comparison['lm_macs_kept'])} of the language models' MACs"
    if not has_gain(comparison):
        return f"{no_share(comparison)} The pruned tagger runs {macs}."
    kept, gain = comparison["gain_kept"], signed(comparison["differences"]["full_minus_no_lm"]["test_f1"])
    on_dev = "" if kept["dev"] is None else f" and {percent(kept['dev'])} on dev"
    return f"Pruning keeps {percent(kept['test'])} of the gain from all layers ({gain}) on test{on_dev}, with {macs}."


def _lessons(params: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What the pruned tagger learnt from and what the others did, by the parameters of each profile."""
    weights = {profile: of["soft_targets"]["weight"] for profile, of in params.items()}
    unlabelled = {profile: of["prepare_unlabelled"]["sentences"] for profile, of in params.items()}
    seeds = {profile: len(of["train_tagger"]["seeds"]) for profile, of in params.items()}
    teachers = f"the mean of {_counted(seeds, 'full tagger')}"
    sources = ["gold tags"]
    if any(weights.values()):
        sources.append(f"{teachers} (soft_targets.weight {_each(weights)})")
    if any(unlabelled.values()):
        taught_by = "those taggers" if any(weights.values()) else teachers
        sources.append(f"{_counted(unlabelled, 'unlabelled sentence')} that {taught_by} tagged")
    if len(sources) == 1:
        return ["All taggers learnt from gold tags alone."]
    return [
        f"The pruned tagger learnt from {', '.join(sources[:-1])} and {sources[-1]}.",
        "The other taggers learnt from gold tags alone.",
    ]


def _counted(numbers: Mapping[str, int], noun: str) -> str:
    """How many of something each profile has, as in `3 (conll2000) or 4 (demo) seeds`."""
    return f"{_each(numbers)} {noun}{'' if set(numbers.values()) == {1} else 's'}"


def _each(values: Mapping[str, float]) -> str:
    """The value that all profiles have, or each value with the profiles that have it."""
    having: dict[str, list[str]] = {}
    for profile, value in values.items():
        having.setdefault(f"{value:,}", []).append(profile)
    if len(having) == 1:
        return next(iter(having))
    return " or ".join(f"{value} ({', '.join(profiles)})" for value, profiles in having.items())


def _scores(row: Mapping[str, Any]) -> list[str]:
    spread = f" ± {row['test_f1_sd']:.2f}" if len(row["seeds"]) > 1 else ""
    return [NAMES[row["variant"]], f"{row['test_f1_mean']:.2f}{spread}", f"{row['dev_f1_mean']:.2f}"]


def _layers(document: Mapping[str, Any], row: Mapping[str, Any]) -> list[str]:
    """The layers kept, forward and backward."""
    layers = document["params"]["pretrain_lm"]["layers"]
    kept = [row["layers_kept"][direction] for direction in DIRECTIONS]
    return [f"all {layers}" if len(of) == layers else ", ".join(map(str, of)) or "none" for of in kept]


def _published(document: Mapping[str, Any], row: Mapping[str, Any]) -> list[str]:
    """F1 and cost that were published for these data; empty if there are none."""
    if document["data"] not in PUBLISHED:
        return ["", ""]
    point = PUBLISHED[document["data"]][row["variant"]]
    return [f"{point.f1_mean:.2f} ± {point.f1_sd:.2f}", f"{point.macs_per_word / 1e6:g}"]
