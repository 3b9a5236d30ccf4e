"""The ablations' stages on a few sentences, each number against another way to it; document, tables and figure."""

import copy
import importlib
import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from click.testing import CliRunner
from torch import Tensor

from ablations import architectures
from ablations.detaching import without_layers
from ablations.figure import ablation_figure
from ablations.language_models import find_candidate
from ablations.report import (
    ablations_document,
    ablations_section,
    f1_changes,
    perplexity_ratios,
    read_ablations,
)
from ablations.stages import pretrain_lm
from ablations.taggers import Ablation, layers_to_keep, prune_taggers, remembered, score_rows, train_once, training_jobs
from commands import ablations
from ldnet.errors import InputError
from ldnet.files import write_bytes, write_json
from ldnet.text.columns import write_conll
from pipeline.evaluation.conlleval import count_file, f1
from pipeline.evaluation.evaluation import write_predictions
from pipeline.features.contextual import live_features
from pipeline.params import Params, experiment_values, load_params
from pipeline.pretraining.lm_training import perplexity
from pipeline.profiles import load_profile
from pipeline.report.figure_files import save_figure
from pipeline.tagger.batches import collate, encode_sentence
from pipeline.tagger.model import load_tagger
from pipeline.tagger.seeds import TrainingJob
from pipeline.tagger.tagging_data import load_tagging_data
from pipeline.tagger.training import score_dev
from tests.factories import WORDS, make_lexicon, make_sentences, make_tagger_params
from tests.one_process import in_one_process
from tests.report_factories import PROJECT, make_params
from tests.tracking_stand_in import no_sender

SENTENCES = {split: make_sentences(40, seed) for seed, split in enumerate(("train", "dev", "test"), 1)}
CANDIDATES = {
    "dense": {"architecture": "dense", "layers": 3, "units": 4, "layer_dropout": 0.5, "keep_layers": 2},
    "residual": {"architecture": "residual", "layers": 2, "units": 5, "layer_dropout": 0.0, "keep_layers": 2},
}


def run(stage: str, *arguments: str) -> None:
    result = CliRunner().invoke(importlib.import_module(stage).main, list(arguments))
    assert result.exit_code == 0, (stage, result.output, result.exception)


def write_corpus(folder: Path) -> None:
    folder.mkdir()
    ids = [2 + step % 9 if step % 10 else 1 for step in range(2000)]  # words follow each other in one order
    np.save(folder / "train-000.npy", np.array(ids, dtype=np.int32))
    np.save(folder / "heldout.npy", np.array(ids[:300], dtype=np.int32))
    np.save(folder / "vectors.npy", np.zeros((0, 0), dtype=np.float32))
    write_json(folder / "vocabulary.json", WORDS)


def write_params(path: Path) -> None:
    params = yaml.safe_load((PROJECT / "profiles/base.yaml").read_text(encoding="utf-8"))
    params["pretrain_lm"].update(
        embedding=5, projection=8, cutoffs=[4], streams=4, steps=5, learning_rate=0.03, warmup_steps=5
    )
    params["train_tagger"].update(word_dimension=6, character_dimension=4, character_units=5, word_units=6)
    params["train_tagger"].update(precision="bfloat16", learning_rate=0.01, batch_sentences=4, dropout=0.1)
    params["ablations"].update(tokens=1500, epochs=2, heldout_tokens=200)
    params["ablations"].update(seeds=[1, 2], tagger_epochs=9, pruned_epochs=1)
    params["ablations"]["candidates"] = CANDIDATES
    path.write_text(yaml.safe_dump(params), encoding="utf-8")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all stages have run for both candidates."""
    folder = tmp_path_factory.mktemp("ablations")
    write_corpus(folder / "corpus")
    write_params(folder / "params.yaml")
    for split, sentences in SENTENCES.items():
        write_conll(folder / "conll" / f"{split}.conll", sentences)
    make_lexicon(SENTENCES["train"]).save(folder / "conll" / "lexicon")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DVC_ROOT", str(folder))
        patch.setattr("pipeline.execution.processes.processors", lambda: 1)
        in_one_process(patch)
        patch.setattr("pipeline.tracking._start_sender", no_sender)
        for candidate in CANDIDATES:
            given = ("--params", str(folder / "params.yaml"), "--candidate", candidate)
            models, metrics = folder / candidate, folder / "metrics"
            lm, taggers = (str(models / name) for name in ("lm", "taggers"))
            lm_metrics, tagger_metrics = (str(metrics / f"{name}_{candidate}.json") for name in ("lm", "taggers"))
            conll = ("--conll", str(folder / "conll"), "--lm", lm)
            corpus = ("--corpus", str(folder / "corpus"))
            run("ablations.stages.pretrain_lm", *given, *corpus, "--out", lm, "--metrics", lm_metrics)
            hidden = (folder / "conll" / "test.conll").rename(folder / "test.conll")  # only the last stage may read it
            run("ablations.stages.train_taggers", *given, *conll, "--out", taggers, "--metrics", tagger_metrics)
            hidden.rename(folder / "conll" / "test.conll")
            read = ("--taggers", taggers, "--lm-metrics", lm_metrics, "--tagger-metrics", tagger_metrics)
            out = ("--metrics", str(metrics / f"evaluate_{candidate}.json"))
            run("ablations.stages.evaluate", *given, *conll, *read, *out)
    assert not list((folder / ".checkpoints").iterdir()), "nothing is left of finished trainings"
    return folder


def measured(root: Path, candidate: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / "metrics" / f"evaluate_{candidate}.json").read_text(encoding="utf-8"))
    return found


def ablation_of(root: Path, name: str) -> Ablation:
    ablations, candidate = find_candidate(load_params(root / "params.yaml"), name)
    folders = {"conll": root / "conll", "lm": root / name / "lm", "taggers": root / name / "taggers"}
    return Ablation(**folders, candidate=candidate, seeds=ablations.seeds, threads=1)


def test_perplexity_is_that_of_the_saved_model_with_a_gate_closed(root: Path) -> None:
    lm = architectures.load(root / "dense" / "lm", "dense")
    heldout = np.load(root / "corpus" / "heldout.npy")[:200]
    for direction, model in (("forward", lm.forward_lm), ("backward", lm.backward_lm)):
        found = measured(root, "dense")["lm"][direction]
        reverse = direction == "backward"
        assert found["perplexity"] == pytest.approx(perplexity(model, heldout, reverse=reverse), abs=1e-3)
        assert perplexity(model, heldout, reverse=not reverse) > 1.2 * found["perplexity"]  # it has read the other way
        for layer, without in enumerate(found["perplexity_without_layer"]):
            gates = torch.ones(3)
            gates[layer] = 0.0
            gated = copy.copy(model)
            gated.represent = partial(model.represent, gates=gates)  # type: ignore[method-assign]
            assert without == pytest.approx(perplexity(gated, heldout, reverse=reverse), abs=1e-3)
        assert found["tokens"] == 2 * 1480 and found["macs_per_word"] == sum(4 * 4 * (5 + 4 * k + 4) for k in range(3))


def test_dev_f1_is_that_of_the_saved_taggers_with_a_gate_closed(root: Path) -> None:
    """Also where they were trained in bfloat16: all is scored in float32."""
    ablation, found = ablation_of(root, "dense"), measured(root, "dense")
    data, lm = load_tagging_data(root / "conll"), ablation.load_lm()
    taggers = [load_tagger(root / "dense" / "taggers" / "all_layers" / f"seed-{seed}") for seed in (1, 2)]

    def dev_f1(gates: Tensor) -> list[float]:
        return [score_dev(tagger, data, live_features(lm, data.words, gates)) for tagger in taggers]

    assert found["rows"]["all_layers"]["dev_f1"] == pytest.approx(dev_f1(torch.ones(6)), abs=1e-3)
    missed = []
    for index in range(6):
        gates = torch.ones(6)
        gates[index] = 0.0
        without = found["dev_f1_without_layer"][("forward", "backward")[index // 3]][index % 3]
        assert without == pytest.approx(sum(dev_f1(gates)) / 2, abs=1e-3)
        missed.append((without, index % 3, -index))  # of equal ones, the lower layer, then the backward one
    gates = torch.zeros(6)
    gates[[-negative for _, _, negative in sorted(missed)[:2]]] = 1.0
    kept = {
        direction: part.nonzero().flatten().tolist()
        for direction, part in zip(("forward", "backward"), gates.chunk(2), strict=True)
    }
    assert found["layers_kept"] == kept
    assert found["rows"]["pruned"]["dev_f1"] == pytest.approx(dev_f1(gates), abs=1e-3)


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_test_f1_is_that_of_written_predictions(root: Path, candidate: str, tmp_path: Path) -> None:
    found, ablation = measured(root, candidate), ablation_of(root, candidate)
    data, lm = load_tagging_data(root / "conll"), ablation.load_lm()
    sentences = SENTENCES["test"]
    removed = {
        direction: [layer for layer in range(ablation.candidate.layers) if layer not in kept]
        for direction, kept in found["layers_kept"].items()
    }
    left, _ = without_layers(lm, removed)
    for row in found["rows"]:
        tagger, predicted = ablation.load_tagger(row, 2), []
        for sentence in sentences:
            batch = collate([encode_sentence(sentence.words, (), data.lexicon)])
            features = live_features(left if row in ("pruned", "retrained") else lm, [sentence.words])([0])
            (path,) = tagger.decode(batch, features)
            predicted.append(data.lexicon.tag_names(path))
        write_predictions(tmp_path / row, sentences, predicted)
        by_conlleval = float(f1(count_file(tmp_path / row).sum(0)))
        assert found["rows"][row]["test_f1"][1] == pytest.approx(by_conlleval, abs=1e-3), row


def test_retraining_starts_from_the_pruned_tagger_of_its_seed(root: Path, tmp_path: Path) -> None:
    """Here at a rate that is next to nothing."""
    shutil.copytree(root / "dense" / "taggers" / "all_layers", tmp_path / "all_layers")
    ablation = replace(ablation_of(root, "dense"), taggers=tmp_path)
    left = prune_taggers(ablation, {"forward": [0, 2], "backward": [1]})
    params = make_tagger_params(learning_rate=1e-9)
    for job in training_jobs(ablation, left, "retrained", params, tmp_path / "table"):
        train_once(job, start=tmp_path / "pruned")
    for seed in (1, 2):
        pruned, retrained = (load_tagger(tmp_path / row / f"seed-{seed}") for row in ("pruned", "retrained"))
        torch.testing.assert_close(retrained.state_dict(), pruned.state_dict(), atol=1e-5, rtol=0)


def test_layers_as_wide_as_the_embedding_are_mixed_too(root: Path) -> None:
    assert set(measured(root, "dense")["rows"]) == {"all_layers", "pruned", "retrained"}
    rows = measured(root, "residual")["rows"]
    assert set(rows) == {"all_layers", "scalar_mix", "pruned", "retrained"}
    assert rows["scalar_mix"]["lm_macs_per_word"] == 2 * 2 * 4 * 5 * (5 + 5)
    assert rows["pruned"]["lm_macs_per_word"] == 2 * 4 * 5 * (5 + 5)
    assert all(len(row["test_f1"]) == 2 for row in rows.values())


def test_layers_are_kept_that_are_missed_most() -> None:
    without = {"forward": [90.0, 80.0, 85.0], "backward": [80.0, 88.0, 70.0]}
    assert layers_to_keep(without, 1) == {"forward": [], "backward": [2]}
    assert layers_to_keep(without, 2) == {"forward": [], "backward": [0, 2]}  # of equal ones, the lower
    assert layers_to_keep(without, 4) == {"forward": [1, 2], "backward": [0, 2]}


def test_rows_are_scored_with_the_layers_that_they_read(root: Path) -> None:
    """With all layers kept, a pruned tagger would not fit its features."""
    everything = {direction: [0, 1, 2] for direction in ("forward", "backward")}
    with pytest.raises(RuntimeError, match="shape"):
        score_rows(ablation_of(root, "dense"), ["pruned"], everything, load_tagging_data(root / "conll"))


def test_a_tagger_that_is_there_is_not_trained_again(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []

    def train(job: TrainingJob) -> None:
        started.append(job.seed)
        job.out.mkdir(parents=True)
        if job.seed == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("ablations.taggers.train_seed", train)
    ablation = replace(ablation_of(root, "dense"), taggers=tmp_path)
    params = make_tagger_params()
    jobs = training_jobs(ablation, ablation.load_lm(), "all_layers", params, tmp_path / "table")
    assert [job.seed for job in jobs] == params.seeds == [1, 2]
    with pytest.raises(KeyboardInterrupt):
        list(map(train_once, jobs))
    (tmp_path / "all_layers" / "seed-2.part").rmdir()
    with pytest.raises(KeyboardInterrupt):
        list(map(train_once, jobs))
    assert started == [1, 2, 2] and (tmp_path / "all_layers" / "seed-1").is_dir()
    assert not (tmp_path / "all_layers" / "seed-2").exists()


def test_remembered_features_are_computed_once() -> None:
    calls = []

    def features(indices: Any) -> Tensor:
        calls.append(list(indices))
        return torch.tensor(indices)

    remember = remembered(features)
    assert remember([1, 2]).tolist() == remember([1, 2]).tolist() == [1, 2]
    assert remember([2]).tolist() == [2] and calls == [[1, 2], [2]]


def test_candidates_that_are_not_there_or_do_not_fit(root: Path) -> None:
    params = load_params(root / "params.yaml")
    with pytest.raises(InputError, match="profiles/base"):
        find_candidate(params.model_copy(update={"ablations": None}), "dense")
    with pytest.raises(InputError, match=r"candidates\.wide: missing; there are dense, residual"):
        find_candidate(params, "wide")
    with pytest.raises(InputError, match=r"residual\.units: expected 6, as pretrain_lm\.embedding"):
        wide = params.pretrain_lm.model_copy(update={"embedding": 6})
        find_candidate(params.model_copy(update={"pretrain_lm": wide}), "residual")


def test_an_experiment_does_without_ablations(root: Path, tmp_path: Path) -> None:
    values = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
    del values["ablations"]
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    params = load_params(tmp_path / "params.yaml")
    assert params.ablations is None and experiment_values(params) == values


@pytest.fixture
def document(root: Path) -> dict[str, Any]:
    params = make_params()
    params["ablations"]["candidates"] = CANDIDATES
    metrics = {f"evaluate_{candidate}": measured(root, candidate) for candidate in CANDIDATES}
    return ablations_document(params, metrics, "0123abc")


def test_document_tables_and_figure(document: dict[str, Any], tmp_path: Path) -> None:
    write_json(tmp_path / "ablations_demo.json", document)
    read = read_ablations(tmp_path / "ablations_demo.json")
    assert read == json.loads(json.dumps(document))
    section = ablations_section(read)
    assert "make ablations NAME=demo" in section and "2,960 tokens" in section
    assert "| residual | scalar mix of all layers | all | all |" in section
    assert "| residual | pruned, trained again |" in section and "seeds 1, 2)" in section
    candidate = document["candidates"]["dense"]
    backward = candidate["lm"]["backward"]
    ratio = backward["perplexity_without_layer"][2] / backward["perplexity"]
    assert perplexity_ratios(candidate)[1][2] == pytest.approx(ratio)
    worst = max(ratio for of_direction in perplexity_ratios(candidate) for ratio in of_direction)
    assert f"| {worst:.2f} x |" in section
    change = candidate["dev_f1_without_layer"]["forward"][0] - candidate["rows"]["all_layers"]["dev_f1_mean"]
    assert f1_changes(candidate)[0][0] == pytest.approx(change)
    save_figure(ablation_figure(document), tmp_path / "figure.svg")
    assert (tmp_path / "figure.svg").stat().st_size > 10_000


def test_a_document_without_a_key_is_refused(document: dict[str, Any], tmp_path: Path) -> None:
    del document["candidates"]["dense"]["lm"]["forward"]["perplexity"]
    write_json(tmp_path / "ablations_demo.json", document)
    with pytest.raises(InputError, match=r"candidates\.dense\.lm\.forward\.perplexity"):
        read_ablations(tmp_path / "ablations_demo.json")


def test_a_published_file_gives_the_same_figure_again(
    document: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_bytes(Path("docs/ablations.md"), b"<!-- ablations:begin -->\n<!-- ablations:end -->\n")
    for candidates in (document["candidates"], dict(reversed(document["candidates"].items()))):
        file = ablations.ABLATIONS.publish({**document, "candidates": candidates})
        drawn = Path(f"docs/{file.stem}.svg").read_bytes()
        ablations.ABLATIONS.publish(read_ablations(file))
        assert Path(f"docs/{file.stem}.svg").read_bytes() == drawn


def test_command_runs_the_pipeline_and_publishes(
    document: dict[str, Any], root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[Any] = []
    monkeypatch.setattr(ablations, "run_side_by_side", ran.extend)
    monkeypatch.setattr(ablations, "check_data", lambda *_: None)
    monkeypatch.setattr(ablations, "end_on_signals", lambda: None)
    monkeypatch.setattr(ablations, "code_version", lambda: "0123abc")
    monkeypatch.setattr(ablations, "PARAMS", root / "params.yaml")
    monkeypatch.setattr(ablations, "METRICS", root / "metrics")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/ablations.md").write_text("<!-- ablations:begin -->\n<!-- ablations:end -->\n", encoding="utf-8")
    result = CliRunner().invoke(ablations.main, [])
    assert result.exit_code == 0, result.output
    assert ran == [["dvc", "--wait-for-lock", "--cd", "ablations", "repro"]]
    assert read_ablations(tmp_path / "results/ablations_demo.json")["candidates"] == document["candidates"]
    assert (tmp_path / "docs/ablations_demo.svg").is_file()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"architecture": "stacked", "units": 5, "layer_dropout": 0.5}, "layer_dropout: expected 0"),
        ({"keep_layers": 7}, "keep_layers: expected 1 to 6"),
        ({"architecture": "sparse"}, "expected one of dense, stacked, residual"),
    ],
)
def test_candidates_that_cannot_be_are_refused(
    root: Path, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    params = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
    params["ablations"]["candidates"]["dense"].update(change)
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(params), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        load_params(path)


def test_profiles_compare_models_of_about_equal_size() -> None:
    def parameters(params: Params, name: str) -> int:
        assert params.ablations
        candidate, width = params.ablations.candidates[name], params.pretrain_lm.embedding
        if candidate.architecture == "dense":
            layers = range(candidate.layers)
            return sum(4 * candidate.units * (width + (layer + 1) * candidate.units + 2) for layer in layers)
        return candidate.layers * 4 * width * (2 * width + 2)

    for profile in ("demo", "conll2000", "conll2003", "paper"):
        params = load_profile(PROJECT / "profiles", profile)
        assert params.ablations
        ablations = yaml.safe_load((PROJECT / "ablations/dvc.yaml").read_text(encoding="utf-8"))["stages"]
        assert all(set(stage["foreach"]) == set(params.ablations.candidates) for stage in ablations.values())
        sizes = {name: parameters(params, name) for name in params.ablations.candidates}
        assert all(size == pytest.approx(sizes["dense"], rel=0.05) for size in sizes.values()), (profile, sizes)


@pytest.mark.parametrize("key", ["tokens", "heldout_tokens", "epochs"])
def test_checkpoints_of_language_models_belong_to_their_parameters(key: str, tmp_path: Path) -> None:
    def inputs(value: int) -> dict[str, Any]:
        params = copy.deepcopy(make_params())
        params["ablations"][key] = value
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
        return dict(pretrain_lm.computation(tmp_path / "params.yaml", "dense", tmp_path).inputs)

    assert inputs(2000) != inputs(2001)
