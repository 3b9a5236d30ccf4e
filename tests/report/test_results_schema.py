"""What a results document and its metrics must have."""

from collections.abc import Mapping
from typing import Any

import pytest

from ldnet.errors import InputError
from pipeline.params import validated
from pipeline.report.results import build_results
from pipeline.report.results_schema import DocumentSchema, MeasuredSchema
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
    ("params.train_tagger.seeds", [], "params.train_tagger.seeds: list should have at least 1 item"),
    ("params.soft_targets.weight", "0.5", "params.soft_targets.weight: expected float, found '0.5'"),
    ("params.prepare_unlabelled.sentences", -1, "params.prepare_unlabelled.sentences: expected 0 or more"),
    ("lm.forward.tokens", 3.5, "lm.forward.tokens: expected int, found 3.5"),
    ("lm.backward.heldout_perplexity", float("nan"), "lm.backward.heldout_perplexity: expected a finite number"),
    ("rows.1.variant", "half", "rows[1].variant: expected one of no_lm, full, pruned, found 'half'"),
    ("rows.1.macs_per_word", 10**400, "rows[1].macs_per_word: expected float"),
    ("rows.1.parameters", True, "rows[1].parameters: expected float, found True"),
    ("rows.1.layers_kept.forward.0", "0", "rows[1].layers_kept.forward[0]: expected int, found '0'"),
    ("comparison", None, "comparison: expected dict, found None"),
    ("comparison", {}, "comparison: dictionary should have at least 1 item"),
    ("comparison.gold.goals", 5, "comparison.gold.goals: expected a section of keys, found 5"),
    ("comparison.gold.differences.pruned_minus_full.test_f1", None, "pruned_minus_full.test_f1: expected float"),
]
MEASURED = [
    ("pretrain_lm_forward", None, "pretrain_lm_forward: expected a section of keys, found None"),
    ("evaluate_gold.rows", {}, "evaluate_gold.rows: expected list, found {}"),
    ("evaluate_taught.rows.0.test_f1.1", "x", "evaluate_taught.rows[0].test_f1[1]: expected float, found 'x'"),
    ("evaluate_taught.comparison.goals", 5, "evaluate_taught.comparison.goals: expected a section of keys, found 5"),
]


def test_what_stages_write_passes() -> None:
    validated(MeasuredSchema, make_metrics())
    validated(DocumentSchema, build_results(make_params(), make_metrics()))


@pytest.mark.parametrize(("place", "value", "message"), DOCUMENT)
def test_a_damaged_document_is_refused_in_one_line(place: str, value: object, message: str) -> None:
    refuses(DocumentSchema, changed(build_results(make_params(), make_metrics()), place, value), message)


@pytest.mark.parametrize(("place", "value", "message"), MEASURED)
def test_damaged_metrics_are_refused_in_one_line(place: str, value: object, message: str) -> None:
    metrics = changed(make_metrics(), place, value)
    refuses(MeasuredSchema, metrics, message)
    with pytest.raises(InputError):
        build_results(make_params(), metrics)


def refuses(model: type[DocumentSchema | MeasuredSchema], content: Mapping[str, Any], message: str) -> None:
    """The model refuses it, and says this."""
    with pytest.raises(InputError) as refusal:
        validated(model, content)
    assert message in str(refusal.value) and "\n" not in str(refusal.value)
