"""The learning curve: its experiments, its document, table and figure."""

import json
import re
import subprocess
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
import yaml

from ldnet.errors import InputError
from pipeline.experiments.learning_curve import (
    Gains,
    Scores,
    Size,
    curve_section,
    read_curve,
    readme_curves,
    sizes,
)
from pipeline.experiments.stage_graph import leading_to, read_stages
from pipeline.params import Params
from pipeline.six_taggers import TRAININGS, VARIANTS
from tests.experiment_factories import (
    make_curve_document,
)
from tests.imports import ROOT


def test_all_sentences_come_last_and_commands_say_everything(params: Params) -> None:
    points = sizes(params, [0, 1000, 250], [1, 2])
    assert [point.label for point in points] == ["250-sentences", "1000-sentences", "all-sentences"]
    assert points[0].command() == (
        "dvc exp run evaluate@gold evaluate@taught -S prepare_conll.train_sentences=250 -S train_tagger.seeds=[1,2]"
    )
    assert points[0].params(params).train_tagger.seeds == [1, 2]
    assert points[2].params(params) == params  # the profile's own experiment, which is not run again
    for override, value in zip(points[0].overrides(), points[0].values().values(), strict=True):
        assert yaml.safe_load(override.partition("=")[2]) == value
    subprocess.run(["git", "check-ref-format", f"refs/exps/ab/demo-{points[0].label}-0"], check=True)
    with pytest.raises(InputError, match=r"prepare_conll\.train_sentences"):
        sizes(params, [-1], [1])
    with pytest.raises(InputError, match=r"train_tagger\.seeds"):
        sizes(params, [250], [])


def test_a_size_runs_everything_that_reads_labelled_sentences_and_no_language_model(params: Params) -> None:
    stages = leading_to(read_stages(ROOT / "dvc.yaml", ROOT / "params.yaml"), Size(250, (1,)).targets)
    own = Size(250, (1,)).stages(stages)
    trained = {f"train_{kind}" for kind in ("tagger@no_lm", "tagger@full", "taught@no_lm", "taught@full")}
    assert not [stage for stage in own if stage.startswith("pretrain_lm")]
    assert own >= {"prepare_conll", "select", "prune", "soft_targets", "evaluate@gold", "evaluate@taught", *trained}


def test_the_table_says_from_which_size_on_the_language_models_add_nothing(params: Params, tmp_path: Path) -> None:
    document = make_curve_document(params, {250: 1.0, 1000: -0.2, 0: -0.5})
    file = tmp_path / "curve_demo.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    section = curve_section(read_curve(file))
    assert '`make curve NAME=demo SIZES="250 1000 0" SEEDS="1 2"`' in section
    assert "| 9,000 | taught | 80.00 ± 0.10 | 82.00 ± 0.10 | 81.00 ± 0.10 | +2.00 " in section
    assert "not shown to be worth their cost from 1,000 sentences on" in section
    document["rows"][-1]["values"]["train_tagger.seeds"] = [1, 2, 3]
    assert "over 2 seeds (3 at 9,000 sentences)." in curve_section(document)
    for row in document["rows"]:
        row["values"]["train_tagger.seeds"] = [1]
    assert "| 9,000 | taught | 80.00 | 82.00 | 81.00 | +2.00 " in curve_section(document)
    assert "in percent, of one seed." in curve_section(document)
    uneven = curve_section(make_curve_document(params, {250: -0.1, 1000: 0.5, 4000: 0.3, 0: 0.1}))
    assert "worth more than nothing at every size tried but 250 sentences." in uneven
    gap = curve_section(make_curve_document(params, {250: -0.1, 1000: 0.5, 4000: -0.2, 0: -0.1}))
    assert "not shown to be worth their cost from 4,000 sentences on, nor with 250." in gap
    always = curve_section(make_curve_document(params, {250: 1.0, 0: 0.1}))
    assert "worth more than nothing at every size tried" in always


READ = [
    ["data"],
    ["params", "profile"],
    ["params", "generate_data"],
    ["rows"],
    *(["rows", 0, key] for key in ("sentences", "values", "command", "trainings")),
    *(["rows", 0, "values", key] for key in ("prepare_conll.train_sentences", "train_tagger.seeds")),
    *(["rows", 0, "trainings", training] for training in TRAININGS),
    *(["rows", 0, "trainings", "gold", variant] for variant in VARIANTS),
    *(["rows", 0, "trainings", "taught", "full", key] for key in Scores.model_fields),
    *(
        ["rows", 0, "trainings", "gold", "differences", name, key]
        for name in Gains.model_fields
        for key in ("test_f1", "test_f1_low", "test_f1_high")
    ),
]


@pytest.mark.parametrize("place", READ)
def test_a_document_without_a_key_is_refused(params: Params, tmp_path: Path, place: list[Any]) -> None:
    document = make_curve_document(params, {250: 1.0})
    *above, missing = place
    del reduce(getitem, above, document)[missing]
    file = tmp_path / "curve_demo.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    dotted = ".".join(map(str, place)).replace(".0.", "[0].")
    with pytest.raises(InputError, match=f"^{re.escape(f'{file}: {dotted}: missing key')}$"):
        read_curve(file)


def test_a_document_without_rows_or_seeds_is_refused(params: Params, tmp_path: Path) -> None:
    document, file = make_curve_document(params, {250: 1.0}), tmp_path / "curve_demo.json"
    document["rows"][0]["values"]["train_tagger.seeds"] = []
    file.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InputError, match=r"rows\[0\]\.values\.train_tagger\.seeds: list should have at least 1 item"):
        read_curve(file)
    file.write_text(json.dumps({**document, "rows": []}), encoding="utf-8")
    with pytest.raises(InputError, match="rows: list should have at least 1 item"):
        read_curve(file)


def test_the_readme_has_curves_of_brought_data_alone(tmp_path: Path, params: Params) -> None:
    document = make_curve_document(params, {250: 1.0, 0: -0.1})
    (tmp_path / "curve_demo.json").write_text(json.dumps(document), encoding="utf-8")
    assert readme_curves(tmp_path) == ""
    document["data"] = "brought"
    document["params"]["profile"] = "mine"
    (tmp_path / "curve_mine.json").write_text(json.dumps(document), encoding="utf-8")
    figure, told = readme_curves(tmp_path).split("\n\n")
    assert figure == "![F1 against labelled sentences](docs/curve_mine.svg)"
    assert told.startswith("* **mine** ([all numbers](docs/results.md#how-many-labelled-sentences)): On gold tags, ")
