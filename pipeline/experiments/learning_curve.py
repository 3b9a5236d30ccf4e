"""The learning curve: what the language models add to a tagger that has few labelled sentences, or many."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ldnet.errors import naming
from ldnet.files import read_json
from pipeline.experiments.points import Experiment, Value
from pipeline.experiments.rows import over_seeds, with_spread
from pipeline.experiments.stage_graph import Stage
from pipeline.params import Params
from pipeline.report.measurements import pick
from pipeline.report.results import evaluated_rows
from pipeline.report.results_schema import Difference, Part, Whole
from pipeline.report.tables import NAMES, TRAINED, interval, markdown_table, signed
from pipeline.six_taggers import TRAININGS, VARIANTS
from pipeline.validation import validated

Row = Mapping[str, Any]


class Scores(Part):
    """Of one variant in one training. F1 in percent, standard deviation of the sample."""

    dev_f1_mean: float
    test_f1_mean: float
    test_f1_sd: float
    macs_per_word: float


class Gains(Part):
    """What all layers, and those that pruning left, add to F1 in one training."""

    full_minus_no_lm: Difference
    pruned_minus_no_lm: Difference


class OfTraining(Part):
    """The variants in one training."""

    no_lm: Scores
    full: Scores
    pruned: Scores
    differences: Gains


class Trainings(Part):
    """All that was measured with so many sentences."""

    gold: OfTraining
    taught: OfTraining


class Values(Part):
    """`Size.values`."""

    sentences: Whole = Field(alias="prepare_conll.train_sentences")
    seeds: Annotated[list[int], Field(min_length=1)] = Field(alias="train_tagger.seeds")


class SizeRow(Part):
    """`size_row`."""

    sentences: Whole
    values: Values
    command: str
    trainings: Trainings


class CurveParams(Part):
    """What the page says of the parameters; documents have all sections."""

    profile: str
    generate_data: dict[str, Any]


class CurveSchema(Part):
    """The whole document."""

    data: str
    params: CurveParams
    rows: Annotated[list[SizeRow], Field(min_length=1)]


@dataclass(frozen=True, order=True)
class Size(Experiment):
    """How many labelled sentences all taggers are trained on (0: all), and with which seeds."""

    sentences: int
    seeds: tuple[int, ...]
    trainings: ClassVar[tuple[str, ...]] = TRAININGS

    def values(self) -> dict[str, Value]:
        """Sentences and seeds."""
        return {"prepare_conll.train_sentences": self.sentences, "train_tagger.seeds": list(self.seeds)}

    def stages(self, stages: Collection[Stage]) -> set[str]:
        """Without the language models: what they read is the same for all sizes, though it is looked at for each."""
        return {stage for stage in super().stages(stages) if not stage.startswith("pretrain_lm@")}

    @property
    def label(self) -> str:
        """For example 250-sentences."""
        return f"{self.sentences or 'all'}-sentences"

    @property
    def title(self) -> str:
        """For example: 250 sentences."""
        return f"{self.sentences or 'all'} sentences"


def sizes(params: Params, sentences: Sequence[int], seeds: Sequence[int]) -> list[Size]:
    """The points, with all sentences (0) last. Those have the seeds of params.yaml: its experiment is the end of the
    curve, and is not run again. Raises InputError for what params.yaml could not have."""
    points = [
        Size(number, tuple(seeds if number else params.train_tagger.seeds))
        for number in sorted(sentences, key=lambda number: (number == 0, number))
    ]
    for point in points:
        point.params(params)
    return points


def size_row(size: Size, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The scores of the six taggers, and the gains within each training. Raises InputError for a missing metric."""
    trainings = {}
    for training in TRAININGS:
        rows = evaluated_rows(metrics, training)
        differences = pick(metrics, f"evaluate_{training}.comparison.differences")
        trainings[training] = {
            **{variant: {key: pick(rows[variant], key) for key in Scores.model_fields} for variant in VARIANTS},
            "differences": {name: pick(differences, name) for name in Gains.model_fields},
        }
    return {
        "sentences": pick(metrics, "prepare_conll.sentences.train"),
        "values": size.values(),
        "command": size.command(),
        "trainings": trainings,
    }


def curve_document(params: Mapping[str, Any], rows: Sequence[Row], commit: str) -> dict[str, Any]:
    """All rows. `params` are all of params.yaml."""
    return {"data": pick(params, "data"), "git_commit": commit, "params": dict(params), "rows": list(rows)}


def read_curve(file: Path) -> dict[str, Any]:
    """Read a document. Raises InputError if what `CurveSchema` names is missing or of another kind."""
    document = read_json(file)
    with naming(file):
        validated(CurveSchema, document)
    return dict(document)


def curve_section(document: Mapping[str, Any]) -> str:
    """The table of one curve, the command that makes it, and from which size on the language models add nothing."""
    profile, rows = document["params"]["profile"], document["rows"]
    header = [
        "sentences", "training", *(f"test F1, {NAMES[variant]}" for variant in VARIANTS),
        "all LM layers minus without", "pruned minus without",
    ]  # fmt: skip
    table = markdown_table(header, [_cells(row, training) for training in TRAININGS for row in rows])
    seeds = [len(row["values"]["train_tagger.seeds"]) for row in rows]
    at_end = f" ({seeds[-1]} at {rows[-1]['sentences']:,} sentences)" if seeds[-1] != seeds[0] else ""
    worth = "".join(f"* {_worth(rows, training)}\n" for training in TRAININGS)
    return (
        f"**{profile}** (`{_command(document)}`, [figure](curve_{profile}.svg), "
        f"[all numbers](../results/curve_{profile}.json))\n\n{table}\n"
        f"F1 of whole spans in percent, {over_seeds(seeds[0])}{at_end}. A smaller draw of sentences is inside a larger "
        "one; layers are selected again for each. Differences with 95 % intervals over resampled test sentences.\n\n"
        f"{worth}"
    )


def readme_curves(results: Path) -> str:
    """The figure of each curve on brought data, and from which size on the language models add nothing; '' without."""
    documents = [read_curve(file) for file in sorted(results.glob("curve_*.json"))]
    brought = [document for document in documents if document["data"] not in document["params"]["generate_data"]]
    figures = [f"![F1 against labelled sentences](docs/curve_{of['params']['profile']}.svg)\n" for of in brought]
    lines = [
        f"* **{of['params']['profile']}** ([all numbers](docs/results.md#how-many-labelled-sentences)): "
        f"{' '.join(_worth(of['rows'], training) for training in TRAININGS)}\n"
        for of in brought
    ]
    return "\n".join(["".join(figures), "".join(lines)]) if brought else ""


def _worth(rows: Sequence[Row], training: str) -> str:
    """From how many sentences on, at that size and all larger ones, the interval of the gain has 0 in it; and at which
    smaller sizes it has."""
    gains = {row["sentences"]: row["trainings"][training]["differences"]["full_minus_no_lm"] for row in rows}
    largest_worth_it = max((size for size, gain in gains.items() if gain["test_f1_low"] > 0), default=0)
    without = sorted(size for size, gain in gains.items() if gain["test_f1_low"] <= 0)
    smaller = " and ".join(f"{size:,}" for size in without if size < largest_worth_it)
    larger = [size for size in without if size > largest_worth_it]
    if larger:
        also = f", nor with {smaller}" if smaller else ""
        return (
            f"{TRAINED[training]}, all LM layers are not shown to be worth their cost from {larger[0]:,} sentences "
            f"on{also}."
        )
    but = f" but {smaller} sentences" if smaller else ""
    return f"{TRAINED[training]}, all LM layers are worth more than nothing at every size tried{but}."


def _cells(row: Row, training: str) -> list[str]:
    of_training = row["trainings"][training]
    gains = [of_training["differences"][name] for name in Gains.model_fields]
    measured, seeds = [of_training[variant] for variant in VARIANTS], len(row["values"]["train_tagger.seeds"])
    return [
        f"{row['sentences']:,}",
        training,
        *(with_spread(scores["test_f1_mean"], scores["test_f1_sd"], seeds) for scores in measured),
        *(f"{signed(gain['test_f1'])} ({interval(gain)})" for gain in gains),
    ]


def _command(document: Mapping[str, Any]) -> str:
    """What makes all of the document again."""
    values = [row["values"] for row in document["rows"]]
    sentences = " ".join(str(of_row["prepare_conll.train_sentences"]) for of_row in values)
    seeds = " ".join(map(str, values[0]["train_tagger.seeds"]))
    return f'make curve NAME={document["params"]["profile"]} SIZES="{sentences}" SEEDS="{seeds}"'
