"""All stages by hand, one after the other, on a few sentences; and their manners when something is wrong."""

import json
from pathlib import Path

import pytest
import torch
import yaml

from ldnet.files import write_json
from pipeline.language_model.model import load_language_model
from pipeline.pretraining.encoded_corpus import load
from pipeline.pretraining.lm_training import perplexity
from pipeline.six_taggers import TAGGERS, TRAININGS
from pipeline.tagger.model import load_tagger, save_tagger
from tests.factories import make_sentences, make_tagger, write_prepared
from tests.tiny_experiment import run, tiny_params, write_raw

STAGES = [
    "generate_data",
    "prepare_conll",
    "prepare_corpus",
    "prepare_unlabelled",
    "pretrain_lm",
    "train_tagger",
    "soft_targets",
    "select",
    "prune",
    "evaluate",
    "report",
]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    write_raw(tmp_path / "raw")
    return tmp_path


def test_the_whole_chain(root: Path) -> None:
    params = ("--params", str(tiny_params(root, seeds=[1, 2])))

    def path(name: str) -> str:
        return str(root / name)

    def stage(name: str, *arguments: str) -> str:
        result = run(name, *params, *arguments)
        assert result.exit_code == 0, (name, result.output, result.exception)
        return result.output

    def metrics(name: str) -> tuple[str, str]:
        return ("--metrics", path(f"metrics/{name}.json"))

    def train(variant: str, name: str, *options: str) -> None:
        out = ("--out", path(f"tagger/{name}"), "--curve", path(f"curves/train_tagger_{name}.csv"))
        data = ("--variant", variant, "--conll", path("conll"))
        told = stage("train_tagger", *data, *options, *out, *metrics(f"train_tagger_{name}"))
        assert f"\n{name}: dev F1 " in told

    raw = ("--raw", path("raw"))
    with (root / "raw" / "train.txt").open("a", encoding="utf-8") as slip:
        slip.write("train-word I-PER\n\n")
    told = stage("prepare_conll", *raw, "--out", path("conll"), *metrics("prepare_conll"))
    assert "train.txt:" in told and "I-PER" in told
    lexicon = (root / "conll" / "lexicon" / "lexicon.json").read_text(encoding="utf-8")
    assert "train-word" in lexicon and "test-word" not in lexicon and "dev-word" not in lexicon
    hidden = (root / "conll" / "test.conll").rename(root / "test.conll")  # nothing before evaluate may read it
    hashes = ("--test-hashes", path("conll/test_hashes.txt"))
    stage("prepare_corpus", *raw, *hashes, "--out", path("corpus"), *metrics("prepare_corpus"))
    stage("prepare_unlabelled", *raw, *hashes, "--out", path("unlabelled.txt"))
    for direction in ("forward", "backward"):
        out = ("--out", path(f"lm/{direction}"), "--curve", path(f"curves/pretrain_lm_{direction}.csv"))
        data = ("--direction", direction, "--corpus", path("corpus"))
        stage("pretrain_lm", *data, *out, *metrics(f"pretrain_lm_{direction}"))
    corpus = load(root / "corpus")
    for direction in ("forward", "backward"):
        model, _ = load_language_model(root / "lm" / direction)
        measured = json.loads((root / "metrics" / f"pretrain_lm_{direction}.json").read_text(encoding="utf-8"))
        as_read = perplexity(model, corpus.heldout, reverse=direction == "backward")
        assert 2900 < measured["tokens"] <= 3000
        assert measured["heldout_perplexity"] == pytest.approx(as_read, rel=1e-3)
        assert perplexity(model, corpus.heldout, reverse=direction == "forward") > 1.2 * as_read
    lm = ("--lm", path("lm"))
    train("no_lm", "no_lm")
    train("full", "full", *lm)
    teachers = ("--unlabelled", path("unlabelled.txt"), "--teachers", path("tagger/full"))
    stage("soft_targets", "--conll", path("conll"), *lm, *teachers, "--out", path("soft_targets"))
    out = ("--out", path("selection"), "--curve", path("curves/select.csv"))
    conll = ("--conll", path("conll"))
    told = stage("select", *conll, *lm, "--tagger", path("tagger/full"), *out, *metrics("select"))
    assert "\nlayers kept: forward [" in told
    selected = ("--selection", path("selection"))
    stage("prune", *conll, *lm, *selected, "--out", path("pruned"), *metrics("prune"))
    of_pruned, targets = ("--lm", path("pruned")), ("--targets", path("soft_targets"))
    train("pruned", "pruned", *of_pruned)
    train("no_lm", "no_lm_taught", *targets)
    train("full", "full_taught", *lm, *targets)
    train("pruned", "pruned_taught", *of_pruned, *targets)
    hidden.rename(root / "conll" / "test.conll")
    folders = ("--taggers", path("tagger"), "--pruned", path("pruned"), "--dev-metrics", path("metrics"))
    for training in ("gold", "taught"):
        out = ("--out", path(f"predictions/{training}"), *metrics(f"evaluate_{training}"))
        stage("evaluate", "--training", training, *conll, *lm, *folders, *out)
    stage("report", "--metrics", path("metrics"), "--curves", path("curves"), "--out", path("report"))

    results = json.loads((root / "report" / "results.json").read_text(encoding="utf-8"))
    epochs = {
        name: (root / f"curves/train_tagger_{name}.csv").read_text(encoding="utf-8").count("\n") - 1 for name in TAGGERS
    }
    assert epochs == {name: {"gold": 2 * 2, "taught": 2 * 3}[training] for name, (_, training) in TAGGERS.items()}
    assert [(row["variant"], row["training"]) for row in results["rows"]] == list(TAGGERS.values())
    rows = {row["variant"]: row for row in results["rows"]}
    kept = json.loads((root / "metrics" / "select.json").read_text(encoding="utf-8"))["layers_kept"]
    assert rows["pruned"]["layers_kept"] == kept and sum(map(len, kept.values())) <= 1
    assert rows["no_lm"]["macs_per_word"] < rows["pruned"]["macs_per_word"] < rows["full"]["macs_per_word"]
    assert all(0 <= results["comparison"][training]["lm_macs_kept"] < 1 for training in TRAININGS)
    pruned = json.loads((root / "metrics" / "prune.json").read_text(encoding="utf-8"))
    assert 0 <= pruned["largest_difference"] < 1e-5 and list(pruned["repeated"]) == ["seed-2"]
    figures = {f"{name}.svg" for name in ("f1_against_cost", "gates", "lm_curves")}
    assert {file.name for file in (root / "report").iterdir()} >= {*figures, "tables.md"}
    assert not list((root / ".checkpoints").iterdir()), "nothing is left of finished trainings"


@pytest.mark.parametrize("stage", STAGES)
def test_help_says_what_the_stage_does(stage: str) -> None:
    result = run(stage, "--help")
    assert result.exit_code == 0 and "Usage:" in result.output and len(result.output.splitlines()) > 6


@pytest.mark.parametrize(
    ("stage", "arguments", "message"),
    [
        ("prepare_conll", ["--raw", "nowhere", "--out", "o", "--metrics", "m"], "nowhere"),
        ("prepare_corpus", ["--raw", "r", "--test-hashes", "h", "--out", "o", "--metrics", "m"], "prepare_conll"),
        ("prepare_unlabelled", ["--raw", "r", "--test-hashes", "h", "--out", "o"], "prepare_conll"),
        (
            "pretrain_lm",
            ["--direction", "forward", "--corpus", "c", "--out", "o", "--metrics", "m", "--curve", "v"],
            "prepare_corpus",
        ),
        (
            "select",
            ["--conll", "c", "--lm", "l", "--tagger", "t", "--out", "o", "--metrics", "m", "--curve", "v"],
            "c/lexicon/lexicon.json: no such file",
        ),
        (
            "train_tagger",
            ["--variant", "full", "--conll", "c", "--out", "o", "--metrics", "m", "--curve", "v"],
            "--lm: expected for all variants but no_lm, and only for them; the variant is full",
        ),
        ("pretrain_lm", ["--params", "gone.yaml", "--direction", "forward"], "Missing option"),
    ],
)
def test_what_is_missing_is_said_in_one_line(root: Path, stage: str, arguments: list[str], message: str) -> None:
    result = run(stage, *arguments)
    assert result.exit_code != 0 and message in result.output
    assert "Traceback" not in result.output


def test_a_faulty_pruning_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.prune.largest_score_difference", lambda *arguments: 0.5)
    conll = root / "conll"
    sentences = make_sentences(20, 1)
    lexicon = write_prepared(conll, {"train": sentences, "dev": sentences}, root / "lm")
    save_tagger(make_tagger(lexicon, 34), root / "selection" / "seed-1" / "tagger")
    write_json(root / "selection" / "seed-1" / "gates.json", {"forward": [1.0, 0.0, 0.5], "backward": [0.0, 0.0, 0.0]})
    folders = ("--conll", str(conll), "--lm", str(root / "lm"), "--selection", str(root / "selection"))
    result = run("prune", "--params", str(tiny_params(root)), *folders, "--out", str(root / "o"), "--metrics", "m")
    assert isinstance(result.exception, RuntimeError) and "0.5" in str(result.exception)
    assert not (root / "o").exists()


@pytest.mark.parametrize("method", ["importance", "hard_concrete"])
def test_the_tagger_of_selection_is_pruned_whatever_the_method(root: Path, method: str) -> None:
    conll = root / "conll"
    sentences = make_sentences(20, 1)
    lexicon = write_prepared(conll, {"train": sentences, "dev": sentences}, root / "lm")
    save_tagger(make_tagger(lexicon, 34), root / "full" / "seed-1")
    path = tiny_params(root)
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    params["select"].update(method=method, max_layers=2)
    path.write_text(yaml.safe_dump(params), encoding="utf-8")
    given = ("--params", str(path), "--conll", str(conll), "--lm", str(root / "lm"))
    metrics = root / "metrics"

    out = ("--out", str(root / "selection"), "--metrics", str(metrics / "select.json"), "--curve", str(root / "c.csv"))
    assert run("select", *given, "--tagger", str(root / "full"), *out).exit_code == 0
    out = ("--out", str(root / "pruned"), "--metrics", str(metrics / "prune.json"))
    assert run("prune", *given, "--selection", str(root / "selection"), *out).exit_code == 0

    selected, pruned = (
        json.loads((metrics / f"{name}.json").read_text(encoding="utf-8")) for name in ("select", "prune")
    )
    assert selected["method"] == method and selected["layers_kept"] == pruned["layers_kept"]
    assert (selected["budget_reached_by"] == "method") == (method != "hard_concrete")
    kept = selected["layers_kept"]
    assert sum(map(len, kept.values())) <= 2 and pruned["largest_difference"] < 1e-5
    if method != "hard_concrete":
        assert pruned["dev_f1"] == selected["dev_f1"]
    columns = 2 * 5 + 4 * sum(map(len, kept.values()))
    assert load_tagger(root / "pruned" / "seed-1" / "tagger").config.lm_features == columns


def test_trainings_of_a_variant_differ_in_targets_and_their_parameters_alone(root: Path) -> None:
    """Taught by what gold tags say, for as many epochs, a tagger becomes the one trained on gold tags."""
    conll = root / "conll"
    lexicon = write_prepared(conll, {"train": make_sentences(20, 1), "dev": make_sentences(10, 2)}, root / "lm")
    save_tagger(make_tagger(lexicon, 34), root / "full" / "seed-1")
    (root / "unlabelled.txt").write_text("", encoding="utf-8")
    path = tiny_params(root)
    params = yaml.safe_load(path.read_text(encoding="utf-8"))
    params["soft_targets"]["weight"] = 0.0
    params["train_taught"] = {key: params["train_tagger"][key] for key in params["train_taught"]}
    path.write_text(yaml.safe_dump(params), encoding="utf-8")
    given, lm = ("--params", str(path), "--conll", str(conll)), ("--lm", str(root / "lm"))
    (root / "pruned").mkdir()
    (root / "pruned" / "seed-1").symlink_to(root / "lm")
    teachers = ("--unlabelled", str(root / "unlabelled.txt"), "--teachers", str(root / "full"))
    assert run("soft_targets", *given, *lm, *teachers, "--out", str(root / "targets")).exit_code == 0
    for name, options in {"gold": (), "taught": ("--targets", str(root / "targets"))}.items():
        out = [f"--{option}={root / name / option}" for option in ("out", "metrics", "curve")]
        assert (
            run("train_tagger", *given, "--lm", str(root / "pruned"), "--variant", "pruned", *options, *out).exit_code
            == 0
        )
    gold, taught = (load_tagger(root / name / "out" / "seed-1").state_dict() for name in ("gold", "taught"))
    for name, weight in gold.items():
        torch.testing.assert_close(taught[name], weight, atol=1e-4, rtol=1e-3)
