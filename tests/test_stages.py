"""All stages by hand, one after the other, on a few sentences; and their manners when something is wrong."""

import importlib
import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from tests.factories import make_sentences

STAGES = [
    "generate_data",
    "prepare_conll",
    "prepare_corpus",
    "pretrain_lm",
    "train_tagger",
    "select_layers",
    "prune",
    "evaluate",
    "report",
]


def run(stage: str, *arguments: str) -> Result:
    return CliRunner().invoke(importlib.import_module(f"stages.{stage}").main, list(arguments))


def tiny_params(folder: Path) -> Path:
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    params["corpus"].update(min_count=1, heldout_sentences=20)
    params["lm"].update(layers=2, units=4, embedding=5, projection=8, cutoffs=[4], streams=4, steps=5)
    params["tagger"].update(
        seeds=[1], word_dimension=6, character_dimension=4, character_units=5, word_units=6, epochs=2
    )
    params["select"].update(max_layers=1, epochs=2, enforce_epoch=1)
    path = folder / "params.yaml"
    path.write_text(yaml.safe_dump(params), encoding="utf-8")
    return path


def write_raw(raw: Path) -> None:
    (raw / "lm").mkdir(parents=True)
    for seed, split in enumerate(("train", "dev", "test"), 1):
        sentences = make_sentences(40, seed)
        lines = ["".join(f"{w} {t}\n" for w, t in zip(s.words, s.tags, strict=True)) + "\n" for s in sentences]
        (raw / f"{split}.txt").write_text("".join(lines).replace("S-", "B-"), encoding="utf-8")
    text = "\n".join(" ".join(sentence.words) for sentence in make_sentences(400, 9))
    (raw / "lm" / "a.txt").write_text(text, encoding="utf-8")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    write_raw(tmp_path / "raw")
    return tmp_path


def test_the_whole_chain(root: Path) -> None:
    params = ("--params", str(tiny_params(root)))

    def path(name: str) -> str:
        return str(root / name)

    def stage(name: str, *arguments: str) -> None:
        result = run(name, *params, *arguments)
        assert result.exit_code == 0, (name, result.output, result.exception)

    def metrics(name: str) -> tuple[str, str]:
        return ("--metrics", path(f"metrics/{name}.json"))

    def train(variant: str, *options: str) -> None:
        out = ("--out", path(f"tagger/{variant}"), "--curve", path(f"curves/train_tagger_{variant}.csv"))
        data = ("--variant", variant, "--conll", path("conll"))
        stage("train_tagger", *data, *options, *out, *metrics(f"train_tagger_{variant}"))

    raw = ("--raw", path("raw"))
    stage("prepare_conll", *raw, "--out", path("conll"), *metrics("prepare_conll"))
    hashes = ("--test-hashes", path("conll/test_hashes.txt"))
    stage("prepare_corpus", *raw, *hashes, "--out", path("corpus"), *metrics("prepare_corpus"))
    for direction in ("forward", "backward"):
        out = ("--out", path(f"lm/{direction}"), "--curve", path(f"curves/pretrain_lm_{direction}.csv"))
        data = ("--direction", direction, "--corpus", path("corpus"))
        stage("pretrain_lm", *data, *out, *metrics(f"pretrain_lm_{direction}"))
    lm = ("--lm", path("lm"))
    train("no_lm")
    train("full", *lm)
    out = ("--out", path("selection"), "--curve", path("curves/select_layers.csv"))
    conll = ("--conll", path("conll"))
    stage("select_layers", *conll, *lm, "--tagger", path("tagger/full"), *out, *metrics("select_layers"))
    stage("prune", *conll, *lm, "--selection", path("selection"), "--out", path("pruned"), *metrics("prune"))
    train("pruned", "--lm", path("pruned"), "--start", path("pruned/tagger"))
    folders = ("--taggers", path("tagger"), "--pruned", path("pruned"), "--dev-metrics", path("metrics"))
    stage("evaluate", *conll, *lm, *folders, "--out", path("predictions"), *metrics("evaluate"))
    stage("report", "--metrics", path("metrics"), "--curves", path("curves"), "--out", path("report"))

    results = json.loads((root / "report" / "results.json").read_text(encoding="utf-8"))
    rows = {row["variant"]: row for row in results["rows"]}
    assert set(rows) == {"no_lm", "full", "pruned"}
    kept = json.loads((root / "metrics" / "select_layers.json").read_text(encoding="utf-8"))["layers_kept"]
    assert rows["pruned"]["layers_kept"] == kept and sum(map(len, kept.values())) <= 1
    assert rows["no_lm"]["macs_per_word"] < rows["pruned"]["macs_per_word"] < rows["full"]["macs_per_word"]
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
        (
            "pretrain_lm",
            ["--direction", "forward", "--corpus", "c", "--out", "o", "--metrics", "m", "--curve", "v"],
            "prepare_corpus",
        ),
        (
            "select_layers",
            ["--conll", "c", "--lm", "l", "--tagger", "t", "--out", "o", "--metrics", "m", "--curve", "v"],
            "train_tagger",
        ),
        ("pretrain_lm", ["--params", "gone.yaml", "--direction", "forward"], "Missing option"),
    ],
)
def test_what_is_missing_is_said_in_one_line(root: Path, stage: str, arguments: list[str], message: str) -> None:
    result = run(stage, *arguments)
    assert result.exit_code != 0 and message in result.output
    assert "Traceback" not in result.output
