"""The report as one HTML page that needs nothing else: no script, no request, figures as data URIs."""

import base64
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import jinja2
import pandas as pd
from matplotlib.figure import Figure

from ldnet.printable import printable
from pipeline.experiments.regularisation_path import knee_in_words, path_cells
from pipeline.publishing.path_figure import path_figure
from pipeline.publishing.span_errors import (
    Confusion,
    PredictedSentence,
    confusion,
    scores_by_type,
    segments,
    worst_sentences,
)
from pipeline.report.curves import gates_figure, lm_figure
from pipeline.report.f1_against_cost import f1_against_cost
from pipeline.report.figure_files import figure_bytes
from pipeline.report.measurements import DIRECTIONS, pick
from pipeline.report.tables import NAMES, TRAINED, gain_lines, legend, lm_cells, millions, results_cells
from pipeline.six_taggers import SHIPPED, TAGGERS, metrics_name, tagger_name
from pipeline.tracking import flatten

TEMPLATE = Path(__file__).with_name("page.html.jinja")
SHOWN = SHIPPED  # the tagger whose errors are shown
WORST = 25
# Inches. The text of a figure is 11 points high: on a telephone the narrow one shows it at about 11 CSS pixels.
NARROW = (4.6, 4.0)
TITLE_CHARACTERS = 42  # that fit over a narrow figure

Predictions = Mapping[str, Mapping[int, Sequence[PredictedSentence]]]  # by tagger, one of TAGGERS, then by seed


@dataclass(frozen=True, kw_only=True)
class PageInputs:
    """All that the page shows: results document, metrics files by name, curves, predictions, and where it was made.

    `path` is the regularisation path of this profile, if one was published.
    """

    results: Mapping[str, Any]
    metrics: Mapping[str, Any]
    gates: pd.DataFrame
    training: Mapping[str, pd.DataFrame]
    predictions: Predictions
    path: Mapping[str, Any] | None
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Picture:
    """A figure as data URIs, drawn for wide and for narrow pages, and what it says in words."""

    wide: str
    narrow: str
    words: str


@dataclass(frozen=True)
class Table:
    """Cells of text; the first one of a row names it."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


def page(inputs: PageInputs) -> str:
    """The HTML text. Raises InputError for a missing metric."""
    results = inputs.results
    seeds = inputs.predictions[SHOWN]
    shown = _best_seed(inputs.metrics)
    content: str = _template().render(
        title=f"Report: {results['params']['profile']}",
        data=results["data"],
        summary=_summary(results),
        results=Table(legend(results), *results_cells(results)),
        gain=gain_lines(results["comparison"]),
        by_seed=_by_seed(results),
        cost=_picture(f1_against_cost(results), f1_against_cost(results, narrow=True), _cost_in_words(results)),
        path=inputs.path and _path(inputs.path, results),
        gates=_picture(_gates(inputs), _gates(inputs), _gates_in_words(inputs.metrics)),
        layers=_layers(results),
        lm=Table("The language models.", *lm_cells(results)),
        lm_curves=_picture(_lm_curves(inputs), _lm_curves(inputs), _lm_in_words(inputs)),
        types=_types(inputs.predictions),
        confusion=_confusion(confusion(chain.from_iterable(seeds.values())), len(seeds)),
        worst=worst_sentences(seeds, shown, WORST),
        segments=segments,
        shown_name=_title(SHOWN),
        shown_seed=shown,
        seeds=len(seeds),
        sentences=len(seeds[shown]),
        parameters=Table(
            "params.yaml, flattened.",
            ["parameter", "value"],
            [[name, str(value)] for name, value in flatten(results["params"]).items()],
        ),
        environment=Table(
            "Where this page was made. The stages may have run on another machine.",
            ["what", "value"],
            list(inputs.environment.items()),
        ),
    )
    return printable(content)


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))


def _picture(wide: Figure, narrow: Figure, words: str) -> Picture:
    narrow.set_size_inches(*NARROW)
    for axes in narrow.axes:
        axes.set_title(textwrap.fill(axes.get_title("left"), TITLE_CHARACTERS), loc="left")
    return Picture(_uri(wide), _uri(narrow), words)


def _uri(figure: Figure) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(figure_bytes(figure, "svg")).decode()


def _best_seed(metrics: Mapping[str, Any]) -> int:
    """The seed of the shown tagger that is best on dev."""
    seeds, scores = (pick(metrics, f"{metrics_name(*TAGGERS[SHOWN])}.{key}") for key in ("seeds", "dev_f1"))
    return int(max(zip(seeds, scores, strict=True), key=lambda pair: pair[1])[0])


def _summary(results: Mapping[str, Any]) -> str:
    of_variant = {row["variant"]: row for row in results["rows"]}
    pruned, full = of_variant["pruned"], of_variant["full"]
    kept, layers = sum(map(len, pruned["layers_kept"].values())), 2 * results["params"]["pretrain_lm"]["layers"]
    layers_read = {"pruned": "pruned", "full": "with all layers", "no_lm": "without any"}
    scores = [
        f"{begin}, test F1 is "
        + ", ".join(
            f"{row['test_f1_mean']:.2f} {words}"
            for variant, words in layers_read.items()
            for row in results["rows"]
            if (row["variant"], row["training"]) == (variant, training)
        )
        for training, begin in TRAINED.items()
    ]
    return (
        f"The pruned tagger keeps {kept} of {layers} layers of the language models. "
        f"A word costs it {millions(pruned['macs_per_word'])} million multiply-accumulates instead of "
        f"{millions(full['macs_per_word'])}. {'. '.join(scores)}."
    )


def _title(tagger: str) -> str:
    """The tagger in words; the trainings of a variant differ."""
    variant, training = TAGGERS[tagger]
    return f"{NAMES[variant]}, {training}"


def _title_of_row(row: Mapping[str, Any]) -> str:
    return _title(tagger_name(row["variant"], row["training"]))


def _by_seed(results: Mapping[str, Any]) -> Table:
    seeds = sorted({seed for row in results["rows"] for seed in row["seeds"]})
    rows = []
    for row in results["rows"]:
        scores = dict(zip(row["seeds"], row["test_f1"], strict=True))
        rows.append(
            [
                _title_of_row(row),
                f"{row['test_f1_mean']:.2f}",
                f"{row['test_f1_sd']:.2f}" if len(scores) > 1 else "one seed",
                *(f"{scores[seed]:.2f}" if seed in scores else "" for seed in seeds),
                f"{mean(row['test_f1_int8']):.2f}",
            ]
        )
    header = ["tagger", "mean", "sd", *(f"seed {seed}" for seed in seeds), "mean in int8"]
    return Table("Test F1 in percent, seed by seed; sd is the sample standard deviation.", header, rows)


def _cost_in_words(results: Mapping[str, Any]) -> str:
    points = [
        f"{_title_of_row(row)} {row['test_f1_mean']:.2f} at {millions(row['macs_per_word'])}" for row in results["rows"]
    ]
    return f"Test F1 in percent against million multiply-accumulates per word: {'; '.join(points)}."


def _path(document: Mapping[str, Any], results: Mapping[str, Any]) -> dict[str, Any]:
    """Figure and table of the path, and the parameters, if any, in which it differs from these results."""
    header, rows = path_cells(document)
    knee = knee_in_words(document)
    swept = ("select.strength", "select.max_layers")
    theirs, ours = (flatten(one["params"]) for one in (document, results))
    return {
        "picture": _picture(
            path_figure(document),
            path_figure(document),
            f"Dev F1 against million multiply-accumulates per word of {len(rows)} pairs of strength and budget, "
            f"as in the table below. The knee: {knee}.",
        ),
        "table": Table(f"The regularisation path, made by {document['git_commit']}. The knee: {knee}.", header, rows),
        "other_params": [
            name for name in sorted({*theirs, *ours}) if theirs.get(name) != ours.get(name) and name not in swept
        ],
    }


def _gates(inputs: PageInputs) -> Figure:
    return gates_figure(
        inputs.gates, pick(inputs.metrics, "select.epoch"), inputs.results["params"]["pretrain_lm"]["layers"]
    )


def _gates_in_words(metrics: Mapping[str, Any]) -> str:
    final = pick(metrics, "select.gates")
    values = [f"{direction} {', '.join(f'{gate:.2f}' for gate in final[direction])}" for direction in DIRECTIONS]
    return (
        f"Every layer's gate, from 0 to 1, over the epochs of selection. In the chosen epoch, "
        f"{pick(metrics, 'select.epoch')}, from the lowest layer up: {'; '.join(values)}."
    )


def _layers(results: Mapping[str, Any]) -> Table:
    rows = [
        [f"{NAMES[row['variant']]}, {direction}"]
        + [
            "kept" if layer in row["layers_kept"][direction] else "no"
            for layer in range(results["params"]["pretrain_lm"]["layers"])
        ]
        for row in {row["variant"]: row for row in results["rows"]}.values()  # in both trainings the same
        if row["variant"] != "no_lm"
        for direction in DIRECTIONS
    ]
    header = ["tagger, direction", *map(str, range(results["params"]["pretrain_lm"]["layers"]))]
    return Table("Layers of the language models, counted from 0, the lowest.", header, rows)


def _lm_curves(inputs: PageInputs) -> Figure:
    return lm_figure(inputs.training, _heldout(inputs.results))


def _heldout(results: Mapping[str, Any]) -> dict[str, float]:
    return {direction: results["lm"][direction]["heldout_perplexity"] for direction in DIRECTIONS}


def _lm_in_words(inputs: PageInputs) -> str:
    ends = [
        f"{direction} from {curve['perplexity'].iloc[0]:.1f} to {curve['perplexity'].iloc[-1]:.1f}, "
        f"{_heldout(inputs.results)[direction]:.1f} on held-out text"
        for direction, curve in inputs.training.items()
    ]
    return f"Perplexity while the language models were trained: {'; '.join(ends)}."


def _types(predictions: Predictions) -> Table:
    """F1 of each type: mean and standard deviation over the seeds, by tagger."""
    scores = {
        tagger: [scores_by_type(sentences) for sentences in by_seed.values()] for tagger, by_seed in predictions.items()
    }
    types = sorted({kind for seeds in scores.values() for by_type in seeds for kind in by_type})
    rows = []
    for kind in types:
        one = next(by_type[kind] for seeds in scores.values() for by_type in seeds if kind in by_type)
        cells = [_spread([by_type[kind].f1 if kind in by_type else 0.0 for by_type in of]) for of in scores.values()]
        rows.append([kind, str(one.gold), *cells])
    header = ["type", "gold spans", *map(_title, scores)]
    return Table("Test F1 in percent by type of span, mean ± sample standard deviation over the seeds.", header, rows)


def _spread(values: Sequence[float]) -> str:
    return f"{mean(values):.2f}" + (f" ± {stdev(values):.2f}" if len(values) > 1 else "")


def _confusion(found: Confusion, seeds: int) -> Table:
    def count(number: int) -> str:
        return f"{number / seeds:.4g}"

    rows = [
        [
            kind,
            *(count(found.same_words[kind, other]) for other in found.types),
            count(found.other_words[kind]),
            count(found.missed[kind]),
        ]
        for kind in found.types
    ]
    rows.append(["no span", *(count(found.invented[other]) for other in found.types), "", ""])
    return Table(
        f"What the tagger “{_title(SHOWN)}” makes of the gold spans of the test split (mean number over {seeds} "
        f"seed{'s' * (seeds != 1)}). A row is a gold type, a column what was predicted for the very same words; "
        "“other words” was predicted with other bounds, “missed” not at all. The last row counts predictions where "
        "no gold span is.",
        ["gold", *found.types, "other words", "missed"],
        rows,
    )
