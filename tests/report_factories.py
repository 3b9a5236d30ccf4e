"""Made-up measurements of a whole pipeline with two-layer language models."""

import json
from pathlib import Path
from typing import Any

import yaml
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure

from ldnet.files import write_json
from pipeline.report.results import build_results
from pipeline.six_taggers import tagger_name

PROJECT = Path(__file__).parents[1]


def make_params(profile: str = "demo", data: str = "demo") -> dict[str, Any]:
    params = yaml.safe_load((PROJECT / "profiles" / "base.yaml").read_text(encoding="utf-8"))
    params["profile"], params["data"], params["pretrain_lm"]["layers"] = profile, data, 2
    params["select"]["max_layers"] = 2
    return params


def make_experiment_values(profile: str = "demo", data: str = "demo") -> dict[str, Any]:
    """What results say of their parameters."""
    return {key: value for key, value in make_params(profile, data).items() if key != "ablations"}


def make_row(
    variant: str, f1: float, macs: int, forward: list[int], backward: list[int], training: str = "gold"
) -> dict[str, Any]:
    return {
        "variant": variant,
        "training": training,
        "seeds": [1, 2],
        "test_f1": [f1 - 0.1, f1 + 0.1],
        "test_f1_mean": f1,
        "test_f1_sd": 0.14,
        "test_f1_int8": [f1, f1],
        "dev_f1_mean": f1 + 0.5,
        "macs_per_word": macs,
        "macs_per_word_of_seeds": [macs, macs],
        "parameters": 3 * macs,
        "layers_kept": {"forward": forward, "backward": backward},
        "layers_kept_again": [],
        "test_f1_per_type": {"NP": f1},
    }


def make_comparison() -> dict[str, Any]:
    """Of one training."""

    def difference(f1: float, above_0: float) -> dict[str, float]:
        spread = {"test_f1_low": f1 - 0.7, "test_f1_high": f1 + 0.8}
        return {"dev_f1": f1, "test_f1": f1, **spread, "test_resamples_above_0": above_0}

    return {
        "resamples": 10_000,
        "differences": {
            "pruned_minus_full": difference(-0.3, 0.2512),
            "pruned_minus_no_lm": difference(12.0, 1.0),
            "full_minus_no_lm": difference(12.3, 1.0),
        },
        "gain_kept": {"dev": 0.9756, "test": 0.9756, "test_resamples_at_goal": 0.9123},
        "lm_macs_kept": 0.25,
        "goals": {"gain_kept": 0.95, "lm_macs_kept": 0.2},
    }


def make_metrics() -> dict[str, Any]:
    return {
        "evaluate_gold": {
            "comparison": make_comparison(),
            "rows": [
                make_row("pruned", 83.2, 150_000, [1], []),
                make_row("no_lm", 71.2, 72_000, [], []),
                make_row("full", 83.5, 410_000, [0, 1], [0, 1]),
            ],
        },
        "evaluate_taught": {
            "comparison": make_comparison(),
            "rows": [
                make_row("no_lm", 75.2, 72_000, [], [], "taught"),
                make_row("full", 85.5, 410_000, [0, 1], [0, 1], "taught"),
                make_row("pruned", 85.2, 150_000, [1], [], "taught"),
            ],
        },
        "pretrain_lm_forward": {"heldout_perplexity": 41.25, "tokens": 300_000, "epochs": 1},
        "pretrain_lm_backward": {"heldout_perplexity": 43.75, "tokens": 300_000, "epochs": 1},
        "select": {
            "epoch": 2,
            "budget_reached_by": "enforcement",
            "optimiser_epoch": None,
            "gates": {"forward": [0.0, 0.9], "backward": [0.0, 0.0]},
        },
        "train_tagger_pruned": {"seeds": [1, 2], "dev_f1": [83.4, 84.0], "dev_f1_mean": 83.7},
        "train_tagger_pruned_taught": {"seeds": [1, 2], "dev_f1": [86.0, 85.4], "dev_f1_mean": 85.7},
    }


def write_measurements(folder: Path, profile: str = "demo", data: str = "demo") -> None:
    """params.yaml, metrics/ and curves/ in the folder."""
    (folder / "params.yaml").write_text(yaml.safe_dump(make_params(profile, data)), encoding="utf-8")
    for name in ("metrics", "curves"):
        (folder / name).mkdir()
    for name, document in make_metrics().items():
        (folder / "metrics" / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    for direction in ("forward", "backward"):
        curve = "step,tokens,learning_rate,loss,perplexity\n1,1000,0.1,6.2,500\n2,2000,0.1,4.0,55\n"
        (folder / "curves" / f"pretrain_lm_{direction}.csv").write_text(curve, encoding="utf-8")
    gates = "seed,epoch,loss,dev_f1,open_gates,gate_forward_0,gate_forward_1,gate_backward_0,gate_backward_1\n"
    gates += "1,1,2.5,80,3,0.8,1,0.5,0\n1,2,2.0,81,1,0,0.9,0,0\n2,1,2.4,79,3,0.7,0.6,0.5,0\n"
    (folder / "curves" / "select.csv").write_text(gates, encoding="utf-8")


# Words that must not become markup. One predicted span is wrong, with half of the gold one: F1 is 2 x 2 / (3 + 3).
SENTENCE = [
    ("Ann", "B-PER", "S-PER"),
    ("Lee", "E-PER", "O"),
    ("of", "O", "O"),
    ("<unk>", "S-ORG", "S-ORG"),
    ("&", "O", "O"),
    ("<script>alert(1)</script>", "S-LOC", "S-LOC"),
]
F1 = {True: 200 / 3, False: 100.0}  # by whether there is an error


def write_report(folder: Path) -> None:
    """The outputs of evaluate and report in work/, beside what write_measurements has written.

    Only the taught pruned tagger of seed 1, the best one on dev, makes an error.
    """
    results = build_results(make_experiment_values(), make_metrics())
    predictions = folder / "work" / "predictions"
    for row in results["rows"]:
        errs = [tagger_name(row["variant"], row["training"]) == "pruned_taught" and seed == 1 for seed in row["seeds"]]
        (predictions / row["training"]).mkdir(parents=True, exist_ok=True)
        for seed, wrong in zip(row["seeds"], errs, strict=True):
            lines = [f"{word} {gold} {predicted if wrong else gold}" for word, gold, predicted in SENTENCE]
            text = "\n".join([*lines, "", "Right O O", ""])
            (predictions / row["training"] / f"{row['variant']}-seed-{seed}.conll").write_text(text, encoding="utf-8")
        row["test_f1"] = [round(F1[wrong], 4) for wrong in errs]
    write_json(folder / "work" / "report" / "results.json", results)


def bars(figure: Figure) -> int:
    """How many sets of points of a figure have error bars."""
    containers = [each for axes in figure.axes for each in axes.containers if isinstance(each, ErrorbarContainer)]
    return sum(each.has_yerr for each in containers)
