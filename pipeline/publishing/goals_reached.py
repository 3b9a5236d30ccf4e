"""The goals of this project beside what was measured, from the files in results/: a table of docs/results.md."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ldnet.files import read_json
from pipeline.report.tables import NAMES, has_gain, markdown_table

# Test F1, means over the seeds, of a profile's variants and trainings.
F1_GOALS = {
    "conll2000": {("no_lm", "gold"): 94.4, ("full", "gold"): 95.4, ("pruned", "taught"): 95.5},
    "conll2003": {("no_lm", "gold"): 90.8, ("pruned", "taught"): 91.5},
}
GAIN_GOALS = {"conll2003": 0.5}  # what all layers add to test F1 on gold tags
BEST_F1_GOALS = {"conll2000": 96.0, "conll2003": 92.0}  # of any pruned tagger that is as cheap as this:
BEST_MACS = 5_000_000
PERPLEXITY = 62.0  # on the held-out sentences of an earlier corpus, over its vocabulary
FEW_WORDS = 60_000  # a vocabulary below this size is an earlier corpus's
PRETRAINING, PRETRAINING_MANY_WORDS, TAGGING = 2.0, 3.0, 1.5  # times the speed of an earlier commit


@dataclass(frozen=True)
class Goal:
    """What is measured, the bound on it, and its value; None where no result says it, for the reason given."""

    what: str
    bound: float
    value: float | None
    unit: str = "{:.2f}"
    at_most: bool = False
    missing: str = "not measured"

    def cells(self) -> list[str]:
        """What, asked, measured, outcome."""
        asked = f"at {'most' if self.at_most else 'least'} {self.unit.format(self.bound)}"
        if self.value is None:
            return [self.what, asked, "", self.missing]
        reached = self.value <= self.bound if self.at_most else self.value >= self.bound
        return [self.what, asked, self.unit.format(self.value), "met" if reached else "**missed**"]


def goals_section(results: Path, published: Sequence[Mapping[str, Any]]) -> str:
    """The table: goals of the published profiles, of pretraining and of speed.

    Raises InputError if a file in `results` is not JSON.
    """
    goals = [goal for document in published for goal in _of_profile(document)]
    goals += [*_of_perplexity(results), *_of_speed(results), *_of_pretraining(results), *_of_tagging(results)]
    if not goals:
        return "No result with a goal is published yet.\n"
    return markdown_table(["measured", "asked", "found", "outcome"], [goal.cells() for goal in goals])


def _of_profile(document: Mapping[str, Any]) -> Iterator[Goal]:
    profile, comparisons = document["params"]["profile"], document["comparison"]
    rows = {(row["variant"], row["training"]): row for row in document["rows"]}
    for (variant, training), bound in F1_GOALS.get(profile, {}).items():
        f1 = rows[variant, training]["test_f1_mean"] if (variant, training) in rows else None
        yield Goal(f"{profile}: test F1, {NAMES[variant]}, {training}", bound, f1)
    for training, comparison in comparisons.items():
        if training == "gold" and profile in GAIN_GOALS:
            gain = comparison["differences"]["full_minus_no_lm"]["test_f1"]
            why = "" if has_gain(comparison) else " (not significant)"
            yield Goal(f"{profile}: gain in test F1 of all LM layers, gold{why}", GAIN_GOALS[profile], gain, "{:+.2f}")
        what = f"{profile}: share of the gain kept by pruning, {training}"
        kept = 100 * comparison["gain_kept"]["test"] if has_gain(comparison) else None
        yield Goal(what, 100 * comparison["goals"]["gain_kept"], kept, "{:.1f} %", missing="not significant")
    first = next(iter(comparisons.values()))
    bound, cost = 100 * first["goals"]["lm_macs_kept"], 100 * first["lm_macs_kept"]
    yield Goal(f"{profile}: MACs of the LMs left by pruning", bound, cost, "{:.1f} %", at_most=True)
    if profile not in BEST_F1_GOALS:
        return
    cheap = [
        row["test_f1_mean"]
        for (variant, _), row in rows.items()
        if variant == "pruned" and row["macs_per_word"] <= BEST_MACS
    ]
    what = f"{profile}: test F1, pruned, with at most {BEST_MACS / 1e6:.0f} M MACs, the better training"
    yield Goal(what, BEST_F1_GOALS[profile], max(cheap, default=None), missing="none as cheap")


def _of_perplexity(results: Path) -> Iterator[Goal]:
    for path in sorted(results.glob("former_words_perplexity_*.json")):  # one for each size of language models
        document = read_json(path)
        what = f"perplexity of the worse LM ({document['lm']}) on earlier held-out sentences"
        yield Goal(what, PERPLEXITY, max(document["perplexity"].values()), at_most=True)


def _of_speed(results: Path) -> Iterator[Goal]:
    path = results / "speed.json"
    for row in read_json(path) if path.is_file() else []:
        what = f"{row['what']}: {row['unit']}"
        if row["goal"] and row["baseline"] is None:
            yield Goal(what, row["goal"], row["product"], "{:,.0f}")
        elif row["goal"]:
            yield Goal(f"{what} against a plain implementation", row["goal"], row["ratio"], "{:.2f} x")


def _of_pretraining(results: Path) -> Iterator[Goal]:
    path = results / "pretraining_since.json"
    document = read_json(path) if path.is_file() else {"rows": []}
    for row in document["rows"]:
        bound = PRETRAINING if row["words"] < FEW_WORDS else PRETRAINING_MANY_WORDS
        what = f"pretraining 10 x {row['units']}, {row['words']:,} words, {row['precision']}: tokens a CPU-second"
        yield Goal(f"{what} against {document['against']}", bound, row["ratio"], "{:.2f} x")


def _of_tagging(results: Path) -> Iterator[Goal]:
    path = results / "tagging_since.json"
    document = read_json(path) if path.is_file() else {"loaded": [], "served": []}
    for row in document["loaded"]:
        what = f"{row['form']} by a loaded tagger, {row['precision']}: words a CPU-second"
        yield Goal(f"{what} against {document['against']}", TAGGING, row["ratio"]["words_per_cpu_second"], "{:.2f} x")
    for row in document["served"]:
        clients = f"{row['clients']} client{'s' if row['clients'] > 1 else ''}"
        what = f"served tagger, {clients}: requests/s against {document['against']}"
        yield Goal(what, TAGGING, row["ratio"]["requests_per_second"], "{:.2f} x")
