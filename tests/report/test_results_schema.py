"""What a results document and its metrics must have."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest

from ldnet.errors import InputError
from pipeline.report.measurements import read_metrics
from pipeline.report.results import build_results
from pipeline.report.results_schema import METRICS, DocumentSchema, Row
from pipeline.six_taggers import TRAININGS, VARIANTS
from pipeline.validation import validated
from tests.report_factories import make_metrics, make_params


def changed(document: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    """The document with another value at a dotted path, whose numbers are those of a list's items."""
    *above, last = [int(key) if key.isdigit() else key for key in place.split(".")]
    part: Any = document
    for key in above:
        part = part[key]
    part[last] = value
    return document


DOCUMENT = [
    ("data", 5, "data: expected str, found 5"),
    ("params", [], "params: expected a section of keys, found []"),
    ("params.generate_data", 5, "params.generate_data: expected dict, found 5"),
    ("params.train_tagger.seeds", [], "params.train_tagger.seeds: list should have at least 1 item"),
    ("params.soft_targets.weight", "0.5", "params.soft_targets.weight: expected float, found '0.5'"),
    ("params.prepare_unlabelled.sentences", -1, "params.prepare_unlabelled.sentences: expected 0 or more"),
    ("lm.forward.tokens", 3.5, "lm.forward.tokens: expected int, found 3.5"),
    ("lm.backward.heldout_perplexity", float("nan"), "lm.backward.heldout_perplexity: expected a finite number"),
    ("rows.1.variant", "half", "rows[1].variant: expected one of no_lm, full, pruned, found 'half'"),
    ("rows.1.macs_per_word", 10**400, "rows[1].macs_per_word: expected float"),
    ("rows.1.parameters", True, "rows[1].parameters: expected float, found True"),
    ("rows.1.layers_kept.forward.0", "0", "rows[1].layers_kept.forward[0]: expected int, found '0'"),
    ("rows.1.layers_kept_again", None, "rows[1].layers_kept_again: expected list, found None"),
    ("comparison", None, "comparison: expected dict, found None"),
    ("comparison", {}, "comparison: dictionary should have at least 2 items"),
    ("comparison.gold.goals", 5, "comparison.gold.goals: expected a section of keys, found 5"),
    ("comparison.gold.differences.pruned_minus_full.test_f1", None, "pruned_minus_full.test_f1: expected float"),
]
MEASURED = [
    ("pretrain_lm_forward", None, "pretrain_lm_forward.json: top level: expected a section of keys, found None"),
    ("select.epoch", 1.5, "select.json: epoch: expected int, found 1.5"),
    ("evaluate_gold.rows", {}, "evaluate_gold.json: rows: expected list, found {}"),
    ("evaluate_taught.rows.0.test_f1.1", "x", "evaluate_taught.json: rows[0].test_f1[1]: expected float, found 'x'"),
    ("evaluate_taught.comparison.goals", 5, "evaluate_taught.json: comparison.goals: expected a section of keys"),
]


def write(metrics: Mapping[str, Any], folder: Path) -> None:
    """As stages do."""
    for name, document in metrics.items():
        (folder / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")


def test_what_stages_write_passes(tmp_path: Path) -> None:
    write(make_metrics(), tmp_path)
    assert set(METRICS) <= set(read_metrics(tmp_path))
    validated(DocumentSchema, build_results(make_params(), read_metrics(tmp_path)))


def test_other_metrics_may_have_anything(tmp_path: Path) -> None:
    write({"evaluate_dense": [1]}, tmp_path)
    assert read_metrics(tmp_path) == {"evaluate_dense": [1]}


@pytest.mark.parametrize(("place", "value", "message"), DOCUMENT)
def test_a_damaged_document_is_refused_in_one_line(place: str, value: object, message: str) -> None:
    document = changed(build_results(make_params(), make_metrics()), place, value)
    with pytest.raises(InputError) as refusal:
        validated(DocumentSchema, document)
    assert message in str(refusal.value) and "\n" not in str(refusal.value)


@pytest.mark.parametrize(("place", "value", "message"), MEASURED)
def test_damaged_metrics_are_refused_in_one_line(place: str, value: object, message: str, tmp_path: Path) -> None:
    write(changed(make_metrics(), place, value), tmp_path)
    with pytest.raises(InputError) as refusal:
        read_metrics(tmp_path)
    assert f"{tmp_path / message}" in str(refusal.value) and "\n" not in str(refusal.value)
    assert str(refusal.value).endswith("; run the stage that writes it again")


def test_variants_and_trainings_are_those_that_are_compared() -> None:
    fields = Row.model_fields
    assert get_args(fields["variant"].annotation) == VARIANTS
    assert get_args(fields["training"].annotation) == TRAININGS
