"""Results as Markdown tables.

Taggers of one training stand in one column. Gains, shares and intervals are said of one training each.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.report.measurements import DIRECTIONS
from pipeline.report.paper_results import PUBLISHED
from pipeline.six_taggers import TRAININGS, VARIANTS

NAMES = {"no_lm": "without LM", "full": "all LM layers", "pruned": "pruned"}
TRAINED = {"gold": "On gold tags", "taught": "Taught"}  # how a sentence on one training begins
DIFFERENCES = {
    "pruned_minus_full": f"{NAMES['pruned']} minus {NAMES['full']}",
    "pruned_minus_no_lm": f"{NAMES['pruned']} minus {NAMES['no_lm']}",
    "full_minus_no_lm": f"{NAMES['full']} minus {NAMES['no_lm']}",
}
TEST_SCORES, DEV_SCORES = ([f"{split} F1, {training}" for training in TRAININGS] for split in ("test", "dev"))
Comparisons = Mapping[str, Mapping[str, Any]]  # by training


def tables(document: Mapping[str, Any]) -> str:
    """The results table, how to read it, what pruning keeps, and the LM table."""
    kept = gain_lines(document["comparison"])
    return "\n".join([results_table(document), legend(document), kept, lm_table(document)])


def results_table(document: Mapping[str, Any]) -> str:
    """The results as Markdown."""
    return markdown_table(*results_cells(document))


def results_cells(document: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and a row a variant: F1 of each training, LM layers, cost, parameters, published results if there are any.

    The trainings of a variant differ in F1 alone.
    """
    header = [
        "tagger",
        *TEST_SCORES,
        *DEV_SCORES,
        "LM layers forward",
        "backward",
        "MACs per word (M)",
        "parameters (M)",
    ]
    header += ["published test F1", "published MACs (M)"] if document["data"] in PUBLISHED else []
    rows = []
    for variant, of_variant in _by_variant(document).items():
        row = next(iter(of_variant.values()))
        cells = [*_layers(document, row), millions(row["macs_per_word"]), millions(row["parameters"])]
        cells += _published(document, variant) if document["data"] in PUBLISHED else []
        rows.append([NAMES[variant], *_test_scores(of_variant), *_dev_scores(of_variant), *cells])
    return header, rows


def overview_table(documents: Sequence[Mapping[str, Any]]) -> str:
    """One Markdown table of several results, short: a row a profile and variant, without dev F1."""
    header = [
        "profile", "tagger", *TEST_SCORES, "LM layers: forward; backward", "MACs per word (M)",
        "published: test F1; MACs (M)",
    ]  # fmt: skip
    rows = []
    for document in documents:
        for variant, of_variant in _by_variant(document).items():
            row = next(iter(of_variant.values()))
            published = "; ".join(filter(None, _published(document, variant)))
            cells = ["; ".join(_layers(document, row)), millions(row["macs_per_word"]), published]
            rows.append([document["params"]["profile"], NAMES[variant], *_test_scores(of_variant), *cells])
    return markdown_table(header, rows)


def legend(*documents: Mapping[str, Any]) -> str:
    """What the numbers of the table of these results are, and what may be compared with what."""
    return " ".join(legend_parts(*documents)) + "\n"


def legend_parts(*documents: Mapping[str, Any]) -> list[str]:
    """The legend: what the numbers are, what the two trainings are, what was chosen once."""
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
            "Published: Liu et al. (2018), on gold tags, with an LM of 10 layers of 300 units, trained on a billion "
            "words."
        )
    within = "Compare F1 within a column: between columns, teachers and text differ as well."
    parts = [sentences, [_lessons(params), within], _selections(documents)]
    return [" ".join(part) for part in parts]


def _selections(documents: Sequence[Mapping[str, Any]]) -> list[str]:
    """How often layers were selected; if there is one document, also what the other selections kept."""
    again = {}  # the same in both trainings
    for document in documents:
        for row in document["rows"]:
            if row["layers_kept_again"]:
                again[document["params"]["profile"]] = (row["layers_kept"], row["layers_kept_again"])
    sentences: list[str] = []
    if again:
        times = _counted({profile: len(others) + 1 for profile, (_, others) in again.items()}, "time")
        shown = (
            _shown_selection(*next(iter(again.values())))
            if len(documents) == 1
            else "the table shows the first selection"
        )
        sentences.append(
            f"In {' and '.join(again)}, layers were selected {times}, from another full tagger each time, and the "
            f"pruned taggers take turns; {shown}."
        )
    once = [profile for document in documents if (profile := document["params"]["profile"]) not in again]
    where = f" in {' and '.join(once)}" if again else ""
    chosen = f" and layers{where} chosen once" if once else ""
    rest = f"Language models were trained once{chosen}, so no standard deviation and no interval includes their spread."
    return [*sentences, rest]


def _shown_selection(first: Mapping[str, Sequence[int]], others: Sequence[Mapping[str, Sequence[int]]]) -> str:
    """Which selection the table shows, and what the others kept."""
    if all(layers == first for layers in others):
        return "all selections kept the same layers"
    kept = " and ".join("; ".join(kept_cells(layers)) for layers in others)
    return f"the table shows the first selection, and the others kept {kept}"


def gain_lines(comparisons: Comparisons) -> str:
    """For each training, how much of the language models' gain is left after pruning, and the differences in test F1;
    how much of their cost is left; and which goals are missed."""
    sentences = [f"{_kept(training, of)} {_differences(of)}" for training, of in comparisons.items()]
    return " ".join([*sentences, _cost(comparisons), "Intervals: 95 %, over resampled test sentences."]) + "\n"


def _cost(comparisons: Comparisons) -> str:
    first = next(iter(comparisons.values()))
    goal = f"at most {100 * first['goals']['lm_macs_kept']:.0f} % of the MACs"
    return (
        f"The pruned taggers run {percent(first['lm_macs_kept'])} of the language models' MACs. The goal of {goal} is "
        f"{outcome(misses_macs(comparisons))}."
    )


def has_gain(comparison: Mapping[str, Any]) -> bool:
    """Whether all layers add to F1 beyond the chance of the test sentences; if not, `compare` gave no share of it."""
    return comparison["gain_kept"] is not None


def gain_missed(comparison: Mapping[str, Any]) -> dict[str, bool]:
    """Whether pruning misses the goal on the gain, for each split on which there is a share."""
    if not has_gain(comparison):
        return {}
    kept, goal = comparison["gain_kept"], comparison["goals"]["gain_kept"]
    return {split: kept[split] < goal for split in ("test", "dev") if kept[split] is not None}


def misses_macs(comparisons: Comparisons) -> bool:
    """Whether pruning misses the goal on the cost, which no training changes."""
    first = next(iter(comparisons.values()))
    return bool(first["lm_macs_kept"] > first["goals"]["lm_macs_kept"])


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


def kept_cells(layers_kept: Mapping[str, Sequence[int]]) -> list[str]:
    """The layers kept, forward and backward."""
    return [", ".join(map(str, layers_kept[direction])) or "none" for direction in DIRECTIONS]


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


def _kept(training: str, comparison: Mapping[str, Any]) -> str:
    """What pruning keeps of the gain in this training, and whether that is enough; or why no share is given."""
    gain = signed(comparison["differences"]["full_minus_no_lm"]["test_f1"])
    if not has_gain(comparison):
        return f"{TRAINED[training]}, the gain from all layers ({gain}) is not significant, so no share is given."
    kept, missed = comparison["gain_kept"], gain_missed(comparison)
    on_dev = f" and {percent(kept['dev'])} on dev" if "dev" in missed else ""
    on = [split for split in missed if missed[split]]
    goal = f"at least {100 * comparison['goals']['gain_kept']:.0f} %"
    return (
        f"{TRAINED[training]}, pruning keeps {percent(kept['test'])} of the gain from all layers ({gain}) on test"
        f"{on_dev}: the goal of {goal} is {outcome(bool(on))}{' on ' + ' and '.join(on) if on else ''}."
    )


def outcome(missed: bool) -> str:
    """What a goal is called: met or missed."""
    return "missed" if missed else "met"


def _differences(comparison: Mapping[str, Any]) -> str:
    """The differences in test F1, with their intervals."""
    differences = {name: comparison["differences"][key] for key, name in DIFFERENCES.items()}
    found = [f"{name} {signed(of_name['test_f1'])} ({interval(of_name)})" for name, of_name in differences.items()]
    return f"Differences in test F1: {'; '.join(found)}."


def _lessons(params: Mapping[str, Mapping[str, Any]]) -> str:
    """What gold and taught taggers learnt from, by the parameters of each profile."""
    weights = {profile: of["soft_targets"]["weight"] for profile, of in params.items()}
    unlabelled = {profile: of["prepare_unlabelled"]["sentences"] for profile, of in params.items()}
    seeds = {profile: len(of["train_tagger"]["seeds"]) for profile, of in params.items()}
    teachers = f"the mean of {_counted(seeds, 'full gold tagger')}"
    sources = []
    if any(weights.values()):
        sources.append(f"from {teachers} (soft_targets.weight {_each(weights)})")
    if any(unlabelled.values()):
        taught_by = "those taggers" if any(weights.values()) else teachers
        sources.append(f"from {_counted(unlabelled, 'unlabelled sentence')} that {taught_by} tagged")
    taught = f"also {' and '.join(sources)}" if sources else "from the same"
    return f"Gold taggers learnt from gold tags alone, taught ones {taught}."


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


def _by_variant(document: Mapping[str, Any]) -> dict[str, dict[str, Mapping[str, Any]]]:
    """The rows by variant and training."""
    found: dict[str, dict[str, Mapping[str, Any]]] = {variant: {} for variant in VARIANTS}
    for row in document["rows"]:
        found[row["variant"]][row["training"]] = row
    return {variant: of_variant for variant, of_variant in found.items() if of_variant}


def _test_scores(of_variant: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Test F1 of each training; blank where a variant was not trained so."""
    return [_test_f1(of_variant[training]) if training in of_variant else "" for training in TRAININGS]


def _dev_scores(of_variant: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Dev F1 of each training; blank where a variant was not trained so."""
    rows = [of_variant.get(training) for training in TRAININGS]
    return [f"{row['dev_f1_mean']:.2f}" if row else "" for row in rows]


def _test_f1(row: Mapping[str, Any]) -> str:
    spread = f" ± {row['test_f1_sd']:.2f}" if len(row["seeds"]) > 1 else ""
    return f"{row['test_f1_mean']:.2f}{spread}"


def _layers(document: Mapping[str, Any], row: Mapping[str, Any]) -> list[str]:
    """The layers kept, forward and backward."""
    layers = document["params"]["pretrain_lm"]["layers"]
    return [
        f"all {layers}" if len(row["layers_kept"][direction]) == layers else kept
        for direction, kept in zip(DIRECTIONS, kept_cells(row["layers_kept"]), strict=True)
    ]


def _published(document: Mapping[str, Any], variant: str) -> list[str]:
    """F1 and cost that were published for these data; empty if there are none."""
    if document["data"] not in PUBLISHED:
        return ["", ""]
    point = PUBLISHED[document["data"]][variant]
    return [f"{point.f1_mean:.2f} ± {point.f1_sd:.2f}", f"{point.macs_per_word / 1e6:g}"]
