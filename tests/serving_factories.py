"""A tiny finished workspace, the model folder exported from it, and folders of text shards."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

from ldnet.files import sha256_of_file, write_json
from ldnet.model_description import DESCRIPTION
from ldnet.text.columns import Sentence
from pipeline.exporting.model_export import export_model
from pipeline.exporting.workspace import best_model
from pipeline.features.contextual import load_bidirectional_lm
from pipeline.six_taggers import SHIPPED, TAGGERS, TRAININGS, metrics_name
from pipeline.tagger.model import save_tagger
from tests.factories import make_sentences, make_tagger, write_prepared
from tests.report_factories import make_comparison, make_experiment_values

SEEDS, DEV_F1, TEST_F1 = [1, 2], [80.0, 81.0], [79.0, 78.0]  # the second seed is the better one on dev


def make_workspace(folder: Path) -> tuple[Path, Path]:
    """What the stages leave behind: the folders work/ and metrics/, with all six taggers."""
    work, metrics = folder / "work", folder / "metrics"
    splits = {"train": make_sentences(30), "dev": make_sentences(20, 6)}
    lexicon = write_prepared(work / "conll", splits, work / "pruned" / f"seed-{SEEDS[0]}")
    write_prepared(work / "conll", splits, work / "lm")
    features = sum(load_bidirectional_lm(work / "lm").widths)
    for number, (name, (variant, training)) in enumerate(TAGGERS.items()):
        for seed in SEEDS:
            tagger = make_tagger(lexicon, 0 if variant == "no_lm" else features, seed + 10 * number)
            save_tagger(tagger, work / "tagger" / name / f"seed-{seed}")
        write_json(metrics / f"{metrics_name(variant, training)}.json", {"seeds": SEEDS, "dev_f1": DEV_F1})
    rows = [_row(variant, training) for variant, training in TAGGERS.values()]
    params = make_experiment_values("tiny")
    params["pretrain_lm"]["layers"] = 3
    lm = {direction: {"heldout_perplexity": 3.0, "tokens": 100} for direction in ("forward", "backward")}
    comparison = {training: make_comparison() for training in TRAININGS}
    document = {"data": "demo", "params": params, "lm": lm, "rows": rows, "comparison": comparison}
    write_json(work / "report" / "results.json", document)
    return work, metrics


def _row(variant: str, training: str) -> dict[str, object]:
    return {
        "variant": variant,
        "training": training,
        "seeds": SEEDS,
        "test_f1": TEST_F1,
        "test_f1_mean": 78.5,
        "test_f1_sd": 0.7,
        "test_f1_int8": TEST_F1,
        "dev_f1_mean": 80.5,
        "macs_per_word": 1000,
        "macs_per_word_of_seeds": [1000] * len(SEEDS),
        "parameters": 2000,
        "layers_kept": {"forward": [0, 1, 2], "backward": [0, 1, 2]},
        "layers_kept_again": [],
    }


def make_model(folder: Path, tagger: str = SHIPPED, onnx_dev: Sequence[Sentence] | None = None) -> Path:
    """A model folder in `folder`, with an ONNX graph if it is given sentences to measure that on."""
    work, metrics = make_workspace(folder)
    source, description = best_model(work, metrics, tagger)
    export_model(source, description, folder / "model", onnx_dev)
    return folder / "model"


def rename_tag(model: Path, old: str, new: str) -> None:
    """Give one of the model's tags another name, as training on other names would have."""
    path = model / "lexicon" / "lexicon.json"
    path.write_text(path.read_text("utf-8").replace(json.dumps(old), json.dumps(new)), "utf-8")
    description = json.loads((model / DESCRIPTION).read_text("utf-8"))
    description["files"]["lexicon/lexicon.json"] = sha256_of_file(path)
    write_json(model / DESCRIPTION, description)


def make_lines(count: int, seed: int = 0) -> list[str]:
    """Lines of text: sentences, and a few that are empty or blank."""
    lines = [" ".join(sentence.words) for sentence in make_sentences(count, seed)]
    lines[1::7] = ["" for _ in lines[1::7]]
    lines[3::11] = [" \t " for _ in lines[3::11]]
    return lines


def write_shard(path: Path, lines: Sequence[str]) -> None:
    """Plain, or compressed if the name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = "".join(line + "\n" for line in lines).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def outputs(folder: Path) -> dict[str, bytes]:
    """The contents of a folder of tagged shards, by name."""
    return {path.name: path.read_bytes() for path in folder.glob("*.json*")}
