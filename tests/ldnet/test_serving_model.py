"""An exported model is one folder that tags as the workspace's tagger did, and says when it is not whole."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from commands.export_model import main
from ldnet.decoding.calibration import calibrate
from ldnet.errors import InputError
from ldnet.files import write_json
from ldnet.model_folder import load_model, load_model_once
from ldnet.text.columns import read_conll
from ldnet.text.lexicon import Lexicon
from pipeline.evaluation.cost import parameters_by_part
from pipeline.evaluation.finished import bulk_tagger
from pipeline.exporting.workspace import best_model
from pipeline.features.contextual import load_bidirectional_lm
from pipeline.six_taggers import TAGGERS
from pipeline.tagger.model import load_tagger
from tests.factories import make_sentences
from tests.imports import ROOT
from tests.serving_factories import make_model, make_workspace

LOAD_AND_TAG = """
import json, sys
from pathlib import Path
from ldnet.model_folder import load_model
print(json.dumps(load_model(Path(sys.argv[1])).tag(json.loads(sys.argv[2]))))
"""
SENTENCES = [sentence.words for sentence in make_sentences(30, 5)]


@pytest.mark.parametrize("name", TAGGERS)
def test_an_exported_model_tags_as_the_workspace_does_and_does_not_need_it(name: str, tmp_path: Path) -> None:
    work, metrics = make_workspace(tmp_path)
    options = ["--work", str(work), "--metrics", str(metrics), "--out", str(tmp_path / "model"), "--tagger", name]
    assert CliRunner().invoke(main, options, catch_exceptions=False).exit_code == 0
    variant, _ = TAGGERS[name]
    lm_folder = {"no_lm": None, "full": work / "lm", "pruned": work / "pruned" / "seed-1"}[variant]
    lm = load_bidirectional_lm(lm_folder) if lm_folder else None
    tagger = load_tagger(work / "tagger" / name / "seed-2")
    expected = bulk_tagger(tagger, lm, Lexicon.load(work / "conll" / "lexicon")).tag(SENTENCES)
    shutil.rmtree(work)
    shutil.move(tmp_path / "model", tmp_path / "elsewhere")
    model = load_model(tmp_path / "elsewhere")
    assert model.tag(SENTENCES) == expected
    assert (not model.bulk.packed.embeddings) == (variant == "no_lm")


def test_the_description_is_that_of_the_tagger_exported(tmp_path: Path) -> None:
    description = json.loads((make_model(tmp_path) / "model.json").read_text(encoding="utf-8"))
    assert (description["seed"], description["dev_f1"], description["test_f1"]) == (2, 81.0, 78.0)
    assert description["layers_kept"] == {"forward": [0, 1, 2], "backward": [0, 1, 2]}
    assert "grammar" in description["data_and_licence"]
    written = {path.relative_to(tmp_path / "model").as_posix() for path in (tmp_path / "model").rglob("*.*")}
    assert written == set(description["files"]) | {"model.json", "README.md"}
    assert {Path(file).suffix for file in written} == {".json", ".md", ".safetensors"}
    assert description["onnx"] is None and description["types"] == ["LOC"]


def test_a_model_knows_how_far_its_confidences_can_be_trusted(tmp_path: Path) -> None:
    folder = make_model(tmp_path)
    model = load_model(folder)
    found = calibrate(model.bulk, read_conll(tmp_path / "work" / "conll" / "dev.conll", 0, 1))
    told = model.description["confidence"]
    assert told["dev_spans"] == found.spans > 0 and model.temperature == pytest.approx(found.temperature, abs=1e-4)
    assert told["dev_error_uncalibrated"] == pytest.approx(found.error_before, abs=1e-5)
    description = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    del description["confidence"]  # as in models of other origin
    write_json(folder / "model.json", description)
    assert load_model(folder).temperature == 1.0


def test_an_export_replaces_a_model_and_nothing_else(tmp_path: Path) -> None:
    model = make_model(tmp_path)
    before = (model / "model.json").read_bytes()
    (model / "stray").touch()
    make_model(tmp_path)
    assert (model / "model.json").read_bytes() == before and not (model / "stray").exists()
    (model / "model.json").unlink()
    with pytest.raises(InputError, match="is not an exported model"):
        make_model(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["metrics", "model", "work"]


def test_metrics_of_another_run_are_refused(tmp_path: Path) -> None:
    work, metrics = make_workspace(tmp_path)
    write_json(metrics / "train_tagger_pruned.json", {"seeds": [1, 2], "dev_f1": [1.0, 2.0]})
    with pytest.raises(InputError, match="not of the same run"):
        best_model(work, metrics, "pruned")
    assert best_model(work, metrics, "pruned_taught")[1].tagger == "pruned_taught"
    with pytest.raises(InputError, match="prune: no such tagger; expected no_lm, full, pruned, no_lm_taught, full"):
        best_model(work, metrics, "prune")


def test_a_pruned_tagger_is_exported_with_the_language_models_of_its_turn(tmp_path: Path) -> None:
    work, metrics = make_workspace(tmp_path)
    report = work / "report" / "results.json"
    document = json.loads(report.read_text(encoding="utf-8"))
    again = {"forward": [1], "backward": []}
    for row in document["rows"]:
        row.update(layers_kept_again=[again], macs_per_word_of_seeds=[1000, 400])
    write_json(report, document)
    shutil.copytree(work / "pruned" / "seed-1", work / "pruned" / "seed-2")
    source, description = best_model(work, metrics, "pruned")
    assert description.seed == 2 and source.lm == work / "pruned" / "seed-2"
    assert (description.layers_kept, description.macs_per_word) == (again, 400)
    assert source.lm is not None
    parts = parameters_by_part(load_tagger(source.tagger), load_bidirectional_lm(source.lm))
    assert description.parameters == sum(parts.values()) != document["rows"][0]["parameters"]


def test_an_mlflow_model_does_not_go_into_a_folder_with_something_in_it(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["--mlflow", str(tmp_path.parent)])
    assert done.exit_code == 1 and "expected a folder that is empty or not there yet" in done.output


def delete_weights(model: Path) -> None:
    (model / "lm" / "backward" / "weights.safetensors").unlink()


def change_weights(model: Path) -> None:
    path = model / "tagger" / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")


def change_version(model: Path) -> None:
    description = json.loads((model / "model.json").read_text(encoding="utf-8"))
    write_json(model / "model.json", {**description, "version": 99})


def change_format(model: Path) -> None:
    write_json(model / "model.json", ["something else"])


def delete_description(model: Path) -> None:
    (model / "model.json").unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (delete_weights, "lm/backward/weights.safetensors: no such file; the model is incomplete"),
        (change_weights, "tagger/weights.safetensors: not the file that was exported"),
        (change_version, "model.json: expected format 'ldnet-tagger', version 1 to 2; found .*99"),
        (change_format, "model.json: expected format 'ldnet-tagger', version 1 to 2; found None"),
        (delete_description, "model.json: no such file; expected a model folder"),
    ],
)
def test_what_is_not_a_whole_model_is_refused(damage: Callable[[Path], None], message: str, tmp_path: Path) -> None:
    model = make_model(tmp_path)
    damage(model)
    with pytest.raises(InputError, match=message):
        load_model(model)


def test_another_process_in_another_folder_loads_it(tmp_path: Path) -> None:
    model = make_model(tmp_path / "here")
    expected = load_model(model).tag(SENTENCES[:3])
    shutil.move(model, tmp_path / "there")
    shutil.rmtree(tmp_path / "here")
    done = subprocess.run(
        [sys.executable, "-c", LOAD_AND_TAG, "there", json.dumps(SENTENCES[:3])],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == expected


def test_an_alias_needs_a_name() -> None:
    result = CliRunner().invoke(main, ["--alias", "champion"])
    assert result.exit_code == 1 and "--alias: expected --register" in result.output


def test_a_process_loads_a_model_once(tmp_path: Path) -> None:
    model = make_model(tmp_path)
    assert load_model_once(model, "float32") is load_model_once(model, "float32")
    assert load_model_once(model, "float32") is not load_model_once(model, "int8")
