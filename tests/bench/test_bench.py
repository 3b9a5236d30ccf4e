"""The baseline computes what the product computes; the harness writes a well-formed results file."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from bench import data as data_module
from bench import measuring
from bench.baseline.batches import Encoded, look_up, make_batch
from bench.baseline.language_model import LanguageModel
from bench.baseline.tagger import Tagger, Training, penalty, tag
from bench.checks import Check
from bench.measuring import measure, summarise
from bench.rows import ROWS, Row, Side, Work
from bench.run import publish
from bench.table import speed_section
from ldnet.errors import InputError
from pipeline.features.contextual import BidirectionalLM, live_features
from pipeline.pruning.pruning import prune_bidirectional_lm, prune_tagger
from pipeline.publishing.filled_pages import fill_sections
from pipeline.selection import regularised_gates as regularisers
from pipeline.tagger.batches import collate
from pipeline.tagger.tagging_data import TaggingData
from tests.factories import WORDS, make_bidirectional_lm, make_data, make_language_model, make_tagger
from tests.imports import ROOT

TOLERANCE = {"atol": 1e-5, "rtol": 0.0}
GATES = torch.tensor([0.0, 0.7, 1.0, 0.4, 0.0, 0.2])


def encode(data: TaggingData, lm: BidirectionalLM | None) -> list[Encoded]:
    index = lm.known.index if lm else {}
    return [look_up(sentence.words, sentence.tags, data.lexicon, index) for sentence in data.train]


def check_emissions(baseline: Tagger, ours: torch.Tensor, encoded: Sequence[Encoded], data: TaggingData) -> None:
    scores = baseline(make_batch(encoded, data.lexicon))
    emissions = (scores - baseline.crf.transitions)[:, :, 0].transpose(0, 1)
    for index, sentence in enumerate(encoded):
        steps = len(sentence.words) + 1
        torch.testing.assert_close(emissions[index, :steps], ours[index, :steps], **TOLERANCE)


@pytest.mark.parametrize("kind", ["no_lm", "full", "gated", "pruned"])
@torch.no_grad()
def test_baseline_gives_the_products_scores_and_tags(kind: str) -> None:
    data = make_data(train=25)
    lm = None if kind == "no_lm" else make_bidirectional_lm()
    tagger = make_tagger(data.lexicon, sum(lm.widths) if lm else 0, lm_norm=False)
    baseline = Tagger(tagger, lm).eval()
    if kind in ("gated", "pruned"):
        baseline.set_gates(GATES)
    gates = GATES if kind == "gated" else None
    if lm is not None and kind == "pruned":
        baseline.delete_layers()
        assert [len(model.rnn.layers) for model in (baseline.forward_lm, baseline.backward_lm)] == [2, 2]
        lm, kept = prune_bidirectional_lm(lm, {"forward": GATES[:3], "backward": GATES[3:]})
        tagger = prune_tagger(tagger, kept)
    encoded = encode(data, lm)
    batch = collate(data.encoded_train)
    features = live_features(lm, data.words, gates)(range(25)) if lm else None
    check_emissions(baseline, tagger.emissions(batch, features), encoded, data)
    expected = [[data.lexicon.tags[number] for number in path] for path in tagger.decode(batch, features)]
    assert tag(baseline, encoded, data.lexicon) == expected


@pytest.mark.parametrize("gated", [False, True])
def test_baseline_gives_the_products_loss_of_a_training_step(gated: bool) -> None:
    data, lm = make_data(train=10), make_bidirectional_lm()
    tagger = make_tagger(data.lexicon, sum(lm.widths), lm_norm=False)
    baseline = Tagger(tagger, lm)
    baseline.dropout = 0.0
    for model in (baseline.forward_lm, baseline.backward_lm):
        model.dropout = model.rnn.dropout = 0.0
    gates = torch.full((6,), 0.8, requires_grad=True)
    if gated:
        baseline.set_gates(gates.detach())
    features = live_features(lm, data.words, gates if gated else None)(range(10))
    loss = tagger(collate(data.encoded_train), features)
    training = Training(baseline, data.lexicon, 0.05 if gated else None, max_layers=2)
    before = baseline.word_embedding.weight.clone()
    assert training.step(encode(data, lm)) == pytest.approx(loss.item(), abs=1e-5)
    assert not torch.equal(baseline.word_embedding.weight, before)
    if gated:
        (loss + 0.05 * regularisers.penalty("r3", gates, 2)).backward()
        norm = torch.nn.utils.clip_grad_norm_([*tagger.parameters(), gates], 5.0)
        assert norm > 0 and gates.grad is not None
        expected = (gates.detach() - 0.015 * gates.grad).clamp(0, 1)
        torch.testing.assert_close(baseline.gates.detach(), expected, **TOLERANCE)


def test_baseline_penalty_is_the_products() -> None:
    for max_layers in (2, 6):
        expected = regularisers.penalty("r3", GATES, max_layers)
        torch.testing.assert_close(penalty(GATES, max_layers), expected)


@torch.no_grad()
def test_baseline_gives_the_products_language_model_loss_and_carries_its_state() -> None:
    model = make_language_model()
    baseline = LanguageModel(model).eval()
    tokens = torch.randint(len(WORDS), (7, 3), generator=torch.Generator().manual_seed(1))
    state = baseline_state = None
    for _ in range(2):
        loss, state = model(tokens[:-1], tokens[1:], state)
        ours, baseline_state = baseline(tokens[:-1], tokens[1:], baseline_state)
        torch.testing.assert_close(ours, loss, **TOLERANCE)


# What the processes of the fake rows do: they find these functions by their names.
def fast(folder: Path) -> Work:
    assert folder.is_dir()
    return lambda amount: 300 * busy(amount)


def slow(folder: Path) -> Work:
    assert folder.is_dir()
    return lambda amount: 100 * busy(amount)


def busy(amount: int) -> int:
    time.sleep(0.001 * amount)
    return amount


def broken(folder: Path) -> Work:
    raise InputError(f"{folder}: nothing there")


def equal(folder: Path) -> Check:
    return Check(0.0, 2.0)


def different(folder: Path) -> Check:
    return Check(2e-4, None)


def make_row(name: str = "fake", baseline: Side | None = None, **changes: Any) -> Row:
    values = {"what": "a fake", "unit": "words/s", "goal": 2, "product": Side(fast, 1, 2, 1), "check": equal}
    return Row(**{"name": name, "baseline": baseline, "how": "asleep", **values, **changes})


def test_a_measurement_is_well_formed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "GEMM_SECONDS", 0.1)
    result = measure(make_row(baseline=Side(slow, 1)), tmp_path, pairs=3, seconds=0.01)
    assert result["runs"] == 3 and result["goal"] == 2 and result["largest_difference"] == 0.0
    assert all(result[key] > 0 for key in ("product", "baseline", "ratio", "gemm_float32_gflops"))
    assert set(result) >= {"name", "what", "unit", "how", "gflops", "share_of_gemm_float32"}


def test_ratios_are_taken_pair_by_pair() -> None:
    runs = {"product": [10.0, 40.0, 90.0], "baseline": [10.0, 20.0, 30.0], "gemm_float32": [1e9, 2e9, 3e9]}
    result = summarise(make_row(), Check(1e-6, 1e9), runs)
    assert (result["product"], result["baseline"], result["ratio"]) == (40.0, 20.0, 2.0)
    assert (result["gflops"], result["gemm_float32_gflops"], result["share_of_gemm_float32"]) == (40.0, 2.0, 20.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"check": different}, r"differ by 2\.0e-04, expected at most 1e-04"), ({"product": Side(broken, 1)}, "early")],
)
def test_different_outputs_and_ended_processes_are_errors(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        measure(make_row(**changes), tmp_path, pairs=1, seconds=0.01)


def make_result(name: str, product: float, baseline: float | None) -> dict[str, Any]:
    runs = {"product": [product]} | ({"baseline": [baseline]} if baseline else {})
    row = summarise(make_row(name, what=name), Check(None, None), runs)
    return {**row, "data": "sentences", "machine": "a machine", "git_commit": "0"}


def test_results_are_written_and_the_page_filled(tmp_path: Path) -> None:
    results, page = tmp_path / "speed.json", tmp_path / "speed.md"
    page.write_text("a\n<!-- speed:begin -->\n<!-- speed:end -->\nb\n", encoding="utf-8")
    for measured in (("tagger-training", 2000.0, 100.0), ("encoding", 3e6, None), ("feature-table", 100.0, None)):
        publish(make_result(*measured), results, page)  # the rows measured before stay
    rows = {row["name"]: row for row in json.loads(results.read_text(encoding="utf-8"))}
    assert list(rows) == ["tagger-training", "feature-table", "encoding"]
    assert set(rows["encoding"]) >= {"what", "product", "baseline", "unit", "ratio", "goal", "runs"}
    # A word costs 1/2000 s, and 1/100 s once in 100 epochs.
    assert rows["tagger-training"]["ratio_with_table"] == pytest.approx(20 / 1.2, abs=1e-3)
    text = page.read_text(encoding="utf-8")
    assert "| tagger-training | 2,000 | 100 | words/s | 20.00 | 2 |" in text
    assert text.startswith("a\n") and text.endswith("b\n")


def test_the_committed_speed_table_is_made_from_the_results() -> None:
    text, path = (ROOT / "docs" / "speed.md").read_text(encoding="utf-8"), ROOT / "results" / "speed.json"
    rows = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    assert fill_sections(text, {"speed": speed_section(rows)}, "speed.md") == text


def test_missed_goals_are_said() -> None:
    """The goal of every row here is 2: twice the baseline, or two words a second where there is none."""
    rows = [make_result("slow", 199.0, 100.0), make_result("fast", 200.0, 100.0), make_result("rate", 1.0, None)]
    text = speed_section(rows)
    assert "Goals that are missed: slow (1.99, goal 2); rate (1, goal 2).\n" in text
    assert "missed" not in speed_section(rows[1:2])


def test_all_data_machines_and_commits_are_said() -> None:
    rows = [make_result("a", 1.0, None), make_result("b", 1.0, None), make_result("c", 1.0, None)]
    rows[1].update(data="other sentences", machine="another machine", git_commit=None)
    said = "Sentences: sentences and other sentences. Machine: a machine and another machine, two cores for each side."
    assert f"{said} Commit: 0, unknown." in speed_section(rows)


def test_row_names_are_distinct() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_data_is_generated_where_none_has_been_brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_module, "GRAMMAR", data_module.GRAMMAR.model_copy(update={"train_sentences": 20}))
    assert data_module.prepare_data(tmp_path / "nothing", tmp_path) == "generated sentences"
    data = data_module.BenchData.load(tmp_path)
    assert len(data.tagging.train) == 20 and len(data.words(50)) == 50 and len(data.slice(7).train) == 7
    assert data.corpus(1000).shards[0].shape == (1000,)
