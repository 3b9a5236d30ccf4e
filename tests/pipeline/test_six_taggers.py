"""What the six taggers are called, and which language models each of them reads."""

from pathlib import Path, PurePosixPath

import yaml

from pipeline.experiments.stage_graph import read_stages
from pipeline.profiles import load_profile
from pipeline.six_taggers import SHIPPED, TAGGERS, language_models_of, lm_stage_of, metrics_name, stage_of, tagger_name
from tests.imports import ROOT

NAMES = ["no_lm", "full", "pruned", "no_lm_taught", "full_taught", "pruned_taught"]


def test_names_are_those_of_the_pipeline() -> None:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    text = str([stages[name] for name in ("train_tagger", "train_taught", "train_pruned", "evaluate")])
    assert list(TAGGERS) == NAMES and SHIPPED in NAMES
    assert all(tagger_name(*of) == name for name, of in TAGGERS.items())
    assert metrics_name("no_lm", "gold") == "train_tagger_no_lm" and "train_tagger_no_lm${item.ending}" in text
    assert metrics_name("pruned", "taught") == "train_tagger_pruned_taught"
    assert [variant for variant, _ in TAGGERS.values()] == ["no_lm", "full", "pruned"] * 2
    assert [training for _, training in TAGGERS.values()] == ["gold"] * 3 + ["taught"] * 3


def test_stages_are_those_that_make_the_folders() -> None:
    stages = read_stages(ROOT / "dvc.yaml", ROOT / "params.yaml")
    for name, (variant, training) in TAGGERS.items():
        makers = [stage.name for stage in stages if PurePosixPath(f"work/tagger/{name}") in stage.outs]
        assert makers == [stage_of(variant, training)]
        [trainer] = [stage for stage in stages if stage.name in makers]
        lms = {"prune": "work/pruned", "pretrain_lm": "work/lm"}[lm_stage_of(variant)]
        read = [str(path) for path in trainer.deps if str(path).startswith(("work/pruned", "work/lm"))]
        assert all(path.startswith(lms) for path in read) and bool(read) == (variant != "no_lm")


def test_pruned_taggers_take_turns_with_the_selections() -> None:
    params = load_profile(ROOT / "profiles", "demo")
    params = params.model_copy(
        update={
            "train_tagger": params.train_tagger.model_copy(update={"seeds": [5, 6, 7]}),
            "select": params.select.model_copy(update={"repeats": 2}),
        }
    )
    assert language_models_of("full", Path("lm"), params) == [Path("lm")] * 3
    assert language_models_of("pruned", Path("p"), params) == [Path("p/seed-5"), Path("p/seed-6"), Path("p/seed-5")]
