"""The ablations: what each small language model, and the taggers on it, lose with their layers."""

from collections.abc import Mapping
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from ldnet.errors import naming
from ldnet.files import read_json
from pipeline.report.measurements import DIRECTIONS, pick
from pipeline.report.tables import markdown_table, millions, signed

CANDIDATE_KEYS = (
    "architecture",
    "layers",
    "units",
    "layer_dropout",
    "seeds",
    "layers_kept",
    *(f"dev_f1_without_layer.{direction}" for direction in DIRECTIONS),
    *(
        f"lm.{direction}.{key}"
        for direction in DIRECTIONS
        for key in ("tokens", "layer_parameters", "macs_per_word", "perplexity", "perplexity_without_layer")
    ),
)
ROW_KEYS = ("dev_f1", "dev_f1_mean", "test_f1_mean", "test_f1_sd", "lm_macs_per_word")
ROWS = {
    "all_layers": "all layers",
    "scalar_mix": "scalar mix of all layers",
    "pruned": "pruned, not trained again",
    "retrained": "pruned, trained again",
}
Candidate = Mapping[str, Any]


def ablations_document(params: Mapping[str, Any], metrics: Mapping[str, Any], commit: str) -> dict[str, Any]:
    """All that was measured, by candidate. `params` are all of params.yaml, `metrics` come from the stage evaluate."""
    return {
        "data": pick(params, "data"),
        "git_commit": commit,
        "params": dict(params),
        "candidates": {name: pick(metrics, f"evaluate_{name}") for name in pick(params, "ablations.candidates")},
    }


def read_ablations(file: Path) -> dict[str, Any]:
    """Read a document. Raises InputError if a key is missing."""
    document = read_json(file)
    with naming(file):
        for key in ("params.profile", "params.ablations.tokens", "data"):
            pick(document, key)
        for name, candidate in pick(document, "candidates").items():
            for key in CANDIDATE_KEYS:
                pick(document, f"candidates.{name}.{key}")
            for row in pick(candidate, "rows"):
                for key in ROW_KEYS:
                    pick(document, f"candidates.{name}.rows.{row}.{key}")
    return dict(document)


def perplexity(candidate: Candidate) -> float:
    """On held-out text, the mean of both directions."""
    return mean(float(candidate["lm"][direction]["perplexity"]) for direction in DIRECTIONS)


def perplexity_ratios(candidate: Candidate) -> list[list[float]]:
    """How many times as high perplexity is without each layer, the lowest first; a list for each direction."""
    return [
        [without / of_direction["perplexity"] for without in of_direction["perplexity_without_layer"]]
        for of_direction in (candidate["lm"][direction] for direction in DIRECTIONS)
    ]


def f1_changes(candidate: Candidate) -> list[list[float]]:
    """By how much dev F1 changes without each layer, the lowest first; a list for each direction."""
    whole = candidate["rows"]["all_layers"]["dev_f1_mean"]
    return [[f1 - whole for f1 in candidate["dev_f1_without_layer"][direction]] for direction in DIRECTIONS]


def ablations_section(document: Mapping[str, Any]) -> str:
    """The tables of one profile's ablations, with the command that makes them."""
    profile, candidates = document["params"]["profile"], document["candidates"]
    models = markdown_table(
        [
            "candidate", "layers", "layer dropout", "parameters of the layers (M)",
            "perplexity", "without one layer", "worst", "dev F1", "without one layer", "worst",
        ],
        [_model_cells(name, candidate) for name, candidate in candidates.items()],
    )  # fmt: skip
    taggers = markdown_table(
        ["candidate", "tagger", "LM layers forward", "backward", "MACs of the LM (M)", "dev F1", "test F1"],
        [
            _tagger_cells(name, candidate, row)
            for name, candidate in candidates.items()
            for row in ROWS
            if row in candidate["rows"]
        ],
    )
    seeds = sorted({seed for candidate in candidates.values() for seed in candidate["seeds"]})
    spread = (
        "one seed" if len(seeds) == 1 else f"mean ± sample standard deviation over seeds {', '.join(map(str, seeds))}"
    )
    tokens = {candidate["lm"][direction]["tokens"] for candidate in candidates.values() for direction in DIRECTIONS}
    return (
        f"**{profile}** (`make ablations NAME={profile}`, [figure](ablations_{profile}.svg), "
        f"[all numbers](../results/ablations_{profile}.json))\n\n{models}\n"
        f"Each model has read {' or '.join(f'{count:,}' for count in sorted(tokens))} tokens a direction. Perplexity "
        "is measured on held-out text, the mean of both directions. Without one layer: how many times as high "
        "perplexity is, and by how much dev F1 changes, in the mean over the layers and for the worst of them.\n\n"
        f"{taggers}\nF1 of whole spans in percent ({spread}), scored in float32; layers are counted from 0, "
        "the lowest. To run one candidate again: "
        "`dvc --cd ablations repro --force --single-item pretrain_lm@dense`, then the same with `train_taggers` and "
        "`evaluate`.\n"
    )


def _model_cells(name: str, candidate: Candidate) -> list[str]:
    ratios = [ratio for of_direction in perplexity_ratios(candidate) for ratio in of_direction]
    changes = [change for of_direction in f1_changes(candidate) for change in of_direction]
    parameters = sum(candidate["lm"][direction]["layer_parameters"] for direction in DIRECTIONS)
    return [
        name,
        f"{candidate['layers']} x {candidate['units']}, {candidate['architecture']}",
        f"{candidate['layer_dropout']:g}",
        millions(parameters),
        f"{perplexity(candidate):.1f}",
        f"{mean(ratios):.2f} x",
        f"{max(ratios):.2f} x",
        f"{candidate['rows']['all_layers']['dev_f1_mean']:.2f}",
        signed(mean(changes)),
        signed(min(changes)),
    ]


def _tagger_cells(name: str, candidate: Candidate, row: str) -> list[str]:
    measured = candidate["rows"][row]
    everything = list(range(candidate["layers"]))
    kept = candidate["layers_kept"] if row in ("pruned", "retrained") else dict.fromkeys(DIRECTIONS, everything)
    layers = (
        "all" if kept[direction] == everything else ", ".join(map(str, kept[direction])) or "none"
        for direction in DIRECTIONS
    )
    spread = f" ± {stdev(measured['dev_f1']):.2f}" if len(measured["dev_f1"]) > 1 else ""
    return [
        name,
        ROWS[row],
        *layers,
        millions(measured["lm_macs_per_word"]),
        f"{measured['dev_f1_mean']:.2f}{spread}",
        f"{measured['test_f1_mean']:.2f}" + (f" ± {measured['test_f1_sd']:.2f}" if spread else ""),
    ]
